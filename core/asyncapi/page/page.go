// Package page is the documentation page of an AsyncAPI document: channels, messages
// and schemas to read and search, and a console that connects, sends and watches.
//
// It is one HTML file, built of the TypeScript source in src by npm run build, and
// kept in the repository as it was built, so that Go needs nothing else.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
)

//go:generate npm ci --silent --no-audit --no-fund
//go:generate npm run --silent build

// Page is a documentation page: one HTML document that needs no other file, and
// that reads the AsyncAPI document beside it, at its own path with ".json" behind.
type Page struct {
	HTML []byte
	// Policy is the Content-Security-Policy of the page, all but connect-src.
	Policy string
}

//go:embed page.html
var html []byte

// Default is the page of this project. It runs under a policy that allows its own
// script and style by their hashes, and nothing else: no other host, no frame, no
// form, nothing that is evaluated.
func Default() *Page {
	return &Page{
		HTML: bytes.Clone(html),
		Policy: fmt.Sprintf(
			"default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
			source(html, "script"), source(html, "style")),
	}
}

// source is the source of a policy that allows the page's one element of a name.
func source(html []byte, name string) string {
	_, rest, _ := bytes.Cut(html, []byte("<"+name+">"))
	content, _, found := bytes.Cut(rest, []byte("</"+name+">"))
	if !found {
		return "'none'"
	}
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
