package adaptertest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

func middlewareCases(a *Adapter) []testCase {
	all := []testCase{
		{name: "middleware/panic before the upgrade", run: panicBefore},
		{name: "middleware/panic after the upgrade", run: panicAfter},
		{name: "middleware/error before the upgrade", run: errorBefore},
		{name: "middleware/error after the upgrade", run: errorAfter},
		{name: "middleware/nothing half done", run: nothingHalfDone},
		{name: "middleware/timeouts of the server", run: serverTimeouts},
	}
	kinds := map[string][]Middleware{}
	for _, m := range a.Middleware {
		kinds[m.Kind] = append(kinds[m.Kind], m)
	}
	for kind, of := range kinds {
		var names []string
		for _, m := range of {
			name := m.Name
			if m.Refused != 0 {
				name = fmt.Sprintf("%s (%d)", name, m.Refused)
			}
			names = append(names, name)
		}
		all = append(all, testCase{name: "middleware/" + kind, about: strings.Join(names, "; "), run: func(k *kit) {
			for _, m := range of {
				behind(k, m)
			}
		}})
	}
	slices.SortStableFunc(all[6:], func(x, y testCase) int { return strings.Compare(x.name, y.name) })
	return all
}

// behind connects through a middleware that perhaps doesn't keep its hands off the
// connection. It lets a handshake through whole, or refuses it with a status: it
// never hangs, never says 101 of a socket that is dead, and never ends a socket
// that lives.
func behind(k *kit, m Middleware) {
	k.Helper()
	s := k.site(siteOptions{})
	m.Use(s.TB, s.App)
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.Get(s.pattern("/plain"), func(c Context) error { return c.Answer(http.StatusOK, "plain") })
	s.start()
	header := []string{"Accept-Encoding: gzip", "Origin: http://" + s.address} // as browsers send them
	if m.Refused != 0 {
		s.refused("/ws", m.Refused, header...)
		s.nobodyLeft()
		return
	}
	other := s.open("/ws", header...) // takes up no place in a throttle, once its request is over
	s.eventually("the request is logged", func() bool { return len(s.access.lines()) > 0 })
	c := s.open("/ws", header...)
	other.drop()
	if got := c.header.Get("Content-Encoding"); got != "" {
		s.Errorf("%s: the handshake is answered in the encoding %q", m.Name, got)
	}
	c.send(`{"action":"say","payload":{"text":"hello"}}`)
	c.expect(`{"action":"said","payload":{"text":"hello"}}`)
	c.expectNothing(2 * Timeout)
	if c.know().Ended {
		s.Errorf("%s: the connection's context has ended", m.Name)
	}
	if got := s.get("/plain", nil); got != "plain" {
		s.Errorf("%s: the plain route says %q", m.Name, got)
	}
	c.close(1000)
	c.ends(1000)
	s.nobodyLeft()
	s.quiet()
}

// quiet fails the test where anything was logged that goes wrong.
func (s *site) quiet() {
	s.Helper()
	for _, j := range []*journal{&s.log, &s.hubLog} {
		if text := j.String(); text != "" {
			s.Errorf("the log says %s", brief(text))
		}
	}
}

var errMiddleware = errors.New("an error of the middleware's")

// after is a middleware that does something once all others have run.
func after(f func() error) func(c Context, next func() error) error {
	return func(_ Context, next func() error) error {
		if err := next(); err != nil {
			return err
		}
		return f()
	}
}

func panicBefore(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", func(Context, func() error) error { panic("the password is secret") }), "/ws", s.peers("peers", nil), nil)
	s.mount(s, "/well", s.peers("well", nil), nil)
	s.start()
	well := s.open("/well")
	if a := s.refused("/ws", 0); strings.Contains(a.body, "secret") {
		s.Errorf("the client is told of the panic: %s", a.body)
	}
	well.echoed("still there")
	s.open("/well").echoed("welcome")
}

// What happens to a request once its connection was taken over is nothing to the
// socket.
func panicAfter(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", after(func() error { panic("after the upgrade") })), "/ws", s.peers("peers", nil), nil)
	s.start()
	survives(s)
}

func errorAfter(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", after(func() error { return errMiddleware })), "/ws", s.peers("peers", nil), nil)
	s.start()
	survives(s)
}

func survives(s *site) {
	s.Helper()
	one, two := s.open("/ws"), s.open("/ws")
	for range 3 {
		one.echoed("hello")
		two.echoed("hello")
	}
	one.close(1000)
	one.ends(1000)
	two.drop()
	s.nobodyLeft()
	if log := s.log.String(); strings.Contains(log, "hijacked") || strings.Contains(log, "superfluous") {
		s.Errorf("the framework has written to a connection that was not its own: %s", log)
	}
}

// What fails once the connection was taken over either is nothing to the socket,
// or, with a framework that answers last of all, refuses the handshake whole: then
// the server has no connection left, of which OnClose was told.
func nothingHalfDone(k *kit) {
	s, e := k.site(siteOptions{}), newEnding(chanx.Limits{})
	s.mount(s.Group("", after(func() error { return errMiddleware })), "/error", s.peers("error", &e.hooks), nil)
	s.mount(s.Group("", after(func() error { panic("after the upgrade") })), "/panic", s.peers("panic", &e.hooks), nil)
	s.start()
	for _, target := range []string{"/error", "/panic"} {
		c := s.connect()
		c.write(handshake(s.address, target))
		if a := c.answered(); a.status == http.StatusSwitchingProtocols {
			c.echoed("hello")
			c.drop()
		} else if strings.Contains(a.body, "after the upgrade") {
			s.Errorf("the client is told of the panic: %s", a.body)
		}
		e.once(s, chanx.CloseAbnormal, false)
		s.nobodyLeft()
	}
}

func errorBefore(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", func(Context, func() error) error { return errMiddleware }), "/ws", s.peers("peers", nil), nil)
	s.start()
	s.refused("/ws", http.StatusInternalServerError)
	s.nobodyLeft()
}

// The server's timeouts are for requests.
func serverTimeouts(k *kit) {
	s := k.site(siteOptions{app: Options{Timeout: Timeout}})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	c.expectNothing(2 * Timeout)
	c.echoed("hello")
	c.expectNothing(time.Duration(2.5 * float64(Timeout)))
	c.echoed("hello again")
}
