// peer-chanx: chanx on net/http, written as its users write it, with nothing but
// the message limit changed: the messages are as large as the other servers'.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"

	"github.com/chanx-go/chanx/bench/internal/peer"
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

type client struct {
	*chanx.Conn
	room string // empty outside of rooms
}

func open(ctx context.Context, conn *chanx.Conn) (*client, error) {
	c := &client{Conn: conn, room: conn.PathValue("name")}
	if c.room == "" {
		return c, nil
	}
	return c, c.Join(ctx, c.room)
}

func (c *client) echo(_ context.Context, m Echo) (EchoReply, error) {
	return EchoReply(m), nil
}

func (c *client) publish(ctx context.Context, m Publish) error {
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

func main() {
	history := flag.Bool("history", false, "keep the last 100 frames of rooms that are topics")
	ln := peer.Listen()
	hub := chanx.NewHub(&chanx.HubOptions{Limits: chanx.Limits{MessageBytes: 128 << 10}})

	echo := chanx.NewConsumer(hub, "echo", open, nil)
	chanx.Reply(echo, (*client).echo)
	var topicOptions chanx.TopicOptions
	if *history {
		topicOptions.History = &chanx.History{Frames: 100}
	}
	topic := chanx.NewTopic(hub, "room", "room:{name}", subscribe, &topicOptions)
	chanx.On(topic, (*subscriber).publish, chanx.Sends[Published]())
	chanx.Topics(echo, topic)

	room := chanx.NewConsumer(hub, "room", open, nil)
	chanx.Reply(room, (*client).echo)
	chanx.On(room, (*client).publish, chanx.Sends[Published]())

	mux := http.NewServeMux()
	chanxchi.Handle(mux, "/ws", echo, nil)
	chanxchi.Handle(mux, "/ws/room/{name}", room, nil)
	log.Fatal(http.Serve(ln, mux))
}
