package chanx

import (
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// RateLimit bounds how many frames a client may send: PerSecond on average and
// Burst at once. A frame beyond it is answered with [RateLimited].
type RateLimit struct {
	PerSecond float64
	Burst     int // at least 1
}

// bucket is a token bucket. The lane guards it.
type bucket struct {
	tokens float64
	last   time.Time
}

// overRate counts a frame and reports whether it is beyond the rate limit. The
// lane is held.
func (c *Conn) overRate() bool {
	r := c.consumer.rate
	if r == nil {
		return false
	}
	now := time.Now()
	if c.bucket == nil {
		c.bucket = &bucket{tokens: float64(r.Burst), last: now}
	}
	b := c.bucket
	b.tokens = min(float64(r.Burst), b.tokens+now.Sub(b.last).Seconds()*r.PerSecond)
	b.last = now
	if b.tokens < 1 {
		return true
	}
	b.tokens--
	return false
}

// limited refuses a frame beyond the rate limit, with its ref.
func (x *exchange) limited(data []byte) {
	var e wire.Envelope
	_ = e.Scan(data, x.conn.consumer.discriminator)
	x.ref = e.Ref
	if len(e.Topic) > 0 || x.conn.consumer.alone != nil {
		x.conn.address(x, e.Topic)
	}
	x.fail(Errorf(RateLimited, "more than %g messages a second", x.conn.consumer.rate.PerSecond))
}
