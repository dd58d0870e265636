package chanxtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/internal/pipenet"
	"github.com/chanx-go/chanx/core/internal/probe"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/coder/websocket"
)

// DialOptions say how a client connects. The zero value, and nil, mean the
// defaults.
type DialOptions struct {
	// Header has headers of the handshake request, such as Authorization or
	// Cookie.
	Header http.Header
	// Subprotocols are offered to the server.
	Subprotocols []string
	// Origin is the Origin header, as a browser would send it; none by default.
	Origin string
	// Timeout bounds the handshake and every wait of the client; 5 s by default.
	Timeout time.Duration
	// Quiet is for how long [Client.ExpectNothing] listens; 50 ms by default.
	Quiet time.Duration
	// Discriminator is the name of the field that holds the action. By default
	// the endpoint's where it is known, else "action".
	Discriminator string
	// Compression offers permessage-deflate without context takeover.
	Compression bool
	// Recover makes the client of a topic that is alone one that comes back, whose
	// last frame had that position: see [Topic.Position]. Elsewhere there is
	// [Topic.Recover].
	Recover *layer.Position
	// Hub has the endpoint that [DialURL] connects to, so that frames can be
	// checked against it. Dial learns it by itself.
	Hub *chanx.Hub
	// Consumer names the endpoint's consumer where Hub has several whose
	// addresses fit the URL.
	Consumer string
}

const (
	defaultTimeout = 5 * time.Second
	defaultQuiet   = 50 * time.Millisecond
	memoryHost     = "chanx.test"
)

// withDefaults returns a copy of o, which may be nil.
func (o *DialOptions) withDefaults() *DialOptions {
	var d DialOptions
	if o != nil {
		d = *o
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultTimeout
	}
	if d.Quiet <= 0 {
		d.Quiet = defaultQuiet
	}
	d.Header = d.Header.Clone()
	if d.Header == nil {
		d.Header = http.Header{}
	}
	if d.Origin != "" {
		d.Header.Set("Origin", d.Origin)
	}
	return &d
}

// Dial connects to path, which may have a query, on handler. The handler is
// served for this client alone, over a network in memory whose host is
// "chanx.test", until the client is closed or the test ends. A handshake that is
// refused fails the test: see [Refused].
func Dial(t testing.TB, handler http.Handler, path string, opts *DialOptions) *Client {
	t.Helper()
	s := serve(handler)
	c := dial(t, s, "ws://"+memoryHost+path, opts.withDefaults())
	return c
}

// DialURL connects to a server that runs, at a URL like "ws://127.0.0.1:8080/ws".
func DialURL(t testing.TB, url string, opts *DialOptions) *Client {
	t.Helper()
	return dial(t, network(), url, opts.withDefaults())
}

// host is where a client connects to.
type host struct {
	transport *http.Transport
	server    *http.Server // nil where the host isn't ours
	served    chan struct{}
	contract  chan *contract // gets the endpoint of each handshake
}

// network is the host of clients that connect by URL.
func network() *host {
	return &host{transport: &http.Transport{DisableKeepAlives: true}}
}

// serve makes a host in memory.
func serve(handler http.Handler) *host {
	l := pipenet.Listen()
	h := &host{served: make(chan struct{}), contract: make(chan *contract, 1)}
	h.transport = &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) },
	}
	ctx := probe.With(context.Background(), func(hub any, consumer string) {
		select {
		case h.contract <- contractOf(hub.(*chanx.Hub), consumer):
		default: // a handler that opens two connections for one request
		}
	})
	h.server = &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		defer close(h.served)
		_ = h.server.Serve(l)
	}()
	return h
}

// close ends everything of the host.
func (h *host) close() {
	h.transport.CloseIdleConnections()
	if h.server != nil {
		_ = h.server.Close()
		<-h.served
	}
}

// learn returns what is known of the endpoint that a client is connected to, nil
// for nothing.
func (h *host) learn(url string, o *DialOptions) (*contract, error) {
	if o.Hub != nil {
		return findContract(o.Hub, o.Consumer, url)
	}
	select {
	case k := <-h.contract:
		return k, nil
	default:
		return nil, nil
	}
}

func dial(t testing.TB, h *host, url string, o *DialOptions) *Client {
	t.Helper()
	c := &Client{
		t: t, host: h, timeout: o.Timeout, quiet: o.Quiet, changed: make(chan struct{}), done: make(chan struct{}),
		asked: map[string]layer.Position{}, came: courses{}, sent: requests{byRef: map[string]*request{}},
	}
	t.Cleanup(c.end)
	url = c.recovering(url, o.Recover)
	mode := websocket.CompressionDisabled
	if o.Compression {
		mode = websocket.CompressionNoContextTakeover
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      &http.Client{Transport: h.transport, CheckRedirect: noRedirect},
		HTTPHeader:      o.Header,
		Subprotocols:    o.Subprotocols,
		CompressionMode: mode,
	})
	if err != nil {
		close(c.done)
		t.Fatalf("chanxtest: dial %s: %s", url, explain(response, err))
	}
	ws.SetReadLimit(-1)
	c.contract, err = h.learn(url, o)
	if err == nil && c.contract != nil {
		c.contract.document, err = documentOf(c.contract.hub, c.contract.mounted)
	}
	if err == nil && o.Recover != nil && c.contract != nil && !c.contract.info.Alone {
		err = fmt.Errorf("consumer %q isn't one topic alone: use Topic.Recover in place of DialOptions.Recover", c.contract.info.Consumer)
	}
	if err != nil {
		close(c.done)
		_ = ws.CloseNow()
		t.Fatalf("chanxtest: dial %s: %v", url, err)
	}
	c.ws, c.discriminator, c.header = ws, o.Discriminator, response.Header
	if c.discriminator == "" {
		c.discriminator = c.contract.discriminator()
	}
	go c.read()
	return c
}

// recovering adds to a URL from where the client wants to go on.
func (c *Client) recovering(address string, from *layer.Position) string {
	if from == nil {
		return address
	}
	c.asked[""] = *from // "subscribed" comes without a ref there
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return fmt.Sprintf("%s%srecover_seq=%d&recover_epoch=%s", address, separator, from.Seq, url.QueryEscape(from.Epoch))
}

// noRedirect shows a redirect as what it is: browsers don't follow them on a
// handshake.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// explain says why a handshake failed.
func explain(response *http.Response, err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "the server did not answer the handshake in time"
	case response == nil:
		return err.Error()
	}
	r, readErr := newRefusal(response)
	if readErr != nil {
		return err.Error()
	}
	return "the handshake was answered with " + r.String()
}

// trimURL cuts the query and the scheme with the host off a URL.
func trimURL(url string) string {
	url, _, _ = strings.Cut(url, "?")
	if _, rest, ok := strings.Cut(url, "://"); ok {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return "/"
		}
		return rest[i:]
	}
	return url
}

// limited shortens a text for a failure's message.
func limited(text string) string {
	const most = 300
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return text
}
