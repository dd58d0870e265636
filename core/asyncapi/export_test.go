package asyncapi

import (
	"net/http"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// Failing is a handler whose document can't be made.
func Failing(err error) http.Handler {
	return &handler{
		versions: versions{document: func() (*spec.Document, error) { return nil, err }},
		page:     newContent("text/html; charset=utf-8", []byte("<!doctype html>")),
	}
}
