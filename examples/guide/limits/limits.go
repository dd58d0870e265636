// Package limits is the code of docs/limits.md.
package limits

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// Price is what something costs now. Only the latest of a symbol matters.
type Price struct {
	Symbol string  `json:"symbol"`
	Value  float64 `json:"value"`
}

// Action names the message on the wire.
func (Price) Action() string { return "price" }

// QueueKey makes a newer price replace an older one that waits for a slow client.
func (p Price) QueueKey() string { return p.Symbol }

// NewHub makes a hub with limits of its own.
func NewHub(logger *slog.Logger, counter *Counter) *chanx.Hub {
	return chanx.NewHub(&chanx.HubOptions{
		Logger:       logger,
		QuietActions: []string{"ping"},
		Observer:     counter,
		Origins:      []string{"https://app.example.com", "*.example.org", "localhost:*"},
		Limits: chanx.Limits{
			MessageBytes: 16 << 10,
			PingInterval: 50 * time.Second,
		},
	})
}

// NewTicker makes a consumer whose clients may be slow.
func NewTicker(hub *chanx.Hub) *chanx.Consumer[*chanx.Conn] {
	ticker := chanx.NewConsumer[*chanx.Conn](hub, "ticker", nil, &chanx.ConsumerOptions{
		Limits:      chanx.Limits{QueueBytes: 64 << 10},
		Overflow:    chanx.KeepLatest,
		RateLimit:   &chanx.RateLimit{PerSecond: 10, Burst: 20},
		Compression: true,
	})
	chanx.Forward[Price](ticker)
	chanx.JoinGroups(ticker, "prices")
	return ticker
}

// Counter counts connections and what was dropped.
type Counter struct {
	Open, Dropped atomic.Int64
}

// Observe is called on the path of every message, by many goroutines at once.
func (c *Counter) Observe(_ context.Context, o *chanx.Observation) {
	switch o.Kind {
	case chanx.Connected:
		c.Open.Add(1)
	case chanx.Disconnected:
		c.Open.Add(-1)
	case chanx.Dropped:
		c.Dropped.Add(int64(o.Count))
	default:
	}
}
