package chanx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
)

func TestOnClose(t *testing.T) {
	tests := []struct {
		name string
		end  func(l *lab, c *rawClient, conn *chanx.Conn)
		want string
	}{
		{"the client closes", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.close(1000, "") }, "connection closed with 1000 by the client"},
		{"the client says why", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.close(4321, "bored") }, "connection closed with 4321 (bored) by the client"},
		{"the client closes without a code", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.frame(fin|opClose, nil) }, "connection closed with 1005 by the client"},
		{"the client vanishes", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.drop() }, "connection closed with 1006: connection lost: EOF"},
		{"the client vanishes in a frame", func(_ *lab, c *rawClient, _ *chanx.Conn) {
			c.out <- []byte{0x81, 0x85}
			synctest.Wait()
			c.drop()
		}, "connection closed with 1006: connection lost: EOF"},
		{"a handler closes", func(_ *lab, c *rawClient, _ *chanx.Conn) {
			c.send(`{"action":"bye","payload":{"code":4000,"reason":"enough"}}`)
		}, "connection closed with 4000 (enough)"},
		{"somebody closes", func(_ *lab, _ *rawClient, conn *chanx.Conn) { conn.Close(1008, "policy") }, "connection closed with 1008 (policy)"},
		{"two close", func(_ *lab, c *rawClient, conn *chanx.Conn) {
			conn.Close(4001, "first")
			conn.Close(4002, "second")
			c.close(1000, "")
		}, "connection closed with 4001 (first)"},
		{"a binary message", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.frame(fin|opBinary, []byte{1}) }, "connection closed with 1003 (messages are text)"},
		{"a message too large", func(_ *lab, c *rawClient, _ *chanx.Conn) { c.send(strings.Repeat(" ", 70_000)) }, "connection closed with 1009"},
		{"the client is silent", func(_ *lab, c *rawClient, _ *chanx.Conn) {
			c.silent()
			<-time.After(time.Hour)
		}, "connection closed with 4408 (no pong)"},
		{"the hub shuts down", func(l *lab, _ *rawClient, _ *chanx.Conn) { _ = l.hub.Shutdown(context.Background()) }, "connection closed with 1012 (restart; retry in"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var conn *chanx.Conn
			bubble(t, labOptions{open: func(_ context.Context, c *client) error {
				conn = c.Conn
				return nil
			}}, func(t *testing.T, l *lab) {
				c := openRaw(t, l.mux, "/ws")
				test.end(l, c, conn)
				<-time.After(time.Minute)
				got := l.journal.take()
				if len(got) != 1 || !strings.HasPrefix(got[0], "closed: "+test.want) {
					t.Errorf("OnClose said %q, want %q once", got, test.want)
				}
				cause, ok := errors.AsType[*chanx.CloseError](context.Cause(conn.Context()))
				if !ok || "closed: "+cause.Error() != strings.TrimSuffix(got[0], " by the client") {
					t.Errorf("the context ended with %v", context.Cause(conn.Context()))
				}
				if n := l.hub.Connections(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
				if err := conn.Send(t.Context(), pong{}); !errors.Is(err, chanx.ErrClosed) {
					t.Errorf("Send afterwards: %v", err)
				}
				if err := conn.Join(t.Context(), "late"); !errors.Is(err, chanx.ErrClosed) {
					t.Errorf("Join afterwards: %v", err)
				}
			})
		})
	}
}

// Everything else of a connection is done when OnClose runs.
func TestOnCloseIsLast(t *testing.T) {
	var order journal
	bubble(t, labOptions{register: func(l *lab) {
		chanx.On(l, func(c *client, ctx context.Context, _ stepIn) error {
			<-ctx.Done()
			<-time.After(3 * time.Second)
			order.add("handler")
			return nil
		}, chanx.Concurrent())
		chanx.OnClose(l, func(*client, context.Context, *chanx.CloseError) { order.add("first OnClose"); panic("a secret") })
		chanx.OnClose(l, func(*client, context.Context, *chanx.CloseError) { order.add("second OnClose") })
	}}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(`{"action":"step","payload":{"n":1}}`, `{"ref":"a","action":"count","payload":{"to":9,"every":1000}}`,
			`{"action":"hold","payload":{"after":2000}}`)
		synctest.Wait()
		c.drop()
		<-time.After(time.Minute)
		got := l.journal.take()
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], ": ")
		}
		if diff := cmp.Diff([]string{"count ends", "held", "closed"}, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"handler", "first OnClose", "second OnClose"}, order.take()); diff != "" {
			t.Error(diff)
		}
		if log := l.errors.String(); !strings.Contains(log, "OnClose failed") || !strings.Contains(log, "close_test.go") {
			t.Errorf("the panic was not logged with its stack: %s", log)
		}
	})
}

func TestOnCloseNotForTheRefused(t *testing.T) {
	bubble(t, labOptions{open: func(context.Context, *client) error {
		return chanx.Errorf(chanx.Forbidden, "no")
	}}, func(t *testing.T, l *lab) {
		w := httptest.NewRecorder()
		l.mux.ServeHTTP(w, upgradeRequest("/ws"))
		if w.Code != http.StatusForbidden || l.hub.Connections() != 0 {
			t.Errorf("status %d, %d connections", w.Code, l.hub.Connections())
		}
		if got := l.journal.take(); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	})
}

// A connection that was opened and can't be upgraded was open.
func TestOnCloseAfterFailedUpgrade(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		w := httptest.NewRecorder() // can't be hijacked
		l.mux.ServeHTTP(w, upgradeRequest("/ws"))
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "Recorder") {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		got := l.journal.take()
		if len(got) != 1 || !strings.Contains(got[0], "the upgrade failed") || !strings.Contains(got[0], "httptest.ResponseRecorder") {
			t.Errorf("got %q", got)
		}
	})
}

// upgradeRequest is a handshake request.
func upgradeRequest(path string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "chanx.test"
	for _, line := range slices.Concat([]string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
	}, headers) {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// A client that answers no close frame is cut.
func TestCloseTimeout(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.silent()
		c.send(`{"action":"bye","payload":{"code":4000,"reason":"enough"}}`)
		if got := c.take(); !slices.Equal(got, []string{"close 4000 enough"}) {
			t.Errorf("got %q", got)
		}
		<-time.After(4 * time.Second)
		if c.ended() {
			t.Error("the client got no time to answer")
		}
		<-time.After(2 * time.Second)
		if got := c.take(); !slices.Equal(got, []string{"end"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestCloseErrorText(t *testing.T) {
	inner := errors.New("broken pipe")
	err := &chanx.CloseError{Code: 1006, Reason: "lost", Err: inner}
	if got := fmt.Sprint(err); got != "connection closed with 1006 (lost): broken pipe" {
		t.Error(got)
	}
	if !errors.Is(err, inner) {
		t.Error("the cause is lost")
	}
}
