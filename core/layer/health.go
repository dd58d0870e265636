package layer

import (
	"errors"
	"time"
)

// ErrUnavailable is the error of a call that a layer's server did not take, because
// it is away, or did not answer in time. A call that timed out may have had its
// effect even so.
var ErrUnavailable = errors.New("layer: the server is not available")

// Reporter is a [Layer] that depends on a server, and says how that is. It loses
// the server, and finds it again, without being told to.
//
// While the server is away, Publish reaches the subscriptions of its own process
// and returns an error that wraps [ErrUnavailable], as calls of [History] and
// [Presence] do. Subscribe succeeds, and what other processes publish comes once
// the server is back. What a subscription missed meanwhile is lost, and counted;
// who follows a [History] gets it then.
type Reporter interface {
	Layer
	// Health returns how the layer is now. It asks nobody, and never waits.
	Health() Health
}

// Health is how a layer's connection to its server is, and has been.
type Health struct {
	Connected bool      // the server is there, all parts of it that this process uses
	Since     time.Time // when Connected became what it is
	Err       error     // why the server is away, or was the last time; nil if it never was, ErrClosed after Close
	Outages   uint64    // how often the server was lost
	Failed    uint64    // messages and entries that could not be published
	// Lost is how many messages of other processes are known to have been missed by
	// subscriptions here. It is counted from the numbers that publishers give their
	// messages, so a loss is known one or two seconds after the next message of the
	// same publisher on the same channel, and one after which nothing more comes
	// stays unknown: where Outages has grown, Lost is the least that it may be.
	Lost uint64
}
