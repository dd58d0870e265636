// Package compare says what a change of an AsyncAPI document means to clients.
//
//	changes, err := compare.Documents(published, changed)
//
// A change is breaking where a client that was written for the old document may not
// work any more. It matters who sends: a new required property breaks those who send
// it, and one that may be missing now breaks those who get it.
package compare
