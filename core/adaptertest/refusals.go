package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func refusalCases() []testCase {
	return []testCase{
		{name: "refusals/by identity", run: refusedByIdentity},
		{name: "refusals/by open", run: refusedByOpen},
		{name: "refusals/by parameters", run: refusedByParameters},
		{name: "refusals/by middleware", run: refusedByMiddleware},
		{name: "refusals/panic in open", run: panicInOpen},
	}
}

// refusals are errors, and what a client sees of them.
var refusals = []struct {
	err    error
	status int
	reason chanx.Reason
	detail string
}{
	{chanx.Errorf(chanx.Unauthenticated, "log in first"), http.StatusUnauthorized, chanx.Unauthenticated, "log in first"},
	{chanx.Errorf(chanx.Forbidden, "not for <you>"), http.StatusForbidden, chanx.Forbidden, "not for <you>"},
	{chanx.Errorf(chanx.NotFound, "no such room"), http.StatusNotFound, chanx.NotFound, "no such room"},
	{chanx.Errorf(chanx.Invalid, "what a name"), http.StatusBadRequest, chanx.Invalid, "what a name"},
	{chanx.Errorf(chanx.RateLimited, "not so fast"), http.StatusTooManyRequests, chanx.RateLimited, "not so fast"},
	{chanx.Errorf(chanx.Unavailable, "later"), http.StatusServiceUnavailable, chanx.Unavailable, "later"},
	{chanx.Errorf("full_moon", "come again"), http.StatusUnprocessableEntity, "full_moon", "come again"},
	{errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, chanx.Internal, "the server failed"},
}

// isError fails the test where an answer is not that of an error.
func (s *site) isError(a answer, reason chanx.Reason, detail string) {
	s.Helper()
	var e chanx.Error
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Reason != reason || e.Detail != detail {
		s.Errorf("the answer is %s (%v), want %q and %q", a.body, err, reason, detail)
	}
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		s.Errorf("the answer's type is %q", kind)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		s.Errorf("the answer may be cached: %v", a.header)
	}
	if later := a.header.Get("Retry-After") != ""; later != (reason == chanx.Unavailable) {
		s.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
}

func refusedByIdentity(k *kit) {
	s := k.site(siteOptions{})
	var err error
	s.mount(s, "/ws", s.peers("peers", nil), func(Context) (any, error) { return nil, err })
	s.start()
	for _, r := range refusals {
		err = r.err
		s.isError(s.refused("/ws", r.status), r.reason, r.detail)
	}
	s.nobodyLeft()
}

func refusedByOpen(k *kit) {
	s := k.site(siteOptions{})
	var err error
	s.mount(s, "/ws", s.peers("peers", &hooks{open: func(context.Context, *chanx.Conn) error { return err }}), nil)
	s.start()
	for _, r := range refusals {
		err = r.err
		s.isError(s.refused("/ws", r.status), r.reason, r.detail)
	}
	s.nobodyLeft()
}

func (s *site) nobodyLeft() {
	s.Helper()
	s.eventually("no connection is left", func() bool { return s.hub.Connections() == 0 })
}

// pageParams are parameters of which one has to be a number.
type pageParams struct {
	Page int `query:"page" minimum:"1"`
}

func refusedByParameters(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
		_, err := chanx.Bind[pageParams](conn)
		return err
	}}), nil)
	s.start()
	for target, path := range map[string]string{"/ws": "/query/page", "/ws?page=0": "/query/page", "/ws?page=x": "/query/page"} {
		var e chanx.Error
		a := s.refused(target, http.StatusBadRequest)
		if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Reason != chanx.Invalid || len(e.Violations) == 0 || e.Violations[0].Path != path {
			s.Errorf("%s is answered with %s", target, a.body)
		}
	}
	s.open("/ws?page=2").echoed("hello")
}

// A middleware that refuses does so with an answer of its own.
func refusedByMiddleware(k *kit) {
	s := k.site(siteOptions{})
	opened := make(chan struct{}, 1)
	c := s.peers("peers", &hooks{open: func(context.Context, *chanx.Conn) error {
		opened <- struct{}{}
		return nil
	}})
	s.mount(s.Group("", func(c Context, _ func() error) error {
		c.SetHeader("X-Served-By", "the middleware")
		return c.Answer(http.StatusTeapot, "a page of the framework's")
	}), "/ws", c, nil)
	s.start()
	a := s.refused("/ws", http.StatusTeapot)
	if !strings.Contains(a.body, "a page of the framework's") || a.header.Get("X-Served-By") != "the middleware" {
		s.Errorf("the answer is %v %s", a.header, a.body)
	}
	select {
	case <-opened:
		s.Errorf("open ran all the same")
	default:
	}
}

// A panic is told like any failure: to the log, and not to the client.
func panicInOpen(k *kit) {
	s := k.site(siteOptions{})
	c := s.peers("peers", &hooks{open: func(context.Context, *chanx.Conn) error { panic("the password is secret") }})
	s.mount(s, "/ws", c, nil)
	s.mount(s, "/well", s.peers("well", nil), nil)
	s.start()
	well := s.open("/well")
	s.isError(s.refused("/ws", http.StatusInternalServerError), chanx.Internal, "the server failed")
	well.echoed("still there")
	if log := s.hubLog.String(); !strings.Contains(log, "the password is secret") || !strings.Contains(log, "panicInOpen") {
		s.Errorf("the hub's log does not have the panic with its stack: %s", log)
	}
}
