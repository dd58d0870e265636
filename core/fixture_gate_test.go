package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// bearer is whom tokens are of.
type bearer struct{ Name string }

// passes is what verifies a token in the tests. "ann" is one of ann's that never
// expires, and "ann/1m" one that expires after a minute; some words fail.
func passes(ctx context.Context, token string) (any, error) {
	what, _, _ := strings.Cut(token, ":")
	switch what {
	case "bad":
		return nil, errors.New("unreadable: " + token)
	case "wrapped":
		return nil, errors.Join(errors.New("about "+token), chanx.Errorf(chanx.Forbidden, "banned"))
	case "nobody":
		return nil, nil
	case "nil":
		return (*bearer)(nil), nil
	case "nilerror":
		var err *chanx.Error
		return nil, err
	case "old":
		return nil, fmt.Errorf("%w: %s", chanx.ErrExpired, token)
	case "down":
		return nil, chanx.Errorf(chanx.Unavailable, "come back later")
	case "unknown":
		return nil, chanx.Errorf(chanx.Unauthenticated, "this token was withdrawn")
	case "slow":
		<-ctx.Done()
		return nil, errors.Join(errors.New("asking about "+token), ctx.Err())
	case "panic":
		panic("about " + token)
	}
	name, life, expires := strings.Cut(token, "/")
	c := chanx.Credential{Identity: bearer{name}, Subject: name}
	if expires {
		d, err := time.ParseDuration(life)
		if err != nil {
			return nil, err
		}
		c.Expires = time.Now().Add(d)
	}
	return c, nil
}

// whoami asks for the client's identity, and stay waits until the context ends.
type whoami struct{}

func (whoami) Action() string { return "whoami" }

type youare struct {
	Name string `json:"name"`
}

func (youare) Action() string { return "youare" }

type stay struct{}

func (stay) Action() string { return "stay" }

// gate is a server whose clients say who they are.
type gate struct {
	http.Handler

	hub     *chanx.Hub
	log     syncBuffer // from level debug
	seen    observations
	journal journal
}

type gateOptions struct {
	hub      chanx.HubOptions
	consumer chanx.ConsumerOptions
	auth     chanx.Authenticator // without Verify: passes
	identify func(r *http.Request) (any, error)
}

func newGate(t testing.TB, o gateOptions) *gate {
	t.Helper()
	g := &gate{}
	o.hub.Logger = slog.New(slog.NewTextHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.hub.Observer = &g.seen
	g.hub = chanx.NewHub(&o.hub)
	t.Cleanup(func() {
		if err := g.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if o.auth.Verify == nil {
		o.auth.Verify = passes
	}
	o.consumer.Authenticator = &o.auth
	c := chanx.NewConsumer[*chanx.Conn](g.hub, "gate", nil, &o.consumer)
	chanx.Reply(c, func(c *chanx.Conn, _ context.Context, _ whoami) (youare, error) {
		p, ok := chanx.Identity[bearer](c)
		if !ok {
			return youare{"nobody"}, nil
		}
		return youare(p), nil
	})
	chanx.On(c, func(_ *chanx.Conn, ctx context.Context, _ stay) error {
		<-ctx.Done()
		g.journal.add("stayed until: " + context.Cause(ctx).Error())
		return ctx.Err()
	}, chanx.Concurrent())
	chanx.OnClose(c, func(c *chanx.Conn, _ context.Context, how *chanx.CloseError) {
		p, _ := chanx.Identity[bearer](c)
		g.journal.add("closed: " + p.Name + " " + how.Error())
	})
	e := chanx.Mount(c, "/")
	g.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := &chanx.Handshake{Request: r}
		if o.identify != nil {
			h.Identify = func() (any, error) { return o.identify(r) }
		}
		if err := e.Upgrade(w, h); err != nil {
			chanx.Refuse(w, err)
		}
	})
	return g
}

// with is the options of a client that brings a token in the usual header.
func with(token string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// is fails the test unless the server takes the client for somebody.
func is(t *testing.T, c *chanxtest.Client, name string) {
	t.Helper()
	if got := chanxtest.Request[youare](c, whoami{}).Name; got != name {
		t.Errorf("the client is %q, want %q", got, name)
	}
}
