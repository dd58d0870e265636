// Package check checks the documents of package asyncapi with the official JSON
// Schema of AsyncAPI and with the rules that it misses, and that the frames which
// go over a connection are the ones that its document has. It is a module of its
// own so that core doesn't depend on a JSON Schema validator.
package check
