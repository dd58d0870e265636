package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Ping asks whether anybody is there.
type Ping struct{}

// Action names the message.
func (Ping) Action() string { return "ping" }

// Pong answers a [Ping].
type Pong struct{}

// Action names the message.
func (Pong) Action() string { return "pong" }

// withPing lets the clients of any consumer check their connection.
func withPing[C any](r chanx.Registrar[C]) {
	chanx.Reply(r, func(C, context.Context, Ping) (Pong, error) { return Pong{}, nil },
		chanx.Summary("Check the connection"))
}

// ExtraRequest asks for an [ExtraResponse].
type ExtraRequest string

// Action names the message.
func (ExtraRequest) Action() string { return "extra_request" }

// ExtraResponse answers an [ExtraRequest], and tells of an [ExtraEvent].
type ExtraResponse string

// Action names the message.
func (ExtraResponse) Action() string { return "extra_response" }

// ExtraPassthrough is an event that clients get as it is.
type ExtraPassthrough string

// Action names the message.
func (ExtraPassthrough) Action() string { return "extra_passthrough" }

// ExtraEvent is an event that clients hear of as an [ExtraResponse].
type ExtraEvent string

// Action names the message.
func (ExtraEvent) Action() string { return "extra_event" }

// extraGroup is the group that withExtra brings along.
const extraGroup = "extra"

// withExtra is a set of handlers that brings along all that a set can: a
// message with its reply, a group, and an event that is passed on.
func withExtra[C any](r chanx.Registrar[C]) {
	chanx.JoinGroups(r, extraGroup)
	chanx.Reply(r, func(_ C, _ context.Context, m ExtraRequest) (ExtraResponse, error) {
		return ExtraResponse("extra: " + m), nil
	}, chanx.Summary("Ask a handler that several consumers may share"))
	chanx.Forward[ExtraPassthrough](r, chanx.Summary("An event that is passed on as it is"))
}

// withExtraEvent turns an event into a message.
func withExtraEvent[C any](r chanx.Registrar[C]) {
	chanx.MapEvent(r, func(_ C, _ context.Context, e ExtraEvent) (ExtraResponse, error) {
		return ExtraResponse("extra: " + e), nil
	}, chanx.Summary("An event that becomes a message"))
}

// SystemNotify is an event of which each consumer makes a message of its own.
type SystemNotify string

// Action names the message.
func (SystemNotify) Action() string { return "system_notify" }
