// Package echotest runs the suite for adapters on chanxecho, and tests it with
// middleware that is not part of echo. It is a module of its own, so that what it
// needs is nobody else's dependency.
package echotest
