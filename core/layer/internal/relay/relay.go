// Package relay is the process's side of a layer over a network: what such layers
// have in common whatever their server is.
//
// [Channels] makes a layer.Layer of a [Broker], [Followers] the following of a
// layer.History of a [Log], and [Watches] the watching of a layer.Presence of a
// [Roster]. They keep one subscription at the server per process and channel, give
// messages to the handlers of this process by the rules of the package layer, and
// see to it that what was missed is fetched, or else counted. [Status] knows how the
// connection is.
//
// The server's side calls Receive where something comes, and it must not hold a lock
// meanwhile that Unlisten, or anything else a handler can call, waits for.
package relay

import (
	"cmp"
	"log/slog"
	"time"
)

// Options configure [Channels], [Followers] and [Watches]. A field that is 0 or nil
// has its default.
type Options struct {
	// Timeout bounds every call of the server that no context bounds earlier; 3 s.
	Timeout time.Duration
	// Sweep is how often who follows or watches is compared with the server; 25 s.
	Sweep time.Duration
	// Logger is where it is told what no caller learns; that of slog by default.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 3*time.Second)
	o.Sweep = cmp.Or(o.Sweep, 25*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return o
}
