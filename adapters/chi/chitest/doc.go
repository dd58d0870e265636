// Package chitest holds tests of chanxchi with middleware that is not part of
// chi. They are a module of their own, so that what they need is nobody else's
// dependency.
package chitest
