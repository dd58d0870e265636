package chanxtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// recorder is a testing.TB that keeps failures in place of failing.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failureOf runs a test to its end and returns what it failed with.
func failureOf(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return strings.Join(r.failures, "\n---\n")
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name string
		path string
		test func(c *chanxtest.Client)
		want string
	}{
		{"another message", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Ping{})
			chanxtest.Expect[Said](c)
		}, `chanxtest: want "said" (chanxtest_test.Said), but got {"action":"pong","payload":null}
	-> {"action":"ping"}
	<- {"action":"pong","payload":null}`},
		{"nothing at all", "/ws/go", func(c *chanxtest.Client) { c.Next() },
			"chanxtest: want a frame, but nothing came for 5s\n\t(nothing was sent or received)"},
		{"a closed connection", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{Close: 4000})
			chanxtest.Expect[*Token](c)
		}, `chanxtest: want a frame "token" (*chanxtest_test.Token), but the connection closed with 4000 (as you wish)
	-> {"action":"leak","payload":{"close":4000}}
	<- close 4000 as you wish`},
		{"an error to a request", "/ws/go", func(c *chanxtest.Client) { chanxtest.Request[Said](c, Say{}) },
			`want "said" (chanxtest_test.Said), but got {"ref":"test-1","action":"error","payload":{"reason":"invalid"`},
		{"no answer to a request", "/ws/go", func(c *chanxtest.Client) { chanxtest.Request[Said](c, Say{"hi"}) },
			`want "said" (chanxtest_test.Said) to answer "say" (ref "test-1"), but nothing came for 5s`},
		{"another error", "/ws/go", func(c *chanxtest.Client) { chanxtest.RequestError(c, Say{}, chanx.Forbidden) },
			`want an error "forbidden", but got {"ref":"test-1","action":"error","payload":{"reason":"invalid"`},
		{"no error", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Ping{})
			chanxtest.ExpectError(c, chanx.Invalid)
		}, `want an error "invalid", but got {"action":"pong","payload":null}`},
		{"something in place of nothing", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Ping{})
			c.ExpectNothing()
		}, `want nothing, but got {"action":"pong","payload":null}`},
		{"the end in place of nothing", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{Close: 4000})
			c.ExpectNothing()
		}, `want nothing, but got connection closed with 4000 (as you wish)`},
		{"another code", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{Close: 4000})
			c.ExpectClose(4001)
		}, `want the connection closed with 4001, but the connection closed with 4000 (as you wish)`},
		{"an open connection", "/ws/go", func(c *chanxtest.Client) { c.ExpectClose(4001) },
			`want the connection closed with 4001, but it is open after 5s`},
		{"a frame before the end", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Ping{})
			c.Send(Leak{Close: 4000})
			c.ExpectClose(4000)
		}, `want the connection closed with 4000, but got {"action":"pong","payload":null}`},
		{"an undeclared message", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{})
			c.Next()
		}, `got a frame that is wrong: {"action":"secret","payload":null}: consumer "chat" does not declare the message "secret": ` +
			`add chanx.Sends[M]() to the handler that sends it, or chanx.Outgoing[M](consumer) where none does`},
		{"a message that breaks its schema", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{Number: true})
			c.Next()
		}, `the document disagrees: it is no message "said" of channel "chat": "/payload/text" must be a string, not a number; ` +
			`"/payload/user" is required`},
		{"an undeclared message that nobody reads", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Leak{})
			synctest.Wait()
		}, `the client got a frame that the test did not read: {"action":"secret","payload":null}: consumer "chat" does not declare`},
		{"a field that the test doesn't know", "/ws/go", func(c *chanxtest.Client) {
			c.Send(Say{"hi"})
			chanxtest.Expect[shortSaid](c)
		}, `is not "said" (chanxtest_test.shortSaid): chanxtest_test.shortSaid lacks a field of it: `},
		{"a stream that isn't one", "/ws/go", func(c *chanxtest.Client) { chanxtest.RequestStream[*Token](c, Ping{}) },
			`want "token" (*chanxtest_test.Token), but got {"ref":"test-1","action":"pong","payload":null}`},
		{"a message that can't be encoded", "/ws/go", func(c *chanxtest.Client) { c.Send(Say{"\xff"}) },
			`chanxtest_test.Say can't be encoded: `},
		{"a refused handshake", "/ws/closed", nil,
			"chanxtest: dial ws://chanx.test/ws/closed: the handshake was answered with 403 Forbidden (forbidden: the room is closed)"},
		{"nothing there", "/nowhere", nil,
			"chanxtest: dial ws://chanx.test/nowhere: the handshake was answered with 404 Not Found (404 page not found)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, nil, nil)
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					c := chanxtest.Dial(t, s, test.path, nil)
					if test.test != nil {
						test.test(c)
					}
				})
				if !strings.Contains(got, test.want) || strings.Contains(got, "---") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

type shortSaid struct {
	Text string `json:"text"`
}

func (shortSaid) Action() string { return "said" }

// A failure shows the last lines only, and shortens them.
func TestFailureOfAChattyTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			c := chanxtest.Dial(t, s, "/ws/go", nil)
			for range 100 {
				chanxtest.Request[Pong](c, Ping{})
			}
			c.SendRaw(strings.Repeat("é", 1000))
			chanxtest.Expect[Pong](c)
		})
		if lines := strings.Split(got, "\n"); len(lines) != 22 || lines[1] != "\t(182 before these)" || len(lines[20]) > 400 {
			t.Errorf("failed with\n%s", got)
		}
	})
}

func TestRefusedFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		for want, test := range map[string]func(t testing.TB){
			"the handshake with http://chanx.test/ws/go was accepted, not refused": func(t testing.TB) {
				t.Helper()
				chanxtest.Refused(t, s, "/ws/go", 403, nil)
			},
			"was refused with 403 Forbidden (forbidden: the room is closed), not with 401": func(t testing.TB) {
				t.Helper()
				chanxtest.Refused(t, s, "/ws/closed", 401, nil)
			},
			"the server did not answer the handshake in time": func(t testing.TB) {
				t.Helper()
				chanxtest.Refused(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "/", 401, nil)
			},
			"dial ws://chanx.test/: the server did not answer the handshake in time": func(t testing.TB) {
				t.Helper()
				chanxtest.Dial(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "/", nil)
			},
		} {
			if got := failureOf(t, test); !strings.Contains(got, want) {
				t.Errorf("failed with %q, want %q", got, want)
			}
		}
	})
}

// A server that reads nothing doesn't hang a test.
func TestSendTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			c := chanxtest.Dial(t, s, "/ws/go", &chanxtest.DialOptions{Timeout: 2 * time.Second})
			c.Send(Slow{60_000})
			for range 100 { // the server reads some of them into its buffer
				c.Send(Say{"hello"})
			}
		})
		if !strings.Contains(got, "chanxtest: the server did not read a message for 2s") {
			t.Errorf("failed with %q", got)
		}
	})
}

func TestSendAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil, nil)
		got := failureOf(t, func(t testing.TB) {
			t.Helper()
			c := chanxtest.Dial(t, s, "/ws/go", nil)
			c.Send(Leak{Close: 4000})
			c.ExpectClose(4000)
			c.Send(Ping{})
		})
		if !strings.Contains(got, "the message could not be sent: connection closed with 4000 (as you wish)") {
			t.Errorf("failed with %q", got)
		}
	})
}
