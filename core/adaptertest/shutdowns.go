package adaptertest

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

func shutdownCases() []testCase {
	return []testCase{
		{name: "shutdown/drains", run: drains},
		{name: "shutdown/at its deadline", run: drainDeadline},
		{name: "shutdown/the application first", run: applicationFirst},
		{name: "shutdown/leaves no goroutine", alone: true, run: leavesNothing},
	}
}

// drains: new handshakes are refused, clients are told to come back, handlers that
// run may end, and then the application ends.
func drains(k *kit) {
	s := k.site(siteOptions{})
	began, goOn := make(chan struct{}), make(chan struct{})
	s.mount(s, "/ws", s.peers("peers", &hooks{note: func(context.Context, *peer, string) error {
		close(began)
		<-goOn
		return nil
	}}), nil)
	s.Get(s.pattern("/plain"), func(c Context) error { return c.Answer(http.StatusOK, "plain") })
	s.start()
	idle, busy := s.open("/ws"), s.open("/ws")
	busy.send(`{"action":"note","ref":"1","payload":{"text":"x"}}`)
	await(s.kit, "the handler runs", began)
	done := make(chan error, 1)
	go func() { done <- s.hub.Shutdown(context.Background()) }()
	if got := idle.next(); !strings.HasPrefix(got, "close 1012 restart; retry in ") {
		s.Errorf("the idle client got %s", brief(got))
	}
	idle.expect("end")
	s.isError(s.refused("/ws", http.StatusServiceUnavailable), chanx.Unavailable, "the server is shutting down")
	if got := s.get("/plain", nil); got != "plain" {
		s.Errorf("the plain route says %q", got)
	}
	select {
	case err := <-done:
		s.Errorf("Shutdown of the hub did not wait for a handler: %v", err)
	default:
	}
	close(goOn)
	busy.expect(`{"ref":"1","action":"noted","payload":null}`)
	busy.ends(int(chanx.CloseRestart))
	if err := await(s.kit, "the hub has shut down", done); err != nil {
		s.Errorf("Shutdown of the hub: %v", err)
	}
	s.end()
	s.quiet()
}

// Clients that don't go by themselves are cut.
func drainDeadline(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	mute := s.open("/ws")
	mute.mute = true
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := s.hub.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("Shutdown of the hub: %v", err)
	}
	if got := mute.next(); !strings.HasPrefix(got, "close 1012") {
		s.Errorf("got %s", brief(got))
	}
	mute.expect("end")
	s.nobodyLeft()
}

// applicationFirst is the wrong order, which must not hang: sockets are nothing
// that a framework waits for, or ends.
func applicationFirst(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws")
	c.echoed("hello")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Shutdown(ctx) // a framework that waits for sockets gives up here
	c.echoed("still there")
	done := make(chan error, 1)
	go func() { done <- s.hub.Shutdown(context.Background()) }()
	c.ends(int(chanx.CloseRestart))
	if err := await(s.kit, "the hub has shut down", done); err != nil {
		s.Errorf("Shutdown of the hub: %v", err)
	}
}

// leavesNothing behind: every goroutine of a site ends with it.
func leavesNothing(k *kit) {
	run := func() {
		s := k.site(siteOptions{})
		s.mount(s, "/ws", s.peers("peers", nil), nil)
		s.start()
		var clients sync.WaitGroup
		for range 5 {
			c := s.open("/ws")
			c.echoed("hello")
			clients.Go(c.follow)
		}
		s.open("/ws").drop()
		s.refused("/nowhere", http.StatusNotFound)
		s.end()
		clients.Wait()
	}
	run() // what lives as long as the process is there now
	before := runtime.NumGoroutine()
	for range 3 {
		run()
	}
	k.eventually("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}
