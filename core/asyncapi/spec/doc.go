// Package spec is the model of an AsyncAPI 3 document: what one is written from,
// and what one is read into.
//
// The types have the names and members of the specification, as far as documents
// of WebSocket APIs use them; members whose names begin with "x-" are Extensions.
// Where the specification allows a reference in place of an object, the object has
// a member Ref, and where that is set all else is empty. Schemas are JSON Schema,
// kept as text.
package spec
