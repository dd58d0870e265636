package asyncapi_test

import (
	"context"
	"iter"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
)

// The messages of the topics.
type (
	post struct {
		Body   string `json:"body"`
		Author string `json:"author" default:"anonymous"`
	}
	echo      post
	posted    post
	roomEvent post
	changed   struct {
		User   string `json:"user"`
		Online bool   `json:"online"`
	}
	person struct {
		Name string `json:"name"`
	}
)

func (post) Action() string      { return "post" }
func (echo) Action() string      { return "echo" }
func (posted) Action() string    { return "posted" }
func (roomEvent) Action() string { return "room_event" }
func (changed) Action() string   { return "presence_changed" }

// logParams are the parameters of a pattern.
type logParams struct {
	Name  string `topic:"name" enum:"access,errors" doc:"Which log" example:"errors"`
	Shard int    `topic:"shard" minimum:"0"`
}

type sub = *chanx.Subscription

// topics has topics of every kind: they are given to "topic_hub", and "room_topic"
// and "log_topic" have routes of their own.
type topics struct {
	hub            *chanx.Hub
	consumer       *chanx.Consumer[conn]
	room, presence *chanx.Topic[sub]
	log, lobby     *chanx.Topic[sub]
}

func newTopics() *topics {
	hub := newHub()
	return &topics{
		hub: hub,
		consumer: chanx.NewConsumer[conn](hub, "topic_hub", nil, &chanx.ConsumerOptions{
			Doc: chanx.Doc{Description: "Several topics multiplexed over a single connection", Tags: []string{"topics"}},
		}),
		room: chanx.NewTopic[sub](hub, "room_topic", "room:{room_name}", nil, &chanx.TopicOptions{
			Doc: chanx.Doc{Description: "A chat room, addressed as room:<room_name>."},
		}),
		presence: chanx.NewTopic[sub](hub, "presence_topic", "presence:{user}", nil, &chanx.TopicOptions{
			Doc: chanx.Doc{Description: "Presence for one user, addressed as presence:<user>."},
		}),
		log: chanx.NewTopic[sub](hub, "log_topic", "log:{name}:shard-{shard}", nil, &chanx.TopicOptions{
			Doc: chanx.Doc{Summary: "A log", Description: "Line by line.", Tags: []string{"logs"}}, History: &chanx.History{},
		}),
		lobby: chanx.NewTopic[sub](hub, "lobby_topic", "lobby", nil, nil),
	}
}

// steps are what makes the topics what they are, in any order.
func (ts *topics) steps() []func() {
	return []func(){
		func() {
			chanx.Reply(ts.consumer, func(conn, context.Context, ping) (pong, error) { return pong{}, nil }, chanx.Summary("Handle ping requests"))
		},
		func() {
			chanx.On(ts.room, func(sub, context.Context, post) error { return nil }, chanx.Summary("Post to a room"))
		},
		func() {
			chanx.Reply(ts.room, func(sub, context.Context, echo) (posted, error) { return posted{}, nil }, chanx.Summary("Acknowledge without broadcasting"))
		},
		func() { chanx.Forward[roomEvent](ts.room) },
		func() { chanx.Forward[changed](ts.presence) },
		func() {
			chanx.Stream(ts.log, func(sub, context.Context, ask) iter.Seq2[answer, error] { return func(func(answer, error) bool) {} })
		},
		func() { chanx.Forward[hello](ts.log, chanx.Summary("A line")) },
		func() { chanx.Params[logParams](ts.log) },
		func() {
			chanx.TrackPresence(ts.lobby, func(s sub) (string, person) { return s.Conn().ID(), person{} }, nil)
		},
		func() {
			chanx.On(ts.lobby, func(sub, context.Context, typing) error { return nil }, chanx.Sends[typing]())
		},
	}
}

// topicHub mounts the topics. backwards registers and mounts the other way around.
func topicHub(backwards bool) *chanx.Hub {
	ts := newTopics()
	mounts := []func(){
		func() {
			chanx.Topics(ts.consumer, ts.room, ts.presence, ts.log, ts.lobby)
			chanx.Mount(ts.consumer, "/ws/topics")
		},
		func() { chanx.Mount(ts.room.Alone(nil), "/ws/topics/room/{room_name}") },
		func() {
			chanx.Mount(ts.log.Alone(&chanx.ConsumerOptions{Completion: true, AnnounceAuthentication: true, Doc: chanx.Doc{Summary: "One log"}}), "/logs/{name}/{shard}")
		},
	}
	for _, steps := range [][]func(){ts.steps(), mounts} {
		for i, step := range steps {
			if backwards {
				step = steps[len(steps)-1-i]
			}
			step()
		}
	}
	return ts.hub
}

// topicChannel returns what stands at a path of a channel.
func topicChannel(t *testing.T, text []byte, id string, path ...string) any {
	t.Helper()
	return at(t, text, append([]string{"channels", id}, path...)...)
}
