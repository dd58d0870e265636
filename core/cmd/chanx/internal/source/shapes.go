package source

// shapes say which objects of a document can be references, and what they refer to:
// by the kind of an object, the kinds of its members. "map" and "list" are of
// objects of that kind.
var shapes = map[string]map[string]string{
	"document": {"info": "info", "servers": "map server", "channels": "map channel", "operations": "map operation", "components": "components"},
	"components": {
		"schemas": "map schema", "servers": "map server", "channels": "map channel", "operations": "map operation", "messages": "map message",
		"securitySchemes": "map securityScheme", "serverVariables": "map serverVariable", "parameters": "map parameter",
		"correlationIds": "map correlationId", "replies": "map reply", "replyAddresses": "map replyAddress", "externalDocs": "map externalDocs",
		"tags": "map tag", "operationTraits": "map operationTrait", "messageTraits": "map messageTrait", "serverBindings": "map serverBinding",
		"channelBindings": "map channelBinding", "operationBindings": "map operationBinding", "messageBindings": "map messageBinding",
	},
	"info": {"tags": "list tag", "externalDocs": "externalDocs"},
	"tag":  {"externalDocs": "externalDocs"},
	"server": {
		"variables": "map serverVariable", "security": "list securityScheme", "tags": "list tag", "externalDocs": "externalDocs",
		"bindings": "serverBinding",
	},
	"channel": {
		"messages": "map message", "parameters": "map parameter", "servers": "list server", "tags": "list tag", "externalDocs": "externalDocs",
		"bindings": "channelBinding", "x-topic": "topic",
	},
	"topic":          {"parameterSchemas": "map schema"},
	"channelBinding": {"ws": "wsBinding"},
	"wsBinding":      {"query": "schema", "headers": "schema", "x-cookies": "schema"},
	"operation": {
		"channel": "channel", "messages": "list message", "reply": "reply", "traits": "list operationTrait", "security": "list securityScheme",
		"tags": "list tag", "externalDocs": "externalDocs", "bindings": "operationBinding",
	},
	"operationTrait": {
		"security": "list securityScheme", "tags": "list tag", "externalDocs": "externalDocs", "bindings": "operationBinding",
	},
	"reply": {"address": "replyAddress", "channel": "channel", "messages": "list message"},
	"message": {
		"payload": "schema", "headers": "schema", "correlationId": "correlationId", "traits": "list messageTrait", "tags": "list tag",
		"externalDocs": "externalDocs", "bindings": "messageBinding",
	},
	"messageTrait": {
		"headers": "schema", "correlationId": "correlationId", "tags": "list tag", "externalDocs": "externalDocs", "bindings": "messageBinding",
	},
	"schema": {
		"properties": "map schema", "patternProperties": "map schema", "definitions": "map schema", "dependencies": "map schema",
		"items": "list schema", "additionalItems": "schema", "additionalProperties": "schema", "propertyNames": "schema", "contains": "schema",
		"allOf": "list schema", "anyOf": "list schema", "oneOf": "list schema", "not": "schema", "if": "schema", "then": "schema", "else": "schema",
		"externalDocs": "externalDocs", "schema": "schema", // the latter where it says its language
	},
}

// sections are the members of components where objects of a kind stand.
var sections = map[string]string{
	"schema": "schemas", "server": "servers", "channel": "channels", "operation": "operations", "message": "messages",
	"securityScheme": "securitySchemes", "serverVariable": "serverVariables", "parameter": "parameters", "correlationId": "correlationIds",
	"reply": "replies", "replyAddress": "replyAddresses", "externalDocs": "externalDocs", "tag": "tags", "operationTrait": "operationTraits",
	"messageTrait": "messageTraits", "serverBinding": "serverBindings", "channelBinding": "channelBindings",
	"operationBinding": "operationBindings", "messageBinding": "messageBindings",
}
