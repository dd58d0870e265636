// Package app is the showcase without a web framework: its consumers, their
// messages, and the worker that does background jobs.
package app

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/examples/internal/layers"
)

// Options configure an [App]. nil means the defaults.
type Options struct {
	Layer      layers.Layer  // what the processes of the showcase share; a memory layer of its own by default
	Logger     *slog.Logger  // slog.Default() by default
	Completion bool          // announce with a frame that a message, a group's message or an event was handled
	JobTime    time.Duration // that a background job takes; 500 ms by default
}

// App is everything of the showcase that no web framework has a part in. A
// server mounts the consumers.
type App struct {
	Hub           *chanx.Hub
	System        *chanx.Consumer[*chanx.Conn]
	Chat          *chanx.Consumer[*Chat]
	Reliable      *chanx.Consumer[*Reliable]
	Notifications *chanx.Consumer[*Notifications]
	Analytics     *chanx.Consumer[*Analytics]
	Jobs          *chanx.Consumer[*Jobs]
	Room          *chanx.Consumer[*Room]
	Private       *chanx.Consumer[*Private]
	Bench         *chanx.Consumer[*Bench]
	BenchRoom     *chanx.Consumer[*BenchRoom]
	TopicHub      *chanx.Consumer[*chanx.Conn]
	Rooms         *chanx.Topic[*chanx.Subscription]
	OneRoom       chanx.Mountable // one of Rooms, at an address of its own
	Presence      *chanx.Topic[*Watch]
	Lounge        *chanx.Consumer[*Lounge]
	Lobbies       *chanx.Topic[*Lobby]
	Guests        *chanx.Presence[Guest] // of Lobbies

	worker *Worker
	online *online
}

// New makes the hub and its consumers. They are not mounted yet, and jobs wait
// until [App.Work] runs.
func New(opts *Options) *App {
	if opts == nil {
		opts = &Options{}
	}
	log := cmp.Or(opts.Logger, slog.Default())
	shared := cmp.Or(opts.Layer, layers.Layer(layer.NewMemory()))
	hub := chanx.NewHub(&chanx.HubOptions{Layer: shared, Logger: log, QuietActions: []string{"ping"}})
	a := &App{Hub: hub, worker: newWorker(opts.JobTime, log), online: newOnline(shared, log)}
	options := func(description string, tags ...string) *chanx.ConsumerOptions {
		return &chanx.ConsumerOptions{
			Doc:        chanx.Doc{Description: description, Tags: tags},
			Completion: opts.Completion,
		}
	}
	a.System = newSystem(hub, options("Answers directly: no group is involved", "system"))
	a.Chat = newChat(hub, options(aboutChat, "chat"))
	a.Reliable = newReliable(hub, options("The chat room whose messages must not get lost", "chat", "reliable"))
	a.Notifications = newNotifications(hub, options("Notifications to everybody", "notifications"))
	a.Analytics = newAnalytics(hub, options("Analytics events of any shape", "analytics"))
	a.Jobs = newJobs(hub, a.worker, options("Jobs for a worker that knows only the connection's id", "jobs"))
	a.Room = newRoom(hub, options(aboutRoom, "chat", "rooms"))
	a.Private = newPrivate(hub, options(aboutPrivate, "authentication"))
	a.Bench = newBench(hub, options("An echo, to measure", "bench"))
	a.BenchRoom = newBenchRoom(hub, options("A room where everybody gets everything, to measure", "bench"))
	a.Rooms = newRooms(hub)
	a.OneRoom = a.Rooms.Alone(options(roomTopic))
	a.Presence = newPresence(hub, a.online)
	a.TopicHub = newTopicHub(hub, options("Several topics multiplexed over a single connection", "topics"), a.Rooms, a.Presence)
	a.Lobbies, a.Guests = newLobbies(hub)
	a.Lounge = newLounge(hub, a.online, options(aboutLounge, "topics"), a.Lobbies, a.Presence)
	return a
}

// Work does background jobs, and keeps users online, until the context ends; jobs
// under way end with it. The hub is to be shut down before, and the layer closed
// after that.
func (a *App) Work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { a.online.run(ctx) })
	a.worker.run(ctx, a.Jobs)
	all.Wait()
}

// publisher is a consumer or a topic, whatever its state.
type publisher interface {
	Name() string
	PublishJSON(ctx context.Context, action string, payload []byte, groups ...string) error
}

// groups are those that are always there. Topics come and go.
func (a *App) groups() map[string]publisher {
	return map[string]publisher{
		chatGroup:          a.Chat,
		extraGroup:         a.Chat,
		reliableGroup:      a.Reliable,
		notificationsGroup: a.Notifications,
		analyticsGroup:     a.Analytics,
		jobsGroup:          a.Jobs,
	}
}

// Groups returns the names of a consumer's groups, sorted, without those that come
// and go.
func (a *App) Groups(consumer string) []string {
	names := []string{}
	for name, owner := range a.groups() {
		if owner.Name() == consumer {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// owner returns the consumer that has a group, or the topic that one is of; nil
// if none is.
func (a *App) owner(group string) publisher {
	kind, name, ok := strings.Cut(group, ":")
	if !ok || name == "" || strings.Contains(name, ":") {
		return a.groups()[group]
	}
	switch kind {
	case "room":
		return a.Rooms
	case "presence":
		return a.Presence
	case "lobby":
		return a.Lobbies
	}
	return nil
}

// Publish gives an event to a group, or to a topic such as "room:lobby", from
// outside of any connection. The payload is JSON, nil where there is none. The
// error is a [*chanx.Error] for what is wrong with the request: [chanx.NotFound]
// where there is no such group or topic, [chanx.UnknownAction] where it does not
// declare the event, and [chanx.Invalid] with the violations.
func (a *App) Publish(ctx context.Context, group, action string, payload []byte) error {
	to := a.owner(group)
	if to == nil {
		return chanx.Errorf(chanx.NotFound, "there is no group or topic %q", group)
	}
	return to.PublishJSON(ctx, action, payload, group)
}
