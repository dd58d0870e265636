// Package chanxpeer is the measured application on chanx, which is the same on every
// web framework.
package chanxpeer

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// Echo asks for its text back.
type Echo struct {
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

// Action implements [chanx.Message].
func (Echo) Action() string { return "echo" }

// EchoReply answers an [Echo].
type EchoReply struct {
	Text string `json:"text"`
}

// Action implements [chanx.Message].
func (EchoReply) Action() string { return "echo_reply" }

// Publish is for everybody in the room, its sender included.
type Publish struct {
	Seq  int64  `json:"seq"`
	T    int64  `json:"t"`
	Text string `json:"text" maxLength:"65536"`
}

// Action implements [chanx.Message].
func (Publish) Action() string { return "publish" }

// Published is a [Publish] on its way to the room.
type Published struct {
	Seq  int64  `json:"seq"`
	T    int64  `json:"t"`
	Text string `json:"text"`
}

// Action implements [chanx.Message].
func (Published) Action() string { return "published" }

// Client is one client, in a room or not.
type Client struct {
	*chanx.Conn

	room string // empty outside of rooms
}

func open(ctx context.Context, conn *chanx.Conn) (*Client, error) {
	c := &Client{Conn: conn, room: conn.PathValue("name")}
	if c.room == "" {
		return c, nil
	}
	return c, c.Join(ctx, c.room)
}

func (c *Client) echo(_ context.Context, m Echo) (EchoReply, error) {
	return EchoReply(m), nil
}

func (c *Client) publish(ctx context.Context, m Publish) error {
	return c.Broadcast(ctx, Published(m), c.room)
}

// subscriber is a client in a room that is a topic.
type subscriber struct{ *chanx.Subscription }

func subscribe(_ context.Context, sub *chanx.Subscription) (*subscriber, error) {
	return &subscriber{sub}, nil
}

func (s *subscriber) publish(ctx context.Context, m Publish) error {
	return s.Broadcast(ctx, Published(m))
}

// New makes the consumers: echo, whose clients can also subscribe to rooms that are
// topics, and room, whose address has the parameter name. Nothing but the message
// limit is changed: the messages are as large as the other servers'. history says
// how many frames of a topic are kept; a layer that is nil is the hub's own.
func New(history int, l layer.Layer) (echo, room *chanx.Consumer[*Client]) {
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l, Limits: chanx.Limits{MessageBytes: 128 << 10}})

	echo = chanx.NewConsumer(hub, "echo", open, nil)
	chanx.Reply(echo, (*Client).echo)
	var topicOptions chanx.TopicOptions
	if history > 0 {
		topicOptions.History = &chanx.History{Frames: history}
	}
	topic := chanx.NewTopic(hub, "room", "room:{name}", subscribe, &topicOptions)
	chanx.On(topic, (*subscriber).publish, chanx.Sends[Published]())
	chanx.Topics(echo, topic)

	room = chanx.NewConsumer(hub, "room", open, nil)
	chanx.Reply(room, (*Client).echo)
	chanx.On(room, (*Client).publish, chanx.Sends[Published]())
	return echo, room
}
