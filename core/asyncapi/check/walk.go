package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// document is a document under check.
type document struct {
	text     []byte
	root     map[string]any
	problems []Problem
	nodes    []*node
	byPlace  map[string]*node
	pairs    map[[2]string]bool // schemas that were compared
}

// node is an object of the specification, or a reference in its place.
type node struct {
	at    string // a JSON Pointer
	kind  string // such as "message"
	value map[string]any
	ref   string // of a reference: all else of the value counts for nothing
	top   bool   // a schema that is not a part of another
}

// shapes are the objects of the specification: what their members are. A kind in
// braces is that of each member of an object, one in brackets that of each element
// of an array. Members that aren't here hold no such objects.
var shapes = map[string]map[string]string{
	"document":  {"info": "info", "servers": "{server}", "channels": "{channel}", "operations": "{operation}", "components": "components"},
	"info":      {"tags": "[tag]", "externalDocs": "externalDocs"},
	"tag":       {"externalDocs": "externalDocs"},
	"server":    {"variables": "{variable}", "security": "[security scheme]", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings"},
	"channel":   {"messages": "{message}", "parameters": "{parameter}", "servers": "[server]", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings", "x-topic": "topic"},
	"topic":     {"parameterSchemas": "{schema}"},
	"message":   {"headers": "any schema", "payload": "any schema", "correlationId": "correlation id", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings", "traits": "[message trait]"},
	"operation": {"channel": "channel", "messages": "[message]", "reply": "reply", "traits": "[operation trait]", "security": "[security scheme]", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings"},
	"reply":     {"address": "reply address", "channel": "channel", "messages": "[message]"},
	"message trait": {
		"headers": "any schema", "correlationId": "correlation id", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings",
	},
	"operation trait": {"security": "[security scheme]", "tags": "[tag]", "externalDocs": "externalDocs", "bindings": "bindings"},
	"components": {
		"schemas": "{any schema}", "servers": "{server}", "channels": "{channel}", "serverVariables": "{variable}", "operations": "{operation}",
		"messages": "{message}", "securitySchemes": "{security scheme}", "parameters": "{parameter}", "correlationIds": "{correlation id}",
		"operationTraits": "{operation trait}", "messageTraits": "{message trait}", "replies": "{reply}", "replyAddresses": "{reply address}",
		"serverBindings": "{bindings}", "channelBindings": "{bindings}", "operationBindings": "{bindings}", "messageBindings": "{bindings}",
		"tags": "{tag}", "externalDocs": "{externalDocs}",
	},
	"bindings": {"ws": "binding", "http": "binding", "kafka": "binding"},
	"binding":  {"query": "schema", "headers": "schema", "key": "schema", "groupId": "schema", "clientId": "schema", "x-cookies": "schema"},
	"schema": {
		"properties": "{schema}", "patternProperties": "{schema}", "additionalProperties": "schema", "propertyNames": "schema",
		"items": "schema or schemas", "additionalItems": "schema", "contains": "schema", "dependencies": "{schema}", "definitions": "{schema}",
		"allOf": "[schema]", "anyOf": "[schema]", "oneOf": "[schema]", "not": "schema", "if": "schema", "then": "schema", "else": "schema",
		"$defs": "{schema}", "externalDocs": "externalDocs",
	},
}

// walk finds every node: first in its own place, and then what is only referred to.
func (d *document) walk() {
	d.byPlace, d.pairs = map[string]*node{}, map[[2]string]bool{}
	d.visit(d.root, "", "document", false)
	for i := 0; i < len(d.nodes); i++ { //nolint:intrange // it grows meanwhile
		n := d.nodes[i]
		if n.ref == "" {
			continue
		}
		if at, value, ok := d.locate(n.ref); ok && d.byPlace[at] == nil {
			d.visit(value, at, n.kind, true)
		}
	}
}

func (d *document) visit(value any, at, kind string, top bool) {
	object, ok := value.(map[string]any)
	if !ok || d.byPlace[at] != nil {
		return
	}
	if kind == "any schema" {
		kind, top = "schema", true
		if _, ok := object["schema"]; ok {
			kind = "schema with a format"
		}
	}
	if kind == "security scheme" || kind == "reply address" || shapes[kind] != nil || !strings.ContainsAny(kind, "{[") {
		n := &node{at: at, kind: kind, value: object, top: top || kind != "schema"}
		n.ref, _ = object["$ref"].(string)
		d.nodes = append(d.nodes, n)
		d.byPlace[at] = n
		if n.ref != "" {
			return
		}
	}
	if kind == "schema with a format" {
		if isJSONSchema(object["schemaFormat"]) {
			d.visit(object["schema"], join(at, "schema"), "schema", true)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(shapes[kind])) {
		if member, ok := object[name]; ok {
			d.members(member, join(at, name), shapes[kind][name], kind != "schema")
		}
	}
}

// members visits what is in a member.
func (d *document) members(value any, at, kind string, top bool) {
	if kind == "schema or schemas" {
		kind = "schema"
		if _, ok := value.([]any); ok {
			kind = "[schema]"
		}
	}
	inner := strings.Trim(kind, "{[]}")
	switch {
	case inner == kind:
		d.visit(value, at, kind, top)
	case kind[0] == '{':
		object, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			d.visit(object[name], join(at, name), inner, top)
		}
	default:
		array, _ := value.([]any)
		for i, element := range array {
			d.visit(element, join(at, strconv.Itoa(i)), inner, top)
		}
	}
}

// isJSONSchema reports whether a schemaFormat is one of JSON Schema.
func isJSONSchema(format any) bool {
	f, ok := format.(string)
	return format == nil || ok && (strings.HasPrefix(f, "application/vnd.aai.asyncapi") ||
		strings.HasPrefix(f, "application/schema+") && strings.Contains(f, "draft-07"))
}

// each calls f with every node of a kind that is no reference.
func (d *document) each(kind string, f func(n *node)) {
	for _, n := range d.nodes {
		if n.kind == kind && n.ref == "" {
			f(n)
		}
	}
}
