// Package chitest runs the suite for adapters with chanxchi, on chi and on
// http.ServeMux, and with middleware that is part of neither. It is a module of its
// own, so that what that needs is nobody else's dependency.
package chitest
