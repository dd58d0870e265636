package spec

import "encoding/json"

// Extensions are members that the specification does not know. Their names begin
// with "x-", and their values are what JSON can say.
type Extensions = map[string]any

// Document is an AsyncAPI document.
type Document struct {
	AsyncAPI           string                `json:"asyncapi"` // the version of the specification: "3.0.0" or "3.1.0"
	ID                 string                `json:"id,omitzero"`
	Info               Info                  `json:"info"`
	Servers            map[string]*Server    `json:"servers,omitempty"`
	DefaultContentType string                `json:"defaultContentType,omitzero"`
	Channels           map[string]*Channel   `json:"channels,omitzero"`
	Operations         map[string]*Operation `json:"operations,omitzero"`
	Components         *Components           `json:"components,omitzero"`
	Extensions         Extensions            `json:",embed"`
}

// Info is what the API is called, and whose it is.
type Info struct {
	Title          string        `json:"title"`
	Version        string        `json:"version"`                 // of the API
	Description    string        `json:"description,omitzero"`    // Markdown
	TermsOfService string        `json:"termsOfService,omitzero"` // a URL
	Contact        *Contact      `json:"contact,omitzero"`
	License        *License      `json:"license,omitzero"`
	Tags           []Tag         `json:"tags,omitempty"`
	ExternalDocs   *ExternalDocs `json:"externalDocs,omitzero"`
	Extensions     Extensions    `json:",embed"`
}

// Contact is whom to ask about the API.
type Contact struct {
	Name       string     `json:"name,omitzero"`
	URL        string     `json:"url,omitzero"`
	Email      string     `json:"email,omitzero"`
	Extensions Extensions `json:",embed"`
}

// License is on what terms the API may be used.
type License struct {
	Name       string     `json:"name"`
	URL        string     `json:"url,omitzero"`
	Extensions Extensions `json:",embed"`
}

// Tag groups channels, operations, messages or servers.
type Tag struct {
	Ref          string        `json:"$ref,omitzero"`
	Name         string        `json:"name,omitzero"`
	Description  string        `json:"description,omitzero"` // Markdown
	ExternalDocs *ExternalDocs `json:"externalDocs,omitzero"`
	Extensions   Extensions    `json:",embed"`
}

// ExternalDocs is where more is written.
type ExternalDocs struct {
	Ref         string     `json:"$ref,omitzero"`
	URL         string     `json:"url,omitzero"`
	Description string     `json:"description,omitzero"` // Markdown
	Extensions  Extensions `json:",embed"`
}

// Server is where the API is served.
type Server struct {
	Ref             string                     `json:"$ref,omitzero"`
	Host            string                     `json:"host,omitzero"`     // with the port, without a scheme
	Pathname        string                     `json:"pathname,omitzero"` // in front of the addresses of channels
	Protocol        string                     `json:"protocol,omitzero"` // "ws" or "wss"
	ProtocolVersion string                     `json:"protocolVersion,omitzero"`
	Title           string                     `json:"title,omitzero"`
	Summary         string                     `json:"summary,omitzero"`
	Description     string                     `json:"description,omitzero"` // Markdown
	Variables       map[string]*ServerVariable `json:"variables,omitempty"`
	Security        []SecurityScheme           `json:"security,omitempty"` // one of which is enough
	Tags            []Tag                      `json:"tags,omitempty"`
	ExternalDocs    *ExternalDocs              `json:"externalDocs,omitzero"`
	Bindings        map[string]any             `json:"bindings,omitempty"`
	Extensions      Extensions                 `json:",embed"`
}

// ServerVariable is a part of a server's host or pathname that is written {name}
// there.
type ServerVariable struct {
	Ref         string     `json:"$ref,omitzero"`
	Enum        []string   `json:"enum,omitempty"`
	Default     string     `json:"default,omitzero"`
	Description string     `json:"description,omitzero"` // Markdown
	Examples    []string   `json:"examples,omitempty"`
	Extensions  Extensions `json:",embed"`
}

// SecurityScheme is a way in which clients say who they are.
type SecurityScheme struct {
	Ref              string          `json:"$ref,omitzero"`
	Type             string          `json:"type,omitzero"`         // "http", "httpApiKey", "userPassword", "apiKey", "oauth2", "openIdConnect" and so on
	Description      string          `json:"description,omitzero"`  // Markdown
	Name             string          `json:"name,omitzero"`         // of the header, the query's parameter or the cookie of an httpApiKey
	In               string          `json:"in,omitzero"`           // where the key of an httpApiKey is: "header", "query" or "cookie"
	Scheme           string          `json:"scheme,omitzero"`       // of the type http: "bearer", "basic" and so on
	BearerFormat     string          `json:"bearerFormat,omitzero"` // such as "JWT"
	Flows            json.RawMessage `json:"flows,omitzero"`        // of oauth2, an object
	OpenIDConnectURL string          `json:"openIdConnectUrl,omitzero"`
	Scopes           []string        `json:"scopes,omitempty"`
	Extensions       Extensions      `json:",embed"`
}

// Components are objects that other parts of the document refer to.
type Components struct {
	Schemas         map[string]json.RawMessage `json:"schemas,omitempty"`
	Servers         map[string]*Server         `json:"servers,omitempty"`
	Channels        map[string]*Channel        `json:"channels,omitempty"`
	Operations      map[string]*Operation      `json:"operations,omitempty"`
	Messages        map[string]*Message        `json:"messages,omitempty"`
	SecuritySchemes map[string]*SecurityScheme `json:"securitySchemes,omitempty"`
	Parameters      map[string]*Parameter      `json:"parameters,omitempty"`
	Extensions      Extensions                 `json:",embed"` // also the kinds of components that are not above
}
