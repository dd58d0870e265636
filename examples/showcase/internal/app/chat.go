package app

import (
	"context"
	"log/slog"

	chanx "github.com/chanx-go/chanx/core"
)

// ChatMessage is said in the chat.
type ChatMessage struct {
	Message string `json:"message" doc:"What to say"`
}

// Action names the message.
func (ChatMessage) Action() string { return "chat" }

// ChatNotification is what everybody in the chat hears.
type ChatNotification struct {
	Message string `json:"message"`
}

// Action names the message.
func (ChatNotification) Action() string { return "chat_notification" }

// UserJoined is an event that clients get as it is.
type UserJoined struct {
	Message string `json:"message"`
}

// Action names the message.
func (UserJoined) Action() string { return "user_joined_notification" }

// UserLeft is an event that clients get as it is.
type UserLeft struct {
	Message string `json:"message"`
}

// Action names the message.
func (UserLeft) Action() string { return "user_left_notification" }

const (
	chatGroup = "chat_room"
	aboutChat = `One chat room for everybody.

Whoever connects is in it: a *chat* is heard by **all**, the one who says it among
them, as a ` + "`chat_notification`" + `. So is who comes and who goes.`
)

// heard is what clients of several consumers may hear.
var heard = chanx.Examples(ChatNotification{"Somebody joined the chat"})

// Chat is one client in the chat.
type Chat struct{ *chanx.Conn }

func newChat(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Chat] {
	chat := chanx.NewConsumer(hub, "chat", openChat, opts)
	withPing(chat)
	withExtra(chat)
	chanx.JoinGroups(chat, chatGroup)
	chanx.Outgoing[ChatNotification](chat, heard)
	chanx.On(chat, (*Chat).Say, chanx.Sends[ChatNotification](), chanx.Summary("Say something to everybody"),
		chanx.Examples(ChatMessage{"Dinner is ready"}))
	chanx.MapEvent(chat, (*Chat).Notify)
	chanx.Forward[UserJoined](chat, chanx.Examples(UserJoined{"Ada is here"}))
	chanx.Forward[UserLeft](chat, chanx.Examples(UserLeft{"Ada is gone"}))
	chanx.OnClose(chat, (*Chat).Left)
	return chat
}

func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
	c := &Chat{conn}
	c.announce(ctx, "Somebody joined the chat")
	return c, nil
}

// Say passes a message on to everybody.
func (c *Chat) Say(ctx context.Context, m ChatMessage) error {
	return c.Broadcast(ctx, ChatNotification(m), chatGroup)
}

// Notify makes a message of an event.
func (c *Chat) Notify(_ context.Context, e SystemNotify) (ChatNotification, error) {
	return ChatNotification{string(e)}, nil
}

// Left tells the others that the client is gone.
func (c *Chat) Left(ctx context.Context, _ *chanx.CloseError) {
	c.announce(ctx, "Somebody left the chat")
}

// announce tells everybody who comes and goes. Nobody is kept out because other
// processes can't be told.
func (c *Chat) announce(ctx context.Context, text string) {
	if err := c.Broadcast(ctx, ChatNotification{text}, chatGroup); err != nil {
		slog.WarnContext(ctx, "showcase: not everybody was told", "text", text, "error", err)
	}
}
