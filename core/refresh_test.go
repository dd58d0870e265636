package chanx_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// refreshWith is the frame by which a client brings a token.
func refreshWith(token string) string {
	return `{"ref":"r","action":"authentication","payload":{"token":"` + token + `"}}`
}

// A refresh puts the end off, brings it nearer, or takes it away.
func TestRefresh(t *testing.T) {
	tests := []struct {
		first, second string
		told          string
		life          time.Duration // after the second; 0: it doesn't end
	}{
		{"ann/1m", "ann/1h", `,"expires_in":3600`, time.Hour},
		{"ann/1h", "ann/3s", `,"expires_in":3`, 3 * time.Second},
		{"ann/1h", "ann/100ms", `,"expires_in":0`, 100 * time.Millisecond},
		{"ann", "ann/1m", `,"expires_in":60`, time.Minute},
		{"ann/1m", "ann", "", 0},
		{"ann/1m", "ann/1000000h", `,"expires_in":3600000000`, 0},
	}
	for _, test := range tests {
		t.Run(test.first+" to "+test.second, func(t *testing.T) {
			gated(t, gateOptions{}, func(t *testing.T, g *gate) {
				c := openRaw(t, g, "/", "Authorization: Bearer "+test.first)
				<-time.After(33*time.Second + 300*time.Millisecond)
				c.take() // pings
				c.send(refreshWith(test.second))
				want := `{"ref":"r","action":"authentication","payload":{"status_code":200,"status_text":"OK","data":null` + test.told + `}}`
				if got := c.take(); !slices.Equal(got, []string{want}) {
					t.Errorf("got %q, want %q", got, want)
				}
				if test.life > 0 {
					g.expires(t, c, test.life)
					return
				}
				<-time.After(2 * time.Hour)
				if c.ended() {
					t.Errorf("got %q", c.take())
				}
			})
		})
	}
}

