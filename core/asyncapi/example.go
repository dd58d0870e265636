package asyncapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// addExamples notes what messages may look like, each once.
func (s *source) addExamples(examples []chanx.Example) {
	for _, e := range examples {
		f := s.frame(e.Message)
		if !slices.ContainsFunc(f.examples, func(other json.RawMessage) bool { return bytes.Equal(other, e.Payload) }) {
			f.examples = append(f.examples, e.Payload)
		}
	}
}

// examples are whole frames with the members that they need, in the order in which
// a reader looks for them. A payload that is null is left out where clients do.
func (g *generator) examples(s *source, f *frame, required []string) []spec.MessageExample {
	var all []spec.MessageExample
	for _, payload := range f.examples {
		frame := append([]byte{'{'}, raw(s.Discriminator)...)
		frame = append(append(frame, ':'), raw(f.action)...)
		if slices.Contains(required, "topic") {
			frame = append(append(frame, `,"topic":`...), raw(topicLike(g.document.Channels[s.id].Topic))...)
		}
		if slices.Contains(required, "version") {
			frame = append(frame, `,"version":1`...)
		}
		if !f.received || slices.Contains(required, "payload") || string(payload) != "null" {
			frame = append(append(frame, `,"payload":`...), payload...)
		}
		all = append(all, spec.MessageExample{Payload: append(frame, '}')})
	}
	return all
}

// topicLike is a name that a topic may have.
func topicLike(t *spec.Topic) string {
	name := t.Pattern
	for _, p := range t.Parameters {
		name = strings.ReplaceAll(name, "{"+p+"}", valueLike(p, t.ParameterSchemas[p]))
	}
	return name
}

// valueLike is a value that a parameter of a pattern may have: one that its schema
// mentions, if there is one.
func valueLike(name string, text json.RawMessage) string {
	var s struct {
		Type    string          `json:"type"`
		Minimum json.RawMessage `json:"minimum"`
	}
	p, err := parameterOf(text)
	if err != nil || json.Unmarshal(text, &s) != nil {
		return name
	}
	candidates := append(append(slices.Clone(p.Examples), p.Default), p.Enum...)
	switch s.Type {
	case "integer", "number":
		candidates = append(candidates, string(s.Minimum), "1")
	case "boolean":
		candidates = append(candidates, "true")
	}
	for _, value := range candidates {
		if value != "" && !strings.ContainsAny(value, ":{}") {
			return value
		}
	}
	return name
}
