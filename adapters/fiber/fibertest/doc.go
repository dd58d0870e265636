// Package fibertest runs the suite for adapters on chanxfiber, and tests it with
// middleware that is not part of fiber. It is a module of its own, so that what it
// needs is nobody else's dependency.
package fibertest
