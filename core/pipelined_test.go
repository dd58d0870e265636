package chanx_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// pausing is a message whose handler waits for the test.
type pausing struct{}

func (pausing) Action() string { return "pausing" }

// Messages that come in one piece are answered in order, in fewer pieces; none
// waits for the handler of the next.
func TestPipelinedMessages(t *testing.T) {
	const rounds = 200
	hub := chanx.NewHub(nil)
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	release := make(chan struct{})
	consumer := chanx.NewConsumer[*chanx.Conn](hub, "pipelined", nil, nil)
	chanx.Reply(consumer, func(_ *chanx.Conn, _ context.Context, m echo) (said, error) { return said{m.Text}, nil })
	chanx.On(consumer, func(*chanx.Conn, context.Context, pausing) error { <-release; return nil })
	server := httptest.NewServer(chanx.Mount(consumer, "/"))
	t.Cleanup(server.Close)

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := upgradeRequest("/").Write(conn); err != nil {
		t.Fatal(err)
	}
	c := &rawClient{br: bufio.NewReader(conn)}
	if _, err := http.ReadResponse(c.br, nil); err != nil {
		t.Fatal(err)
	}

	var frames strings.Builder
	for i := range rounds {
		frames.Write(maskedFrame(fin|opText, fmt.Appendf(nil, `{"ref":"%d","action":"echo","payload":{"text":"x"}}`, i)))
	}
	frames.Write(maskedFrame(fin|opText, []byte(`{"action":"pausing"}`)))
	frames.Write(maskedFrame(fin|opText, []byte(`{"ref":"last","action":"echo","payload":{"text":"x"}}`)))
	if _, err := conn.Write([]byte(frames.String())); err != nil {
		t.Fatal(err)
	}
	expect := func(ref string) {
		t.Helper()
		_, data, err := c.readFrame()
		if want := fmt.Sprintf(`{"ref":%q,"action":"said","payload":{"text":"x"}}`, ref); err != nil || string(data) != want {
			t.Fatalf("got %s (%v), not %s", data, err, want)
		}
	}
	for i := range rounds {
		expect(fmt.Sprint(i))
	}
	close(release)
	expect("last")
}
