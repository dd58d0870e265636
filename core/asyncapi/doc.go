// Package asyncapi writes the AsyncAPI document of what a hub serves.
//
//	document, err := asyncapi.Generate(hub, &asyncapi.Options{Title: "Chat", Version: "2.1.0"})
//	http.Handle("GET /asyncapi.json", asyncapi.Handler(hub, nil))
//
// Every consumer that is mounted is a channel, whose id is the consumer's name.
// What clients send is an operation "receive", with the reply that it gets, and
// what the server sends by itself is an operation "send"; the id of either is
// "<channel>.<action>". The frames of the framework that a channel can have are
// documented on it like any other.
//
// A topic is a channel, too, which says so with "x-topic": at the address of each
// consumer that has it, named "<consumer>_<topic>", and at that of its own route,
// named like the topic.
//
// The payload of a message is the whole frame: an object whose action is a
// constant and required, so that every frame matches exactly one message of its
// channel. Schemas are JSON Schema draft-07, from the same source as the
// validation.
package asyncapi
