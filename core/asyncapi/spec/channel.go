package spec

import "encoding/json"

// Channel is an address where messages go to and fro: for a WebSocket API a route,
// or a topic on one.
type Channel struct {
	Ref          string                `json:"$ref,omitzero"`
	Address      string                `json:"address,omitzero"` // a path, with parameters in braces
	Title        string                `json:"title,omitzero"`
	Summary      string                `json:"summary,omitzero"`
	Description  string                `json:"description,omitzero"` // Markdown
	Servers      []Server              `json:"servers,omitempty"`    // references; none means all
	Tags         []Tag                 `json:"tags,omitempty"`
	ExternalDocs *ExternalDocs         `json:"externalDocs,omitzero"`
	Parameters   map[string]*Parameter `json:"parameters,omitempty"`
	Topic        *Topic                `json:"x-topic,omitzero"`
	Subprotocols []string              `json:"x-subprotocols,omitempty"` // that the server accepts; one that ends in "*" stands for all that begin so
	// SecurityOptional says that who brings nothing that the operations ask for is let
	// in too: an extension of ours, like Topic and Subprotocols.
	SecurityOptional bool                `json:"x-security-optional,omitzero"`
	Messages         map[string]*Message `json:"messages,omitempty"`
	Bindings         *ChannelBindings    `json:"bindings,omitzero"`
	Extensions       Extensions          `json:",embed"`
}

// Topic says that a channel is one of topics, which frames name: an extension of
// ours.
type Topic struct {
	Name             string                     `json:"name"`
	Pattern          string                     `json:"pattern"`    // such as "room:{room}"
	Parameters       []string                   `json:"parameters"` // of the pattern, in its order
	ParameterSchemas map[string]json.RawMessage `json:"parameterSchemas,omitempty"`
	History          bool                       `json:"history,omitzero"`  // frames have positions, and subscribing can recover
	Presence         bool                       `json:"presence,omitzero"` // it tracks who is there
	Extensions       Extensions                 `json:",embed"`
}

// Parameter is a part of an address that is written {name} there. It is a string.
type Parameter struct {
	Ref         string     `json:"$ref,omitzero"`
	Description string     `json:"description,omitzero"` // Markdown
	Enum        []string   `json:"enum,omitempty"`
	Default     string     `json:"default,omitzero"`
	Examples    []string   `json:"examples,omitempty"`
	Location    string     `json:"location,omitzero"`
	Extensions  Extensions `json:",embed"`
}

// ChannelBindings are what only some protocols have.
type ChannelBindings struct {
	Ref        string         `json:"$ref,omitzero"`
	WS         *WSBinding     `json:"ws,omitzero"`
	Extensions map[string]any `json:",embed"` // also the bindings of other protocols
}

// WSBinding is what a WebSocket handshake has beside its path.
type WSBinding struct {
	Method     string          `json:"method,omitzero"`  // "GET"
	Query      json.RawMessage `json:"query,omitzero"`   // the schema of an object
	Headers    json.RawMessage `json:"headers,omitzero"` // the schema of an object
	Cookies    json.RawMessage `json:"x-cookies,omitzero"`
	Version    string          `json:"bindingVersion,omitzero"` // "0.1.0"
	Extensions Extensions      `json:",embed"`
}

// Message is a frame of a channel.
type Message struct {
	Ref           string           `json:"$ref,omitzero"`
	Name          string           `json:"name,omitzero"` // the action
	Title         string           `json:"title,omitzero"`
	Summary       string           `json:"summary,omitzero"`
	Description   string           `json:"description,omitzero"` // Markdown
	ContentType   string           `json:"contentType,omitzero"`
	Tags          []Tag            `json:"tags,omitempty"`
	ExternalDocs  *ExternalDocs    `json:"externalDocs,omitzero"`
	Deprecated    bool             `json:"deprecated,omitzero"`
	CorrelationID *CorrelationID   `json:"correlationId,omitzero"`
	Headers       json.RawMessage  `json:"headers,omitzero"`
	Payload       json.RawMessage  `json:"payload,omitzero"` // the schema of the whole frame
	Examples      []MessageExample `json:"examples,omitempty"`
	Extensions    Extensions       `json:",embed"` // also bindings and traits
}

// MessageExample is what a message may look like.
type MessageExample struct {
	Name       string          `json:"name,omitzero"`
	Summary    string          `json:"summary,omitzero"`
	Headers    json.RawMessage `json:"headers,omitzero"`
	Payload    json.RawMessage `json:"payload,omitzero"` // the whole frame
	Extensions Extensions      `json:",embed"`
}

// CorrelationID says where a frame has what tells whose answer it is.
type CorrelationID struct {
	Ref         string     `json:"$ref,omitzero"`
	Description string     `json:"description,omitzero"` // Markdown
	Location    string     `json:"location,omitzero"`    // a runtime expression, such as "$message.payload#/ref"
	Extensions  Extensions `json:",embed"`
}

// Operation is what the server does on a channel: it receives a message of the
// client's, or sends one.
type Operation struct {
	Ref          string           `json:"$ref,omitzero"`
	Action       string           `json:"action,omitzero"` // "receive" or "send"
	Channel      *Channel         `json:"channel,omitzero"`
	Title        string           `json:"title,omitzero"`
	Summary      string           `json:"summary,omitzero"`
	Description  string           `json:"description,omitzero"` // Markdown
	Security     []SecurityScheme `json:"security,omitempty"`   // one of which is enough
	Tags         []Tag            `json:"tags,omitempty"`
	ExternalDocs *ExternalDocs    `json:"externalDocs,omitzero"`
	Messages     []*Message       `json:"messages,omitempty"` // of the channel; none means all
	Reply        *Reply           `json:"reply,omitzero"`
	Extensions   Extensions       `json:",embed"` // also bindings and traits
}

// Reply is what answers a message.
type Reply struct {
	Ref        string     `json:"$ref,omitzero"`
	Channel    *Channel   `json:"channel,omitzero"`
	Messages   []*Message `json:"messages,omitempty"`
	Extensions Extensions `json:",embed"` // also the address
}
