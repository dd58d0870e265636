// Package check says what is wrong with an AsyncAPI 3 document:
//
//	problems, err := check.Document(text)
//
// It holds a document against the official JSON Schema of its version, 3.0.0 or
// 3.1.0, and against rules for what that schema can't say: references that lead
// nowhere, messages of another channel, parameters that an address has and nobody
// declares, examples that break their schema, frames that two messages fit.
//
// It is a module of its own, so that core doesn't depend on a validator of any JSON
// Schema.
package check
