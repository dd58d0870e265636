package chanx_test

import (
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

func TestCompression(t *testing.T) {
	long := strings.Repeat("all work and no play ", 500)
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Compression: true, Completion: true}, register: func(l *lab) {
		chanx.Forward[price](l)
	}}, func(t *testing.T, l *lab) {
		packed := chanxtest.Dial(t, l.mux, "/ws", &chanxtest.DialOptions{Compression: true})
		plain := connect(t, l)
		if got := packed.Header().Get("Sec-WebSocket-Extensions"); !strings.Contains(got, "permessage-deflate") || !strings.Contains(got, "no_context_takeover") {
			t.Errorf("negotiated %q", got)
		}
		if got := plain.Header().Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("negotiated %q", got)
		}
		for _, c := range []*chanxtest.Client{packed, plain} {
			c.Send(say{Text: long})
			chanxtest.Collect(c, "complete")
		}
		for _, text := range []string{"short", long} {
			if err := l.Publish(t.Context(), note{text}, "all"); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []*chanxtest.Client{packed, plain} {
			frames := append(chanxtest.Collect(c, "note"), chanxtest.Collect(c, "note")...)
			last := frames[len(frames)-1]
			if want := `{"action":"note","payload":{"text":"` + long + `"}}`; last.Text != want {
				t.Errorf("got %d bytes, want %d", len(last.Text), len(want))
			}
		}
	})
}

// What goes over the wire is small, and ordinary where it isn't worth it.
func TestCompressedFrames(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Compression: true}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws", "Sec-WebSocket-Extensions: permessage-deflate")
		c.send(`{"action":"ping"}`, `{"action":"say","payload":{"text":"`+strings.Repeat("x", 50_000)+`"}}`)
		got := c.take()
		if len(got) != 2 || got[0] != `{"action":"pong","payload":null}` {
			t.Fatalf("got %q", got)
		}
		if !strings.HasPrefix(got[1], "frame 0xc1 ") || len(got[1]) > 1000 {
			t.Errorf("the long message came as %.100s of %d characters", got[1], len(got[1]))
		}
	})
}

// A message that inflates beyond the limit ends the connection.
func TestCompressionBomb(t *testing.T) {
	bubble(t, labOptions{consumer: chanx.ConsumerOptions{Compression: true}}, func(t *testing.T, l *lab) {
		c := chanxtest.Dial(t, l.mux, "/ws", &chanxtest.DialOptions{Compression: true})
		c.SendRaw(strings.Repeat(" ", 1<<20))
		c.ExpectClose(chanx.CloseTooLarge)
	})
}
