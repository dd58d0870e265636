package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// names of the app processes.
var names = [...]string{"A", "B", "C"}

// supervisor starts the processes, and ends them.
type supervisor struct {
	broker   *broker // nil where the layer is somebody else's
	children []*child
	url      string // of its own
}

// supervise runs the whole example until the context ends.
func supervise(ctx context.Context, o options, out io.Writer) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	s := &supervisor{url: "http://" + listener.Addr().String()}
	if o.layer == "" {
		if s.broker, err = newBroker(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.broker.close()) }()
		o.layer = s.broker.url()
	}
	addrs, err := addresses(ctx, listener.Addr(), strings.HasSuffix(o.addr, ":0"))
	if err != nil {
		return err
	}
	s.plan(o.layer, addrs, out)
	defer s.stopAll()
	if err := s.startAll(ctx); err != nil {
		return err
	}
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.announce(o.layer, out)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = server.Shutdown(stopping)
	if end := <-ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// plan decides which processes there are.
func (s *supervisor) plan(layer string, addrs []string, out io.Writer) {
	lines := new(sync.Mutex)
	peers := make([]string, len(names))
	for i, name := range names {
		peers[i] = name + "=http://" + addrs[i]
	}
	add := func(name, url string, args ...string) {
		s.children = append(s.children, &child{
			name: name, url: url, out: &prefixed{mu: lines, to: out, prefix: fmt.Sprintf("%-6s | ", name)},
			args: append([]string{"-supervised", "-layer", layer}, args...),
		})
	}
	for i, name := range names {
		add(name, "http://"+addrs[i],
			"-role", "app", "-name", name, "-addr", addrs[i], "-peers", strings.Join(peers, ","), "-control", s.url)
	}
	add("worker", "", "-role", "worker")
}

// startAll starts what there is, all at once.
func (s *supervisor) startAll(ctx context.Context) error {
	errs := make([]error, len(s.children))
	s.each(func(i int, c *child) { errs[i] = c.start(ctx) })
	return errors.Join(errs...)
}

func (s *supervisor) stopAll() { s.each(func(_ int, c *child) { c.stop() }) }

func (s *supervisor) each(do func(i int, c *child)) {
	var all sync.WaitGroup
	for i, c := range s.children {
		all.Go(func() { do(i, c) })
	}
	all.Wait()
}

// announce says where everything is.
func (s *supervisor) announce(layer string, out io.Writer) {
	fmt.Fprintln(out, "layer:     ", layer)
	for _, c := range s.children {
		if c.url == "" {
			fmt.Fprintln(out, "worker:     process", c.pid())
			continue
		}
		fmt.Fprintf(out, "process %s:  %s  process %d\n", c.name, c.url, c.pid())
	}
	fmt.Fprintln(out, "supervisor:", s.url, "(POST /processes/B/kill, /processes/B/start; ctrl-C ends all)")
}

// addresses returns one for each app process: at the ports that follow the
// supervisor's, or at any that are free now.
func addresses(ctx context.Context, own net.Addr, anyPort bool) ([]string, error) {
	host, text, err := net.SplitHostPort(own.String())
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	addrs := make([]string, len(names))
	for i := range addrs {
		next := port + 1 + i
		if anyPort {
			if next, err = freePort(ctx, host); err != nil {
				return nil, err
			}
		}
		addrs[i] = net.JoinHostPort(host, strconv.Itoa(next))
	}
	return addrs, nil
}
