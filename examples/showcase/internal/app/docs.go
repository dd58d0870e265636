package app

import "github.com/chanx-go/chanx/core/asyncapi"

// Docs is what the document says of the whole showcase.
func Docs() *asyncapi.Options {
	return &asyncapi.Options{
		Title:       "chanx showcase",
		Version:     "1.0.0",
		Description: "One program that shows everything.",
	}
}
