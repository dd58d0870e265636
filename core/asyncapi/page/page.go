// Package page is the documentation page of an AsyncAPI document.
package page

import _ "embed"

// Page is a documentation page: one HTML document that needs no other file, and
// that reads the AsyncAPI document beside it, at its own path with ".json" behind.
type Page struct {
	HTML []byte
	// Policy is the Content-Security-Policy of the page, all but connect-src.
	Policy string
}

//go:embed page.html
var html []byte

// Default is the page of this project.
func Default() *Page {
	return &Page{HTML: html, Policy: "default-src 'none'"}
}
