package asyncapi

import "encoding/json"

// document is an AsyncAPI document, as far as it is written. Maps are written in
// the order of their keys.
type document struct {
	AsyncAPI           string                `json:"asyncapi"`
	Info               info                  `json:"info"`
	DefaultContentType string                `json:"defaultContentType"`
	Channels           map[string]*channel   `json:"channels"`
	Operations         map[string]*operation `json:"operations"`
	Components         components            `json:"components"`
}

type info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

type channel struct {
	Address     string                `json:"address"`
	Title       string                `json:"title"`
	Summary     string                `json:"summary,omitempty"`
	Description string                `json:"description,omitempty"`
	Tags        []tag                 `json:"tags,omitempty"`
	Parameters  map[string]*parameter `json:"parameters,omitempty"`
	Topic       *topic                `json:"x-topic,omitempty"`
	Messages    map[string]reference  `json:"messages"`
	Bindings    channelBindings       `json:"bindings"`
}

// topic says that the channel is one of topics, which frames name.
type topic struct {
	Name             string                     `json:"name"`
	Pattern          string                     `json:"pattern"`
	Parameters       []string                   `json:"parameters"`
	ParameterSchemas map[string]json.RawMessage `json:"parameterSchemas,omitempty"`
	History          bool                       `json:"history,omitempty"`
	Presence         bool                       `json:"presence,omitempty"`
}

type tag struct {
	Name string `json:"name"`
}

type reference struct {
	Ref string `json:"$ref"`
}

type parameter struct {
	Description string   `json:"description,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Default     string   `json:"default,omitempty"`
	Examples    []string `json:"examples,omitempty"`
}

type channelBindings struct {
	WS wsBinding `json:"ws"`
}

// wsBinding is version 0.1.0 of the binding. Cookies have no place in it.
type wsBinding struct {
	Method  string  `json:"method"`
	Query   *object `json:"query,omitempty"`
	Headers *object `json:"headers,omitempty"`
	Cookies *object `json:"x-cookies,omitempty"`
	Version string  `json:"bindingVersion"`
}

// object is the schema of an object.
type object struct {
	Type       string                     `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required,omitempty"`
}

type message struct {
	Name          string         `json:"name"`
	Title         string         `json:"title"`
	Summary       string         `json:"summary,omitempty"`
	Description   string         `json:"description,omitempty"`
	ContentType   string         `json:"contentType"`
	Tags          []tag          `json:"tags,omitempty"`
	Deprecated    bool           `json:"deprecated,omitempty"`
	CorrelationID *correlationID `json:"correlationId,omitempty"`
	Payload       *object        `json:"payload"`
}

type correlationID struct {
	Description string `json:"description"`
	Location    string `json:"location"`
}

type operation struct {
	Action      string      `json:"action"`
	Channel     reference   `json:"channel"`
	Summary     string      `json:"summary,omitempty"`
	Description string      `json:"description,omitempty"`
	Tags        []tag       `json:"tags,omitempty"`
	Messages    []reference `json:"messages"`
	Reply       *reply      `json:"reply,omitempty"`
}

type reply struct {
	Channel  reference   `json:"channel"`
	Messages []reference `json:"messages"`
}

type components struct {
	Schemas  map[string]json.RawMessage `json:"schemas,omitempty"`
	Messages map[string]*message        `json:"messages,omitempty"`
}
