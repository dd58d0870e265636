package chanx

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// authentication is the payload of the server's frame of that name.
type authentication struct {
	StatusCode int    `json:"status_code"`
	StatusText string `json:"status_text"`
	Data       any    `json:"data"`
	ExpiresIn  *int64 `json:"expires_in,omitempty"` // seconds; nil: never
}

// authenticated tells a client for how long its credentials are good.
func (c *Conn) authenticated(data any) *authentication {
	a := &authentication{StatusCode: http.StatusOK, StatusText: http.StatusText(http.StatusOK), Data: data}
	if left, expires := c.credential.Load().left(); expires {
		seconds := int64(max(0, left) / time.Second)
		a.ExpiresIn = &seconds
	}
	return a
}

// announce sends the result of the authentication, in front of what open sent.
func (c *Conn) announce(a *authentication) {
	if !c.consumer.options.AnnounceAuthentication {
		return
	}
	frame, err := c.ownFrame(wire.Head{Action: actionAuthentication}, a)
	if err != nil {
		c.hub.log.Error("chanx: announcing the authentication failed", "consumer", c.consumer.name, "error", err)
		return
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.queue = slices.Insert(c.out.queue, 0, queued{data: frame}) // there is no socket yet, so everything waits
	c.out.size += len(frame)
}

// refresh is the payload of the client's frame "authentication".
type refresh struct {
	Token string `json:"token" minLength:"1"`
}

// Action names the message.
func (refresh) Action() string { return actionAuthentication }

// refreshRoute is the route of a client's frame "authentication". It is among no
// handlers, since its action is the framework's.
func refreshRoute(hub *Hub) *route {
	t := reflect.TypeFor[refresh]()
	s, err := hub.types.schemas.Of(t)
	if err != nil {
		panic(fmt.Sprintf("chanx: %v", err)) // which every test would see
	}
	return &route{in: &messageType{action: actionAuthentication, goType: t, schema: s}, run: runRefresh}
}

// runRefresh takes new credentials from a client. The lane is held.
func runRefresh(x *exchange, ctx context.Context) error {
	m, err := decode[refresh](x.route.in, x.payload)
	if err != nil {
		return err
	}
	c := x.conn
	ctx, cancel := context.WithTimeout(ctx, c.consumer.limits.HandshakeTimeout)
	defer cancel()
	fresh, err := c.verify(ctx, m.Token)
	if err != nil {
		return err
	}
	if old := c.credential.Load(); !fresh.sameClient(old) {
		if why := fresh.incomparable(old); why != "" {
			c.hub.log.WarnContext(ctx, "chanx: a refresh can't succeed", "conn", c.ID(), "consumer", c.consumer.name, "why", why)
		}
		return Errorf(Forbidden, "the token is not of the client that this connection was opened by")
	}
	c.credential.Store(fresh)
	c.hub.wheel.hasten(c)
	return c.sendFrame(wire.Head{Action: actionAuthentication, Ref: x.ref}, c.authenticated(nil)) // of no topic, though the connection may be for one
}
