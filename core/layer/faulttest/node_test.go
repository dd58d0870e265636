package faulttest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// tick is the message that everybody publishes.
type tick struct {
	Publisher string    `json:"publisher"`
	Channel   string    `json:"channel"`
	N         uint64    `json:"n"`
	At        time.Time `json:"at"`
	End       bool      `json:"end,omitempty"` // the publisher's last
	Padding   string    `json:"padding,omitempty"`
}

func (tick) Action() string { return "tick" }

// nodeConfig is what a process is told at its start.
type nodeConfig struct {
	Name     string        `json:"name"`
	Layer    string        `json:"layer"` // redis, nats or nats-core
	URL      string        `json:"url"`
	Timeout  time.Duration `json:"timeout"`
	Replicas int           `json:"replicas"`
	Memory   bool          `json:"memory"` // NATS keeps entries in memory
	Worker   bool          `json:"worker"` // it publishes, and has no clients
}

// order is what a process is told while it runs.
type order struct {
	Do      string        `json:"do"` // load or finish
	Groups  []string      `json:"groups,omitempty"`
	Topics  []string      `json:"topics,omitempty"`
	Every   time.Duration `json:"every,omitempty"`
	Padding int           `json:"padding,omitempty"`
}

// report is what a process says.
type report struct {
	Is        string        `json:"is"` // ready, published, log or finished
	Addr      string        `json:"addr,omitempty"`
	Publisher string        `json:"publisher,omitempty"`
	Channel   string        `json:"channel,omitempty"`
	Took      time.Duration `json:"took,omitempty"`
	Err       string        `json:"err,omitempty"`
	Level     slog.Level    `json:"level,omitempty"`
	Text      string        `json:"text,omitempty"`
}

// nodeEnv has the configuration of a process that this one starts as its like.
const nodeEnv = "CHANX_FAULTTEST_NODE"

// member is the process itself.
type member struct {
	nodeConfig
	mu    sync.Mutex // over out
	out   *json.Encoder
	hub   *chanx.Hub
	live  *chanx.Consumer[*chanx.Conn]
	topic *chanx.Topic[*chanx.Subscription] // nil where the layer has no history

	publishers sync.WaitGroup
	finishing  chan struct{}
}

// runNode is the main function of a process. It ends with its standard input.
func runNode(config string) error {
	m := &member{out: json.NewEncoder(os.Stdout), finishing: make(chan struct{})}
	if err := json.Unmarshal([]byte(config), &m.nodeConfig); err != nil {
		return err
	}
	log := slog.New(logs{m})
	l, err := m.open(log)
	if err != nil {
		return err
	}
	m.hub = chanx.NewHub(&chanx.HubOptions{Layer: l, Logger: log})
	m.live = chanx.NewConsumer(m.hub, "live", joinGroups, nil)
	chanx.Forward[tick](m.live)
	if m.Layer != "nats-core" {
		m.topic = chanx.NewTopic[*chanx.Subscription](m.hub, "log", "log:{name}", nil, &chanx.TopicOptions{
			History: &chanx.History{Frames: 10_000, Age: 10 * time.Minute},
		})
		chanx.Forward[tick](m.topic)
		chanx.Topics(m.live, m.topic)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	if !m.Worker {
		mux.Handle("GET /live", chanx.Mount(m.live, "/live"))
	}
	mux.Handle("GET /healthz", m.hub.HealthHandler())
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	m.say(report{Is: "ready", Addr: listener.Addr().String()})
	m.obey(os.Stdin)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = m.hub.Shutdown(ctx)
	_ = server.Close()
	return l.Close()
}

func joinGroups(ctx context.Context, conn *chanx.Conn) (*chanx.Conn, error) {
	return conn, conn.Join(ctx, strings.Split(conn.Request().URL.Query().Get("groups"), ",")...)
}

func (m *member) open(log *slog.Logger) (layer.Layer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch m.Layer {
	case "redis":
		return chanxredis.Open(ctx, m.URL, &chanxredis.Options{Timeout: m.Timeout, Logger: log})
	case "nats":
		return chanxnats.Open(ctx, m.URL, &chanxnats.Options{Timeout: m.Timeout, Logger: log, Replicas: m.Replicas, Memory: m.Memory})
	case "nats-core":
		return chanxnats.OpenCore(ctx, m.URL, &chanxnats.Options{Timeout: m.Timeout, Logger: log})
	}
	return nil, fmt.Errorf("no layer %q", m.Layer)
}

func (m *member) say(r report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.out.Encode(r)
}

// obey does what the test orders, until it says no more.
func (m *member) obey(orders io.Reader) {
	in := bufio.NewScanner(orders)
	for in.Scan() {
		var o order
		if err := json.Unmarshal(in.Bytes(), &o); err != nil {
			panic(err)
		}
		switch o.Do {
		case "load":
			for _, g := range o.Groups {
				m.publish(o, g, func(ctx context.Context, t tick) error { return m.live.Publish(ctx, t, g) })
			}
			for _, name := range o.Topics {
				m.publish(o, name, func(ctx context.Context, t tick) error { return m.topic.Publish(ctx, t, name) })
			}
		case "finish":
			close(m.finishing)
			m.publishers.Wait()
			m.finishing = make(chan struct{})
			m.say(report{Is: "finished"})
		}
	}
}

// publish publishes to a channel again and again, one message after the other, and
// says what came of each. In the end it publishes one more, until that succeeds.
func (m *member) publish(o order, channel string, send func(context.Context, tick) error) {
	padding, finishing := strings.Repeat("x", o.Padding), m.finishing
	n := uint64(0)
	once := func(end bool) error {
		n++
		begin := time.Now()
		err := send(context.Background(), tick{Publisher: m.Name, Channel: channel, N: n, At: begin, End: end, Padding: padding})
		r := report{Is: "published", Publisher: m.Name, Channel: channel, Took: time.Since(begin)}
		if err != nil {
			r.Err = err.Error()
		}
		m.say(r)
		return err
	}
	m.publishers.Go(func() {
		tick := time.NewTicker(o.Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = once(false)
			case <-finishing:
				for range 100 {
					if once(true) == nil {
						return
					}
					<-tick.C
				}
				return
			}
		}
	})
}

// logs tells the test what is logged.
type logs struct{ *member }

func (l logs) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (l logs) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	l.say(report{Is: "log", Level: r.Level, Text: text})
	return nil
}

func (l logs) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l logs) WithGroup(string) slog.Handler { return l }
