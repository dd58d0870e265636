package chanxfiber_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gofiber/fiber/v2"
)

// ask is answered with what the connection knows at that time.
type ask struct {
	Params []string `json:"params" required:"false" doc:"Parameters of the route"`
}

func (ask) Action() string { return "ask" }

// answer is what a connection knows long after its handshake.
type answer struct {
	User   string            `json:"user"`
	Values map[string]string `json:"values"` // by Conn.PathValue
	Tag    string            `json:"tag"`    // that a middleware left in the user context
	Local  string            `json:"local"`  // that the context has of the locals
}

func (answer) Action() string { return "answer" }

type tagKey struct{}

// named is who a client is, too.
type named string

// peer is a client that is answered.
type peer struct{ *chanx.Conn }

func (p *peer) Ask(ctx context.Context, m ask) (answer, error) {
	a := answer{Values: map[string]string{}}
	a.User, _ = chanx.Identity[string](p.Conn)
	if name, ok := chanx.Identity[named](p.Conn); ok {
		a.User = string(name)
	}
	a.Tag, _ = ctx.Value(tagKey{}).(string)
	a.Local, _ = ctx.Value("password").(string)
	for _, name := range m.Params {
		a.Values[name] = p.PathValue(name)
	}
	return a, nil
}

// newHub makes a hub that ends with the test.
func newHub(t *testing.T) *chanx.Hub {
	t.Helper()
	hub := silentHub()
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return hub
}

func silentHub() *chanx.Hub {
	return chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
}

// peers makes a consumer whose clients are answered.
func peers(hub *chanx.Hub, name string) *chanx.Consumer[*peer] {
	return peersWith(hub, name, func(context.Context, *chanx.Conn) error { return nil }, nil)
}

func peersWith(hub *chanx.Hub, name string, open func(context.Context, *chanx.Conn) error, opts *chanx.ConsumerOptions) *chanx.Consumer[*peer] {
	c := chanx.NewConsumer(hub, name, func(ctx context.Context, conn *chanx.Conn) (*peer, error) {
		return &peer{conn}, open(ctx, conn)
	}, opts)
	chanx.Reply(c, (*peer).Ask)
	return c
}

func newApp(configs ...fiber.Config) *fiber.App {
	config := fiber.Config{}
	if len(configs) > 0 {
		config = configs[0]
	}
	config.DisableStartupMessage = true
	return fiber.New(config)
}

// serve serves an app until the test ends, and returns where: host and port.
func serve(t *testing.T, app *fiber.App) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, app, l)
	return l.Addr().String()
}

func serveOn(t *testing.T, app *fiber.App, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- app.Listener(l) }()
	t.Cleanup(func() {
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func url(address, target string) string { return "ws://" + address + target }

// asked connects, and asks once the handler of the handshake has long returned.
func asked(t *testing.T, app *fiber.App, target string, params ...string) answer {
	t.Helper()
	c := chanxtest.DialURL(t, url(serve(t, app), target), nil)
	defer c.Close(chanx.CloseNormal, "")
	return chanxtest.Request[answer](c, ask{params})
}

// plain makes a plain request, of the user in the address if there is one.
func plain(t *testing.T, method, address, target string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user := r.URL.User; user != nil {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, strings.TrimSpace(string(body))
}
