package chanxtest_test

import (
	"context"
	"iter"
	"net/http"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// Topics under test: rooms without history, logs with it, and lobbies that know who
// is there.

type Post struct {
	Text string `json:"text" minLength:"1"`
}

func (Post) Action() string { return "post" }

type Posted struct {
	Text string `json:"text"`
}

func (Posted) Action() string { return "posted" }

type Echo struct {
	Text string `json:"text"`
}

func (Echo) Action() string { return "echo" }

type Kick struct{}

func (Kick) Action() string { return "kick" }

type Visitor struct {
	Name string `json:"name"`
}

type Room struct{ *chanx.Subscription }

func openRoom(_ context.Context, sub *chanx.Subscription) (*Room, error) {
	if sub.Param("room") == "closed" {
		return nil, chanx.Errorf(chanx.Unauthorized, "the room is closed")
	}
	return &Room{sub}, nil
}

func (r *Room) Post(ctx context.Context, m Post) error { return r.Broadcast(ctx, Posted(m)) }

func (r *Room) Echo(_ context.Context, m Echo) (Posted, error) { return Posted(m), nil }

func (r *Room) Ask(_ context.Context, q Question) iter.Seq2[*Token, error] {
	return (&Chat{}).Ask(context.Background(), q)
}

func (r *Room) Kick(context.Context, Kick) error {
	r.Unsubscribe()
	return nil
}

// Leak makes the server misbehave: it sends what the room doesn't declare, or, with
// Number, breaks what it does.
func (r *Room) Leak(ctx context.Context, m Leak) error {
	if m.Number {
		return r.Send(ctx, badPosted{7})
	}
	return r.Send(ctx, Secret{})
}

// badPosted is a Posted that breaks the schema of the one that is declared.
type badPosted struct {
	Text int `json:"text"`
}

func (badPosted) Action() string { return "posted" }

// rooms is the program under test.
type rooms struct {
	*http.ServeMux

	hub     *chanx.Hub
	room    *chanx.Topic[*Room]
	log     *chanx.Topic[*chanx.Subscription]
	present *chanx.Presence[Visitor]
}

func newRooms(t testing.TB, l layer.Layer, opts *chanx.ConsumerOptions) *rooms {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: l})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	room := chanx.NewTopic(hub, "a_room", "room:{room}", openRoom, nil)
	chanx.On(room, (*Room).Post, chanx.Sends[Posted]())
	chanx.Reply(room, (*Room).Echo)
	chanx.Stream(room, (*Room).Ask)
	chanx.On(room, (*Room).Kick)
	chanx.On(room, (*Room).Leak)
	chanx.Forward[Joined](room)

	log := chanx.NewTopic[*chanx.Subscription](hub, "a_log", "log:{name}", nil, &chanx.TopicOptions{History: &chanx.History{Frames: 4}})
	chanx.Forward[Posted](log)

	lobby := chanx.NewTopic(hub, "a_lobby", "lobby", openRoom, nil)
	present := chanx.TrackPresence(lobby, func(r *Room) (string, Visitor) {
		name := r.Conn().PathValue("user")
		return name, Visitor{name}
	}, nil)

	all := chanx.NewConsumer[*chanx.Conn](hub, "all", nil, opts)
	chanx.Reply(all, func(*chanx.Conn, context.Context, Ping) (Pong, error) { return Pong{}, nil })
	chanx.Topics(all, room, log, lobby)

	mux := http.NewServeMux()
	mux.Handle("/all/{user}", chanx.Mount(all, "/all/{user}"))
	mux.Handle("/room/{room}", chanx.Mount(room.Alone(opts), "/room/{room}"))
	mux.Handle("/log/{name}", chanx.Mount(log.Alone(opts), "/log/{name}"))
	return &rooms{mux, hub, room, log, present}
}

// write publishes to the log "log:a".
func (r *rooms) write(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := r.log.Publish(t.Context(), Posted{text}, "log:a"); err != nil {
			t.Fatal(err)
		}
	}
}