// A refresh that is refused changes nothing, and neither does a frame that is none.
func TestRefusedRefresh(t *testing.T) {
	const refused = `{"ref":"r","action":"error","payload":{"reason":`
	tests := []struct {
		name  string
		frame string
		want  string // the beginning of the answer
	}{
		{"a bad token", refreshWith("bad"), refused + `"unauthenticated","detail":"the token is not valid"}}`},
		{"an expired one", refreshWith("ann/-1s"), refused + `"unauthenticated","detail":"the credentials have expired"}}`},
		{"somebody else's", refreshWith("bob/1h"), refused + `"forbidden","detail":"the token is not of the client that this connection was opened by"}}`},
		{"nobody's", refreshWith("nobody"), refused + `"unauthenticated"`},
		{"refused by the application", refreshWith("wrapped"), refused + `"forbidden","detail":"banned"}}`},
		{"too early to say", refreshWith("down"), refused + `"unavailable","detail":"come back later"}}`},
		{"a failure", refreshWith("panic"), refused + `"internal","detail":"the server failed"}}`},
		{"empty", refreshWith(""), refused + `"invalid"`},
		{"binary", refreshWith(`\u0000`), refused + `"unauthenticated","detail":"the token is not text"}}`},
		{"too long", refreshWith(strings.Repeat("x", 1+16<<10)), refused + `"unauthenticated","detail":"the token is longer than 16384 bytes"}}`},
		{"no text", `{"ref":"r","action":"authentication","payload":{"token":7}}`, refused + `"invalid"`},
		{"no token", `{"ref":"r","action":"authentication","payload":{}}`, refused + `"invalid"`},
		{"no payload", `{"ref":"r","action":"authentication"}`, refused + `"invalid"`},
		{"on a topic", `{"version":1,"topic":"x","ref":"r","action":"authentication","payload":{"token":"ann/1h"}}`,
			`{"version":1,"topic":"x","ref":"r","action":"error","payload":{"reason":"unknown_topic"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gated(t, gateOptions{}, func(t *testing.T, g *gate) {
				c := openRaw(t, g, "/", "Authorization: Bearer ann/1m")
				c.send(test.frame, `{"action":"whoami"}`)
				if got := c.take(); len(got) != 2 || !strings.HasPrefix(got[0], test.want) || got[1] != `{"action":"youare","payload":{"name":"ann"}}` {
					t.Errorf("got %q, want %q", got, test.want)
				}
				g.expires(t, c, time.Minute)
			})
		})
	}
}

func TestRefreshWithoutAnAuthenticator(t *testing.T) {
	bubble(t, labOptions{}, func(t *testing.T, l *lab) {
		c := openRaw(t, l.mux, "/ws")
		c.send(refreshWith("ann"))
		if got := c.take(); len(got) != 1 || !strings.Contains(got[0], `"reason":"unknown_action"`) {
			t.Errorf("got %q", got)
		}
	})
}

// Whose tokens take the place of whose.
func TestSubjects(t *testing.T) {
	type user struct {
		ID    int
		Roles []string
	}
	ann := func(roles ...string) user { return user{1, roles} }
	tests := []struct {
		name          string
		first, second any
		ok            bool
		mistake       string // of the program, which the log names
	}{
		{"the same subject with new rights", chanx.Credential{Identity: ann(), Subject: "ann"}, chanx.Credential{Identity: ann("admin"), Subject: "ann"}, true, ""},
		{"another subject with an equal identity", chanx.Credential{Identity: ann(), Subject: "ann"}, chanx.Credential{Identity: ann(), Subject: "bob"}, false, ""},
		{"a subject that there was not before", ann(), chanx.Credential{Identity: ann(), Subject: "ann"}, false, "Verify gives a subject, and"},
		{"a subject that is missing", chanx.Credential{Identity: ann(), Subject: "ann"}, ann(), false, "Verify gives no subject"},
		{"equal identities", ann("admin"), ann("admin"), true, ""},
		{"identities that differ deeply", ann("admin"), ann("root"), false, ""},
		{"equal pointers", &user{ID: 1}, chanx.Credential{Identity: &user{ID: 1}}, true, ""},
		{"another type", ann(), "ann", false, "Verify gives a string, and the connection was opened with a chanx_test.user"},
		{"somebody in place of nobody", nil, ann(), false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := gateOptions{
				identify: func(*http.Request) (any, error) { return test.first, nil },
				auth:     chanx.Authenticator{Optional: true, Verify: func(context.Context, string) (any, error) { return test.second, nil }},
			}
			gated(t, o, func(t *testing.T, g *gate) {
				c := chanxtest.Dial(t, g, "/", nil)
				if test.ok {
					c.Authenticate("new")
				} else {
					c.AuthenticateError("new", chanx.Forbidden)
				}
				log := g.log.String()
				if told := strings.Contains(log, "a refresh can't succeed"); told != (test.mistake != "") || !strings.Contains(log, test.mistake) {
					t.Errorf("the log is %q, want %q in it", log, test.mistake)
				}
			})
		})
	}
}

// The identity is that of the new credentials; middleware's clients can have some,
// too.
func TestRefreshedIdentity(t *testing.T) {
	first := chanx.Credential{Identity: bearer{"ann, to begin with"}, Subject: "ann"}
	gated(t, gateOptions{identify: func(*http.Request) (any, error) {
		c := first
		c.Expires = time.Now().Add(time.Minute)
		return c, nil
	}}, func(t *testing.T, g *gate) {
		c := chanxtest.Dial(t, g, "/", nil)
		is(t, c, "ann, to begin with")
		c.Authenticate("ann/1h")
		is(t, c, "ann")
		c.AuthenticateError("bob", chanx.Forbidden)
		is(t, c, "ann")
		<-time.After(time.Hour + slack)
		c.ExpectClose(chanx.CloseExpired)
		var kinds []string
		for _, o := range g.seen.list() {
			if o.Action == "authentication" {
				kinds = append(kinds, kindNames[o.Kind])
			}
		}
		if !slices.Equal(kinds, []string{"handled", "handled"}) {
			t.Errorf("the observer was told %q", kinds)
		}
	})
}

// blocking is an authenticator that waits for the test, once a connection is open.
type blocking struct {
	entered, proceed chan struct{}
	cause            error
}

func (b *blocking) verify(ctx context.Context, token string) (any, error) {
	if strings.HasPrefix(token, "ann/") {
		return passes(ctx, token)
	}
	b.entered <- struct{}{}
	select {
	case <-b.proceed:
	case <-ctx.Done():
		b.cause = context.Cause(ctx)
		return nil, ctx.Err()
	}
	return passes(ctx, strings.TrimPrefix(token, "slowly "))
}

func newBlocking() *blocking {
	return &blocking{entered: make(chan struct{}, 1), proceed: make(chan struct{})}
}

// A token that takes long to check holds up its own connection's messages, in order,
// and nothing else.
func TestSlowVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocking()
		g := newGate(t, gateOptions{auth: chanx.Authenticator{Verify: b.verify}})
		c := openRaw(t, g, "/", "Authorization: Bearer ann/1m")
		other := chanxtest.Dial(t, g, "/", with("ann/1h"))
		c.send(refreshWith("slowly ann/2h"), refreshWith("bad/"), `{"action":"whoami"}`)
		<-b.entered
		is(t, other, "ann")
		if got := c.take(); len(got) > 0 {
			t.Errorf("got %q", got)
		}
		b.proceed <- struct{}{}
		<-b.entered // of the second, which is not checked beside the first
		if got := c.take(); len(got) != 1 || !strings.Contains(got[0], `"expires_in":7200`) {
			t.Errorf("got %q", got)
		}
		b.proceed <- struct{}{}
		if got := c.take(); len(got) != 2 || !strings.Contains(got[0], `"reason":"unauthenticated"`) || !strings.Contains(got[1], `"name":"ann"`) {
			t.Errorf("got %q", got)
		}
	})
}

// A token that takes too long to check is one for which to come back, and the old
// credentials go on meanwhile.
func TestRefreshTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocking()
		g := newGate(t, gateOptions{auth: chanx.Authenticator{Verify: b.verify}})
		c := openRaw(t, g, "/", "Authorization: Bearer ann/1m")
		c.send(refreshWith("ann"))
		<-time.After(15 * time.Second)
		want := `{"ref":"r","action":"error","payload":{"reason":"unavailable","detail":"checking the token took too long"}}`
		if got := c.take(); !slices.Equal(got, []string{want}) {
			t.Errorf("got %q", got)
		}
		g.expires(t, c, 45*time.Second)
	})
}

// A connection whose credentials expire while new ones are checked is closed.
func TestExpiryDuringRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocking()
		g := newGate(t, gateOptions{auth: chanx.Authenticator{Verify: b.verify}})
		c := openRaw(t, g, "/", "Authorization: Bearer ann/5s")
		c.send(refreshWith("ann"))
		g.expires(t, c, 5*time.Second)
		if b.cause == nil || !strings.Contains(b.cause.Error(), "4410") {
			t.Errorf("the check ended with %v", b.cause)
		}
	})
}

// A refresh is a frame as far as the rate limit is concerned.
func TestRefreshIsRateLimited(t *testing.T) {
	gated(t, gateOptions{consumer: chanx.ConsumerOptions{RateLimit: &chanx.RateLimit{PerSecond: 1, Burst: 2}}}, func(t *testing.T, g *gate) {
		c := chanxtest.Dial(t, g, "/", with("ann/1m"))
		c.Authenticate("ann/1h")
		c.AuthenticateError("bad", chanx.Unauthenticated)
		c.AuthenticateError("ann/2h", chanx.RateLimited)
		<-time.After(time.Second)
		c.Authenticate("ann/2h")
	})
}

// Everybody may ask who the client is while that changes; the race detector
// watches.
func TestIdentityWhileItChanges(t *testing.T) {
	var conns sync.Map
	hub := chanx.NewHub(&chanx.HubOptions{Logger: discard})
	consumer := chanx.NewConsumer(hub, "race", func(_ context.Context, c *chanx.Conn) (*chanx.Conn, error) {
		conns.Store(c, true)
		return c, nil
	}, &chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: passes}})
	chanx.Reply(consumer, func(c *chanx.Conn, _ context.Context, _ whoami) (youare, error) {
		p, _ := chanx.Identity[bearer](c)
		return youare(p), nil
	}, chanx.Concurrent())
	endpoint := chanx.Mount(consumer, "/")
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		for {
			conns.Range(func(c, _ any) bool {
				if p, ok := chanx.Identity[bearer](c.(*chanx.Conn)); !ok || p.Name != "ann" {
					t.Errorf("the client is %+v", p)
				}
				return true
			})
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	one, two := chanxtest.Dial(t, endpoint, "/", with("ann/1h")), chanxtest.Dial(t, endpoint, "/", with("ann/1h"))
	for i := range 200 {
		life := []string{"1h", "6s", "24h"}[i%3]
		one.Send(whoami{})
		two.Authenticate("ann/" + life)
		one.Authenticate("ann/" + life)
		if got := chanxtest.Expect[youare](one).Name; got != "ann" {
			t.Errorf("the client is %q", got)
		}
	}
	close(stop)
	all.Wait()
	if err := hub.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
