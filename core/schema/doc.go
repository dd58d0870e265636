// Package schema turns a Go type into one intermediate form, from which come both
// the JSON Schema that is published and the validator that runs over raw bytes
// before they are decoded, so that the two can't say different things. The
// published schema is draft-07.
//
//	type Say struct {
//		Text string `json:"text" minLength:"1" maxLength:"500" doc:"What to say"`
//	}
//
//	say, err := schema.For[Say](registry)
//	err = say.Decode(raw, &m) // *InvalidError with every violation
//
// # Tags
//
// A field's tags are the keywords of JSON Schema: minLength, maxLength, pattern
// and format for strings; minimum, maximum, exclusiveMinimum, exclusiveMaximum and
// multipleOf for numbers; minItems, maxItems and uniqueItems for slices;
// minProperties and maxProperties for maps; enum (values between commas), default
// and example (strings as they are, all else as JSON); doc, title, deprecated,
// readOnly and writeOnly. On a pointer they are about what it points to.
//
// A field is required unless its json tag has omitempty or omitzero, it is a
// pointer, it has a default, or it comes from an embedded pointer; the tag
// required:"true" or required:"false" has the last word. Pointers may be null, and
// nothing else may.
//
// The tags validate and binding of go-playground/validator are read too: rules
// that JSON Schema can say count as the keywords, with the meaning that they have
// there, by which required refuses "", 0 and false. Formats (email, url, uuid) are
// those of JSON Schema. See [Options] for the others.
//
// A pattern is written in Go's syntax and must mean the same in ECMA 262, which
// browsers have: `.` and `\s` are published as the classes that Go means by them,
// and what can't be translated is an error.
//
// # Types
//
// Integers have the bounds of their type; 1.0 and 1e3 are integers, too. Floats
// are bounded to what is finite. []byte and [N]byte are padded base64, other
// slices and arrays are arrays, maps are objects, whose keys may be strings,
// integers and types with text methods; structs are objects by the rules of
// go-json-experiment/json, embedding included. time.Time is an RFC 3339 date-time
// with capital T and Z and without leap seconds; [time.Duration] is its number of
// nanoseconds, as encoding/json has it. json.Number is any number. In an any,
// numbers become [encoding/json.Number], so that none loses digits on its way.
//
// A type with MarshalText and UnmarshalText is a string, one with JSON methods may
// be anything, unless it describes itself ([Describer]); what such a method
// refuses is found when the value is decoded. A type with a method
//
//	func (T) Enum() []T
//
// has only those values. Interfaces with methods, channels, functions and complex
// numbers are errors.
//
// # After decoding
//
// A method Validate() error, on a value or a pointer, is called on every value that
// has one: on fields, elements, map values and what pointers point to, the
// innermost first. It isn't called on embedded structs, whose method Go promotes
// to the outer one, on map keys, on what an any holds, nor inside of types with
// JSON or text methods of their own. Where no type has such a method, nothing is
// walked.
//
// # What isn't known
//
// Members that no field names are ignored, and so are other spellings of a
// field's name by case.
package schema
