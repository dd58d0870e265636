package chanx

import (
	"cmp"
	"time"
)

// Limits bound what a connection may use. A zero field means its default, a
// negative one no limit.
type Limits struct {
	MessageBytes     int           // of one message from the client, after inflation; 64 KiB
	QueueBytes       int           // waiting to be written to the client; 1 MiB. A message that is larger than that alone still goes out where nothing waits before it
	Groups           int           // that a connection is in; 128
	Topics           int           // that a connection is subscribed to; 128
	Concurrent       int           // streams and concurrent handlers that run for a connection; 16
	PingInterval     time.Duration // of silence after which the client is pinged; 25 s; negative: never
	PongTimeout      time.Duration // after a ping until a silent client is closed with 4408; 10 s
	IdleTimeout      time.Duration // without a message from the client until it is closed with 4408; none
	WriteTimeout     time.Duration // for a write to make progress until the client is closed with 4409; 5 s
	HandshakeTimeout time.Duration // for open and the upgrade, a topic's open, each reading of its history, and OnClose; 15 s
	CloseTimeout     time.Duration // for the client to answer a close frame; 5 s
}

var defaultLimits = Limits{
	MessageBytes:     64 << 10,
	QueueBytes:       1 << 20,
	Groups:           128,
	Topics:           128,
	Concurrent:       16,
	PingInterval:     25 * time.Second,
	PongTimeout:      10 * time.Second,
	WriteTimeout:     5 * time.Second,
	HandshakeTimeout: 15 * time.Second,
	CloseTimeout:     5 * time.Second,
}

// forever stands for no limit where a duration is added to the time: 146 years.
const forever = 1 << 62 * time.Nanosecond

// within is a duration of which a negative one is no limit.
func within(d, fallback time.Duration) time.Duration {
	if d < 0 {
		return forever
	}
	return cmp.Or(d, fallback)
}

// or returns l with the zero fields taken from d.
func (l Limits) or(d Limits) Limits {
	return Limits{
		MessageBytes:     cmp.Or(l.MessageBytes, d.MessageBytes),
		QueueBytes:       cmp.Or(l.QueueBytes, d.QueueBytes),
		Groups:           cmp.Or(l.Groups, d.Groups),
		Topics:           cmp.Or(l.Topics, d.Topics),
		Concurrent:       cmp.Or(l.Concurrent, d.Concurrent),
		PingInterval:     cmp.Or(l.PingInterval, d.PingInterval),
		PongTimeout:      within(l.PongTimeout, d.PongTimeout),
		IdleTimeout:      cmp.Or(l.IdleTimeout, d.IdleTimeout),
		WriteTimeout:     within(l.WriteTimeout, d.WriteTimeout),
		HandshakeTimeout: within(l.HandshakeTimeout, d.HandshakeTimeout),
		CloseTimeout:     within(l.CloseTimeout, d.CloseTimeout),
	}
}

// Overflow says what happens when a client reads too slowly and its queue is
// full.
type Overflow int

// The policies. With all of them nothing that is being written is torn apart.
const (
	// CloseSlow closes the connection with 4409.
	CloseSlow Overflow = iota
	// DropOldest drops the messages that have waited longest.
	DropOldest
	// KeepLatest replaces a waiting [Keyed] message by a newer one with the same
	// action and key, and closes the connection with 4409 if it is full even so.
	KeepLatest
)
