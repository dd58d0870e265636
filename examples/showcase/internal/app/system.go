package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// UserMessage is said to the system.
type UserMessage struct {
	Message string `json:"message" doc:"What the system is to repeat"`
}

// Action names the message.
func (UserMessage) Action() string { return "user_message" }

// SystemEcho is what the system says.
type SystemEcho struct {
	Message string `json:"message"`
}

// Action names the message.
func (SystemEcho) Action() string { return "system_echo" }

// newSystem makes the consumer without state: its clients are plain connections.
func newSystem(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*chanx.Conn] {
	system := chanx.NewConsumer(hub, "system", openSystem, opts)
	withPing(system)
	chanx.Outgoing[SystemEcho](system)
	chanx.Reply(system, echoSystem, chanx.Summary("Have a message repeated"))
	return system
}

func openSystem(ctx context.Context, conn *chanx.Conn) (*chanx.Conn, error) {
	return conn, conn.Send(ctx, SystemEcho{"Connected to the system"})
}

func echoSystem(_ *chanx.Conn, _ context.Context, m UserMessage) (SystemEcho, error) {
	return SystemEcho(m), nil
}
