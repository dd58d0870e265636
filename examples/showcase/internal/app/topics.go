package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Post is said in a room.
type Post struct {
	Body   string `json:"body" doc:"What to say"`
	Author string `json:"author" default:"anonymous" doc:"Who says it"`
}

// Action names the message.
func (Post) Action() string { return "post" }

// RoomEvent is the event of which everybody in a room hears.
type RoomEvent struct {
	Body   string `json:"body"`
	Author string `json:"author" default:"anonymous"`
}

// Action names the message.
func (RoomEvent) Action() string { return "room_event" }

// RoomEcho is to be confirmed, and nobody else to hear of it.
type RoomEcho struct {
	Body   string `json:"body" doc:"What to repeat"`
	Author string `json:"author" default:"anonymous" doc:"Who says it"`
}

// Action names the message.
func (RoomEcho) Action() string { return "echo" }

// Posted answers a [RoomEcho].
type Posted struct {
	Body   string `json:"body"`
	Author string `json:"author" default:"anonymous"`
}

// Action names the message.
func (Posted) Action() string { return "posted" }

// PresenceChanged is the event of a user who has come or gone.
type PresenceChanged struct {
	User   string `json:"user"`
	Online bool   `json:"online"`
}

// Action names the message.
func (PresenceChanged) Action() string { return "presence_changed" }

const (
	roomTopic     = "A chat room, addressed as room:<room_name>."
	presenceTopic = "Presence for one user, addressed as presence:<user>."
)

// newTopicHub makes the consumer of several topics on one connection.
func newTopicHub(hub *chanx.Hub, opts *chanx.ConsumerOptions, topics ...chanx.Subscribable) *chanx.Consumer[*chanx.Conn] {
	topicHub := chanx.NewConsumer[*chanx.Conn](hub, "topic_hub", nil, opts)
	withPing(topicHub)
	chanx.Topics(topicHub, topics...)
	return topicHub
}

// newRooms makes the topic without state: its subscribers are plain
// subscriptions.
func newRooms(hub *chanx.Hub) *chanx.Topic[*chanx.Subscription] {
	rooms := chanx.NewTopic[*chanx.Subscription](hub, "room_topic", "room:{room_name}", nil,
		&chanx.TopicOptions{Doc: chanx.Doc{Description: roomTopic}})
	chanx.On(rooms, func(s *chanx.Subscription, ctx context.Context, m Post) error {
		return rooms.Publish(ctx, RoomEvent(m), s.Topic())
	}, chanx.Summary("Post to a room"), chanx.Examples(Post{"Who is there?", "ada"}))
	chanx.Reply(rooms, echoRoom, chanx.Summary("Acknowledge without broadcasting"),
		chanx.Examples(RoomEcho{"Is this on?", "ada"}, Posted{"Is this on?", "ada"}))
	chanx.Forward[RoomEvent](rooms)
	return rooms
}

func echoRoom(_ *chanx.Subscription, _ context.Context, m RoomEcho) (Posted, error) {
	return Posted(m), nil
}

// newPresence makes the topic on which nobody says anything: it has events only, and
// what its subscribers hear of the layer.
func newPresence(hub *chanx.Hub, online *online) *chanx.Topic[*Watch] {
	presence := chanx.NewTopic(hub, "presence_topic", "presence:{user}", online.watch,
		&chanx.TopicOptions{Doc: chanx.Doc{Description: presenceTopic}})
	chanx.Forward[PresenceChanged](presence)
	chanx.OnClose(presence, (*Watch).left)
	return presence
}
