package chanx

import (
	"context"
	"time"
)

// Observer is told what happens on a hub's connections, for metrics and traces.
// Observe is called from many goroutines at once, on the path of every message:
// it must not block, must not send to a connection or publish, and must not keep
// the Observation. A nil observer costs nothing.
type Observer interface {
	Observe(ctx context.Context, o *Observation)
}

// Observation is one thing that happened. Fields that say nothing about its
// kind are zero.
type Observation struct {
	Kind     ObservationKind
	Consumer string
	ConnID   string
	Action   string
	Group    string
	Topic    string        // its name, such as "room:lobby"
	Duration time.Duration // of the handler
	Age      time.Duration // since the event was published, or the oldest message of those delivered, by the publisher's clock; 0 where that isn't known
	Bytes    int           // of the message, or of what was dropped
	Count    int           // messages times the group's members here, those left out included; messages dropped
	Err      error         // what the handler returned, or how the connection ended
}

// ObservationKind says what happened.
type ObservationKind int

// The kinds of observation.
const (
	Connected    ObservationKind = iota + 1 // a connection was opened
	Disconnected                            // a connection has ended: Err is its *CloseError
	Handled                                 // a client's message or an event was handled
	Published                               // a message or an event was given to the layer
	Delivered                               // a group's message was queued for Count connections here
	Dropped                                 // messages were dropped for a slow client
	Refused                                 // a handshake was refused
	Skipped                                 // what came through the layer can't be understood here, as another version of the application has published it: Err says why
)
