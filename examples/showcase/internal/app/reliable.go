package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// ReliableMessage is said in the reliable chat.
type ReliableMessage struct {
	Message string `json:"message" doc:"What to say"`
}

// Action names the message.
func (ReliableMessage) Action() string { return "reliable_chat" }

// ReliableNotification is what everybody in the reliable chat hears.
type ReliableNotification struct {
	Message string `json:"message"`
}

// Action names the message.
func (ReliableNotification) Action() string { return "reliable_chat_notification" }

const reliableGroup = "reliable_chat"

// Reliable is one client in the reliable chat.
type Reliable struct{ *chanx.Conn }

func newReliable(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Reliable] {
	reliable := chanx.NewConsumer(hub, "reliable_chat", openReliable, opts)
	withPing(reliable)
	chanx.JoinGroups(reliable, reliableGroup)
	chanx.On(reliable, (*Reliable).Say, chanx.Sends[ReliableNotification](), chanx.Summary("Say something to everybody"))
	chanx.MapEvent(reliable, (*Reliable).Notify, heard)
	return reliable
}

func openReliable(_ context.Context, conn *chanx.Conn) (*Reliable, error) {
	return &Reliable{conn}, nil
}

// Say passes a message on to everybody.
func (r *Reliable) Say(ctx context.Context, m ReliableMessage) error {
	return r.Broadcast(ctx, ReliableNotification(m))
}

// Notify makes a message of an event.
func (r *Reliable) Notify(_ context.Context, e SystemNotify) (ChatNotification, error) {
	return ChatNotification{string(e)}, nil
}
