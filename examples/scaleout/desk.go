package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

const (
	everybody = "everybody"     // the group of all clients
	jobs      = "scaleout:jobs" // the channel of the layer on which the worker hears of jobs

	// lease is how long users are still present through a process that was killed,
	// unless they come back through another.
	lease = 6 * time.Second
	grace = 4 * time.Second // for who reconnects
)

// desk is what clients connect to. Each process has one, the worker too, which
// mounts it nowhere and only publishes.
type desk struct {
	process string // its name
	layer   layer.Layer
	hub     *chanx.Hub
	seats   *chanx.Consumer[*Seat]
	rooms   *chanx.Topic[*Visit]
}

// Seat is one client.
type Seat struct {
	*chanx.Conn

	desk *desk
	user User
}

// User is who a client says that it is.
type User string

// IdentityKey is what [chanx.Hub] knows a user by, on every process.
func (u User) IdentityKey() string { return string(u) }

// Visit is a client in a room.
type Visit struct {
	*chanx.Subscription

	seat *Seat
}

// Person is what others may know of who is in a room.
type Person struct {
	Process string `json:"process" doc:"Through which the user came last"`
}

func newDesk(process string, l layer.Layer, log *slog.Logger, origins []string) *desk {
	d := &desk{process: process, layer: l}
	d.hub = chanx.NewHub(&chanx.HubOptions{Layer: l, Logger: log, Origins: origins, PresenceLease: lease, DrainSpread: time.Second})
	d.seats = chanx.NewConsumer(d.hub, "desk", d.open, nil)
	chanx.JoinGroups(d.seats, everybody)
	chanx.Outgoing[Hello](d.seats)
	chanx.On(d.seats, (*Seat).Wave, chanx.Sends[Waved]())
	chanx.Reply(d.seats, (*Seat).Queue)
	chanx.Reply(d.seats, (*Seat).Who, chanx.Concurrent())
	chanx.Reply(d.seats, (*Seat).Count, chanx.Concurrent())
	chanx.Reply(d.seats, (*Seat).Disconnect, chanx.Concurrent())
	chanx.Forward[JobDone](d.seats)
	chanx.Forward[News](d.seats)

	d.rooms = chanx.NewTopic(d.hub, "rooms", "room:{room}", openVisit, &chanx.TopicOptions{
		History: &chanx.History{Frames: 200, Age: 10 * time.Minute},
	})
	chanx.On(d.rooms, (*Visit).Post)
	chanx.Forward[Posted](d.rooms)
	chanx.TrackPresence(d.rooms, func(v *Visit) (string, Person) {
		return string(v.seat.user), Person{d.process}
	}, &chanx.PresenceOptions{Grace: grace})
	chanx.Topics(d.seats, d.rooms)
	return d
}

// open lets in whoever has a name.
func (d *desk) open(ctx context.Context, conn *chanx.Conn) (*Seat, error) {
	user, ok := chanx.Identity[User](conn)
	if !ok || user == "" {
		return nil, chanx.Errorf(chanx.Unauthenticated, "say who you are: /ws?user=ada")
	}
	return &Seat{conn, d, user}, conn.Send(ctx, Hello{d.process, os.Getpid(), conn.ID()})
}

func openVisit(_ context.Context, sub *chanx.Subscription) (*Visit, error) {
	seat, ok := chanx.State[*Seat](sub.Conn())
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthorized, "rooms are for who sits at a desk")
	}
	return &Visit{sub, seat}, nil
}

// Post keeps what a client says, and tells the room, on every process.
func (v *Visit) Post(ctx context.Context, p Post) error {
	return v.seat.desk.rooms.Publish(ctx, Posted{string(v.seat.user), v.seat.desk.process, p.Text}, v.Topic())
}

// Wave greets everybody who is there, on every process.
func (s *Seat) Wave(ctx context.Context, _ Wave) error {
	return s.Broadcast(ctx, Waved{string(s.user), s.desk.process})
}

// order is a job on its way to the worker.
type order struct {
	Conn string `json:"conn"` // who wants it
	Text string `json:"text"`
}

// Queue gives a job to the worker, whichever process that is. Here it goes over the
// layer, which loses it where no worker listens; an application has a queue for that.
func (s *Seat) Queue(ctx context.Context, j Job) (JobTaken, error) {
	text, err := json.Marshal(order{s.ID(), j.Text})
	if err == nil {
		err = s.desk.layer.Publish(ctx, jobs, text)
	}
	if err != nil {
		return JobTaken{}, fmt.Errorf("scaleout: queueing a job: %w", err)
	}
	return JobTaken{}, nil
}
