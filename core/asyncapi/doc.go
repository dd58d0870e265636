// Package asyncapi writes the AsyncAPI document of what a hub serves.
//
//	document, err := asyncapi.Generate(hub, &asyncapi.Options{Title: "Chat", Version: "2.1.0"})
//
//	for _, path := range asyncapi.Paths("/asyncapi") { // the page, and the document as JSON and YAML
//		http.Handle(path, asyncapi.Handler(hub, nil))
//	}
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
//
// Where an [chanx.Authenticator] looks for a token is a security scheme, "bearer" for
// the header Authorization, and on every operation of its channels. What middleware
// of the framework asks for is named by the consumer's [chanx.Doc], and described by
// [Options]. Three extensions are ours, beside "x-topic": "x-subprotocols" lists the
// subprotocols that a channel accepts, in order of preference, "x-security-optional"
// says that nobody has to bring what the operations name, and "x-cookies" of the
// WebSocket binding is the schema of the cookies.
package asyncapi
