// Package gintest runs the suite for adapters on chanxgin, and tests it with
// middleware that is not part of gin. It is a module of its own, so that what it
// needs is nobody else's dependency.
package gintest
