// Package events is the code of docs/groups-and-events.md.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// PostCreated is an event: somebody has written a post.
type PostCreated struct {
	ID     int    `json:"id" minimum:"1"`
	Author string `json:"author"`
}

// Action names the event.
func (PostCreated) Action() string { return "post_created" }

// Notice tells a client of a post.
type Notice struct {
	Post int  `json:"post"`
	Mine bool `json:"mine"`
}

// Action names the message on the wire.
func (Notice) Action() string { return "notice" }

// Maintenance is an event that clients get as it is.
type Maintenance struct {
	Minutes int `json:"minutes"`
}

// Action names the event, and the message on the wire.
func (Maintenance) Action() string { return "maintenance" }

// JobDone is an event for one connection: the job that it asked for is done.
type JobDone struct {
	Job string `json:"job"`
}

// Action names the event.
func (JobDone) Action() string { return "job_done" }

// Follow asks for the posts of an author.
type Follow struct {
	Author string `json:"author" minLength:"1"`
}

// Action names the message on the wire.
func (Follow) Action() string { return "follow" }

// Unfollow is the opposite of [Follow].
type Unfollow struct {
	Author string `json:"author" minLength:"1"`
}

// Action names the message on the wire.
func (Unfollow) Action() string { return "unfollow" }

// Feed is one client that reads posts.
type Feed struct {
	*chanx.Conn
	name string
	jobs int
}

func openFeed(_ context.Context, conn *chanx.Conn) (*Feed, error) {
	return &Feed{Conn: conn, name: conn.PathValue("name")}, nil
}

func (f *Feed) follow(ctx context.Context, m Follow) error {
	return f.Join(ctx, "author:"+m.Author)
}

func (f *Feed) unfollow(_ context.Context, m Unfollow) error {
	f.Leave("author:" + m.Author)
	return nil
}

func (f *Feed) postCreated(_ context.Context, e PostCreated) (Notice, error) {
	return Notice{Post: e.ID, Mine: e.Author == f.name}, nil
}

func (f *Feed) jobDone(context.Context, JobDone) error {
	f.jobs++ // no lock: a connection's handlers and events never run at the same time
	return nil
}

// NewFeed makes the consumer of the feed.
func NewFeed(hub *chanx.Hub) *chanx.Consumer[*Feed] {
	feed := chanx.NewConsumer(hub, "feed", openFeed, nil)
	chanx.On(feed, (*Feed).follow)
	chanx.On(feed, (*Feed).unfollow)
	chanx.MapEvent(feed, (*Feed).postCreated) // what it returns goes to the client
	chanx.OnEvent(feed, (*Feed).jobDone)      // nothing goes to the client
	chanx.Forward[Maintenance](feed)          // goes to the client as it is
	chanx.JoinGroups(feed, "all")
	return feed
}

// Announce publishes events from anywhere in the program.
func Announce(ctx context.Context, feed *chanx.Consumer[*Feed], author string, id int) error {
	if err := feed.Publish(ctx, PostCreated{ID: id, Author: author}, "author:"+author); err != nil {
		return err
	}
	return feed.Publish(ctx, Maintenance{Minutes: 5}, "all")
}

// PostEvent is an HTTP handler that publishes an event given as JSON.
func PostEvent(feed *chanx.Consumer[*Feed]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		err = feed.PublishJSON(r.Context(), r.PathValue("action"), body, r.PathValue("group"))
		if e, ok := errors.AsType[*chanx.Error](err); ok {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(e)
			return
		}
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// Worker is a process that publishes and serves no connection.
func Worker(ctx context.Context, shared layer.Layer, connID string) error {
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared})
	feed := NewFeed(hub) // never mounted
	return feed.PublishTo(ctx, connID, JobDone{Job: "export"})
}

// WithPing adds an answer to ping to any consumer.
func WithPing[C any](r chanx.Registrar[C]) {
	chanx.Reply(r, func(C, context.Context, Ping) (Pong, error) { return Pong{}, nil })
}

// Ping asks whether the server is there.
type Ping struct{}

// Action names the message on the wire.
func (Ping) Action() string { return "ping" }

// Pong answers a [Ping].
type Pong struct{}

// Action names the message on the wire.
func (Pong) Action() string { return "pong" }
