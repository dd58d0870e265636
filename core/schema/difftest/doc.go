// Package difftest compares package schema with two others: with
// santhosh-tekuri/jsonschema, which must give the same verdict on every value for
// every published schema, and with go-playground/validator, whose tags are read
// and whose validator can be plugged in. It is a module of its own so that core
// doesn't depend on them.
package difftest
