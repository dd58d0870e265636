// Package testkit is what the tests of docs/testing.md test: notice boards, which
// are topics with history and presence.
package testkit

import (
	"context"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
)

// Pin asks to pin a note to the board.
type Pin struct {
	Text string `json:"text" minLength:"1"`
}

// Action names the message on the wire.
func (Pin) Action() string { return "pin" }

// Pinned tells everybody at the board of a note.
type Pinned struct {
	By   string `json:"by"`
	Text string `json:"text"`
}

// Action names the message on the wire.
func (Pinned) Action() string { return "pinned" }

// Count asks how many are at the board.
type Count struct{}

// Action names the message on the wire.
func (Count) Action() string { return "count" }

// Readers answers a [Count].
type Readers struct {
	Number int `json:"number"`
}

// Action names the message on the wire.
func (Readers) Action() string { return "readers" }

// Reader is what the others at the board know of somebody.
type Reader struct {
	Name string `json:"name"`
}

// Reading is one client at one board.
type Reading struct {
	*chanx.Subscription
	name    string
	readers *chanx.Presence[Reader]
}

// pin broadcasts a note.
func (r *Reading) pin(ctx context.Context, m Pin) error {
	return r.Broadcast(ctx, Pinned{By: r.name, Text: m.Text})
}

func (r *Reading) count(ctx context.Context, _ Count) (Readers, error) {
	members, err := r.readers.Members(ctx, r.Topic())
	return Readers{len(members)}, err
}

func (r *Reading) reader() (string, Reader) { return r.name, Reader{r.name} }

// Boards are the notice boards of a hub.
type Boards struct {
	topic   *chanx.Topic[*Reading]
	readers *chanx.Presence[Reader]
}

func (b *Boards) open(_ context.Context, sub *chanx.Subscription) (*Reading, error) {
	name := sub.Conn().PathValue("name")
	if sub.Param("board") == "staff" && name != "ann" {
		return nil, chanx.Errorf(chanx.Unauthorized, "only staff reads this board")
	}
	return &Reading{sub, name, b.readers}, nil
}

// NewBoards makes the topic of the boards.
func NewBoards(hub *chanx.Hub) *Boards {
	b := &Boards{}
	b.topic = chanx.NewTopic(hub, "board", "board:{board}", b.open, &chanx.TopicOptions{History: &chanx.History{Frames: 100}})
	chanx.On(b.topic, (*Reading).pin, chanx.Sends[Pinned]())
	chanx.Reply(b.topic, (*Reading).count)
	chanx.Forward[Pinned](b.topic)
	b.readers = chanx.TrackPresence(b.topic, (*Reading).reader, nil)
	return b
}

// Announce pins a note to boards from anywhere in the program.
func (b *Boards) Announce(ctx context.Context, text string, boards ...string) error {
	for _, name := range boards {
		if err := b.topic.PublishParams(ctx, Pinned{By: "the office", Text: text}, name); err != nil {
			return err
		}
	}
	return nil
}

// Routes serves the boards: all of them over one connection, and each at an
// address of its own.
func (b *Boards) Routes(hub *chanx.Hub) http.Handler {
	app := chanx.NewConsumer[*chanx.Conn](hub, "app", nil, nil)
	chanx.Topics(app, b.topic)
	mux := http.NewServeMux()
	mux.Handle("/app/{name}", chanx.Mount(app, "/app/{name}"))
	mux.Handle("/boards/{board}/{name}", chanx.Mount(b.topic.Alone(nil), "/boards/{board}/{name}"))
	return mux
}
