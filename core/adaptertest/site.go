package adaptertest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// site is an application with a hub, and what the two log.
type site struct {
	*kit
	App

	hub     *chanx.Hub
	hubLog  journal
	log     journal       // of the framework
	access  journal       // of requests
	address string        // host and port, once it is started
	served  chan struct{} // closed when Serve has returned
	failed  error         // what it has returned
	ended   sync.Once
}

// siteOptions are what a case wants beside the usual.
type siteOptions struct {
	hub chanx.HubOptions
	app Options
}

// site makes a site that does not serve yet.
func (k *kit) site(opts siteOptions) *site {
	k.Helper()
	s := &site{kit: k}
	if opts.hub.Logger == nil {
		opts.hub.Logger = slog.New(slog.NewTextHandler(&s.hubLog, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	opts.app.Log, opts.app.AccessLog = &s.log, &s.access
	s.hub = chanx.NewHub(&opts.hub)
	s.App = k.adapter.New(k.TB, opts.app)
	k.Cleanup(s.end)
	return s
}

// Cleanup is the test's, of which an App has none.
func (s *site) pattern(address string) string { return s.adapter.Pattern(address) }

// mount mounts a consumer on a router, at an address.
func (s *site) mount(r Router, address string, c chanx.Mountable, identity func(Context) (any, error)) {
	r.Handle(s.pattern(address), c, identity)
}

// start begins to serve.
func (s *site) start() {
	s.Helper()
	l, err := new(net.ListenConfig).Listen(s.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatalf("listen: %v", err)
	}
	s.address = l.Addr().String()
	s.startOn(l)
}

func (s *site) startOn(l net.Listener) {
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		s.failed = s.Serve(l)
		_ = l.Close() // also where it has not come to serve
	}()
}

// end ends a site in the order in which programs do.
func (s *site) end() {
	s.ended.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.patience)
		defer cancel()
		if err := s.hub.Shutdown(ctx); err != nil {
			s.Errorf("Shutdown of the hub: %v", err)
		}
		if s.served == nil {
			return
		}
		if err := s.Shutdown(ctx); err != nil {
			s.Errorf("Shutdown of the application: %v", err)
		}
		select {
		case <-s.served:
		case <-ctx.Done():
			s.Errorf("Serve has not returned after Shutdown")
		}
	})
}

// answer is what a plain request, or a handshake that is refused, gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// request makes a plain request on a connection of its own. A host in the header is
// the one that is asked for.
func (s *site) request(method, target string, header http.Header) answer {
	s.Helper()
	return s.requestOver(nil, method, target, header)
}

// requestOver is request, with TLS where there is a configuration of it.
func (s *site) requestOver(secure *tls.Config, method, target string, header http.Header) answer {
	s.Helper()
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, scheme+"://"+s.address+target, nil)
	if err != nil {
		s.Fatalf("%s %s: %v", method, target, err)
	}
	if header != nil {
		r.Header, r.Host = header.Clone(), cmp.Or(header.Get("Host"), s.address)
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: secure}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		s.Fatalf("%s %s: %v", method, target, err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return answer{status: response.StatusCode, header: response.Header} // it has no end
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		s.Fatalf("%s %s: %v", method, target, err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// get is request for what has to be there.
func (s *site) get(target string, header http.Header) string {
	s.Helper()
	a := s.request(http.MethodGet, target, header)
	if a.status != http.StatusOK {
		s.Fatalf("GET %s: %d %s", target, a.status, a.body)
	}
	return a.body
}

// eventually waits for a condition that only time brings about.
func (k *kit) eventually(what string, condition func() bool) {
	k.Helper()
	deadline := time.After(k.patience)
	for !condition() {
		select {
		case <-deadline:
			k.Fatalf("not within %v: %s", k.patience, what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// await waits for what a channel gets.
func await[T any](k *kit, what string, c <-chan T) T {
	k.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(k.patience):
		k.Fatalf("not within %v: %s", k.patience, what)
		panic("unreachable")
	}
}

// journal is what somebody has logged.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// lines returns what was logged, a line each.
func (j *journal) lines() []string {
	text := strings.TrimSpace(j.String())
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
