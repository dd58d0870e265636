package asyncapi

import (
	"cmp"
	"net/netip"

	"github.com/chanx-go/chanx/core/asyncapi/page"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// Options say what the document can't know from the hub, and how it is served. nil
// means the defaults.
type Options struct {
	Title       string // of the API; "WebSocket API" by default
	Version     string // of the API, not of AsyncAPI; "1.0.0" by default
	Description string // Markdown; none by default

	TermsOfService string // a URL
	Contact        *spec.Contact
	License        *spec.License
	Tags           []spec.Tag // of the API; also what the tags of consumers mean
	ExternalDocs   *spec.ExternalDocs

	// Servers are where the API is served, by their ids. nil: the one that a request
	// for the document came to, with the id "current"; a document that is made without
	// a request names none then.
	Servers map[string]*spec.Server
	// TrustedProxies are the addresses of proxies whose headers X-Forwarded-Proto,
	// X-Forwarded-Host and X-Forwarded-Prefix say which server a request came to. By
	// default nobody's do.
	TrustedProxies []netip.Prefix
	// SecuritySchemes are those that consumers name in their Doc.
	SecuritySchemes map[string]*spec.SecurityScheme
	// Extensions are further members of the document, whose names begin with "x-".
	Extensions spec.Extensions

	// CamelCase makes ids of camel case: "chatUserMessage" for "chat.user_message".
	CamelCase bool
	// AsyncAPI is the version of the specification: "3.0.0", the default, or "3.1.0".
	AsyncAPI string

	// Page is served to readers; nil for that of this project.
	Page *page.Page
	// NoPage serves the document only.
	NoPage bool
}

// document is a document of what the options say, and of nothing else.
func (o *Options) document() *spec.Document {
	d := &spec.Document{
		AsyncAPI: cmp.Or(o.AsyncAPI, versionsOfAsyncAPI[0]),
		Info: spec.Info{
			Title:          cmp.Or(o.Title, "WebSocket API"),
			Version:        cmp.Or(o.Version, "1.0.0"),
			Description:    o.Description,
			TermsOfService: o.TermsOfService,
			Contact:        o.Contact,
			License:        o.License,
			Tags:           o.Tags,
			ExternalDocs:   o.ExternalDocs,
		},
		Servers:            o.Servers,
		DefaultContentType: contentType,
		Channels:           map[string]*spec.Channel{},
		Operations:         map[string]*spec.Operation{},
		Components:         &spec.Components{SecuritySchemes: o.SecuritySchemes},
		Extensions:         o.Extensions,
	}
	return d
}
