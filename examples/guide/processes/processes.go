// Package processes is the code of docs/many-processes.md.
package processes

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// JobDone is an event: a job that a user has asked for is done.
type JobDone struct {
	Job string `json:"job"`
}

// Action names the event.
func (JobDone) Action() string { return "job_done" }

// Finished tells a client of its job.
type Finished struct {
	Job     string  `json:"job"`
	Seconds float64 `json:"seconds" doc:"How long the news was on its way"`
}

// Action names the message on the wire.
func (Finished) Action() string { return "finished" }

// Closing is an event that clients get as it is.
type Closing struct {
	Minutes int `json:"minutes"`
}

// Action names the event, and the message on the wire.
func (Closing) Action() string { return "closing" }

// User is who a client is.
type User struct {
	ID string
}

// IdentityKey says what queries call the user.
func (u User) IdentityKey() string { return u.ID }

// Desk is one client that waits for jobs.
type Desk struct {
	*chanx.Conn
}

func openDesk(ctx context.Context, conn *chanx.Conn) (*Desk, error) {
	d := &Desk{conn}
	if user, ok := chanx.Identity[User](conn); ok {
		return d, d.Join(ctx, "user:"+user.ID)
	}
	return d, nil
}

func (d *Desk) jobDone(ctx context.Context, e JobDone) (Finished, error) {
	published, _ := chanx.PublishedAt(ctx) // by the clock of the process that published it
	return Finished{Job: e.Job, Seconds: time.Since(published).Seconds()}, nil
}

// NewDesk makes the consumer, the same in every process.
func NewDesk(hub *chanx.Hub) *chanx.Consumer[*Desk] {
	desk := chanx.NewConsumer(hub, "desk", openDesk, &chanx.ConsumerOptions{
		Authenticator: &chanx.Authenticator{Verify: verify, Query: "token"},
	})
	chanx.MapEvent(desk, (*Desk).jobDone)
	chanx.Forward[Closing](desk)
	chanx.JoinGroups(desk, "all")
	return desk
}

func verify(_ context.Context, token string) (any, error) { return User{ID: token}, nil }

// OpenLayer connects to the server that a URL names.
func OpenLayer(ctx context.Context, url string) (layer.Layer, error) {
	if strings.HasPrefix(url, "nats://") || strings.HasPrefix(url, "tls://") {
		return chanxnats.Open(ctx, url, nil)
	}
	return chanxredis.Open(ctx, url, nil)
}

// Web is a process that serves clients, until ctx ends.
func Web(ctx context.Context, url string, serve func(context.Context, http.Handler) error) error {
	shared, err := OpenLayer(ctx, url)
	if err != nil {
		return err // the server can't be reached: better said at the start
	}
	defer func() { _ = shared.Close() }()
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared, Propagator: Traces{W3C}})
	if err := serve(ctx, Routes(hub)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return hub.Shutdown(ctx)
}

// Routes is what a process serves.
func Routes(hub *chanx.Hub) http.Handler {
	desk := NewDesk(hub)
	mux := http.NewServeMux()
	mux.Handle("/desk", chanx.Mount(desk, "/desk"))
	mux.Handle("/healthz", hub.HealthHandler())
	mux.HandleFunc("GET /admin/users/{user}", listUser(desk))
	mux.HandleFunc("DELETE /admin/users/{user}", disconnectUser(hub))
	mux.HandleFunc("GET /admin/connections", countConnections(hub))
	return mux
}

// Worker is a process that publishes and serves no connection.
func Worker(ctx context.Context, shared layer.Layer, jobs <-chan Job) error {
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared, Propagator: Traces{W3C}})
	desk := NewDesk(hub) // never mounted
	for job := range jobs {
		err := desk.Publish(ctx, JobDone{Job: job.Name}, "user:"+job.User)
		if errors.Is(err, layer.ErrUnavailable) {
			slog.WarnContext(ctx, "the news of a job may be lost", "job", job.Name, "error", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Job is a job that is done.
type Job struct {
	Name, User string
}

func countConnections(hub *chanx.Hub) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		count, err := hub.CountConnections(r.Context()) // within 2 s
		if err != nil {
			slog.WarnContext(r.Context(), "this process alone was counted", "error", err)
		}
		answer(w, count, count.Partial() || err != nil)
	}
}

func listUser(desk *chanx.Consumer[*Desk]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 500*time.Millisecond)
		defer cancel()
		members, err := desk.Members(ctx, "user:"+r.PathValue("user"), 100)
		answer(w, members, members.Partial() || err != nil)
	}
}

func disconnectUser(hub *chanx.Hub) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, err := hub.Disconnect(r.Context(), r.PathValue("user"), chanx.CloseForbidden, "your account was closed")
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer(w, done, done.Partial())
	}
}

// answer writes a result, with another status where it lacks something.
func answer(w http.ResponseWriter, result any, partial bool) {
	w.Header().Set("Content-Type", "application/json")
	if partial {
		w.WriteHeader(http.StatusPartialContent)
	}
	_ = json.NewEncoder(w).Encode(result)
}
