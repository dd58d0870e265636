package chanx_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

const (
	noToken  = "a token is needed"
	badToken = "the token is not valid"
)

// everywhere takes tokens from every source.
var everywhere = chanx.Authenticator{Cookie: "pass", Query: "token"}

func TestTokenSources(t *testing.T) {
	optional, apiKey, standard := everywhere, everywhere, everywhere
	optional.Optional = true
	apiKey.Header = "x-api-key"
	standard.Header = "authorization"
	long := strings.Repeat("x", 16<<10)
	tests := []struct {
		name      string
		auth      chanx.Authenticator
		header    string // "Name: value"
		protocols string
		cookie    string
		query     string
		want      string // who the client is, or why it is refused with 401
	}{
		{name: "nothing", auth: everywhere, want: noToken},
		{name: "header", auth: everywhere, header: "Authorization: Bearer ann", want: "ann"},
		{name: "scheme in another case", auth: everywhere, header: "Authorization: bEARER  ann ", want: "ann"},
		{name: "another scheme", auth: everywhere, header: "Authorization: Basic ann", want: noToken},
		{name: "no scheme", auth: everywhere, header: "Authorization: ann", want: noToken},
		{name: "scheme alone", auth: everywhere, header: "Authorization: Bearer", want: noToken},
		{name: "another header", auth: apiKey, header: "X-API-Key: ann", want: "ann"},
		{name: "whole header", auth: apiKey, header: "X-API-Key: Bearer ann", want: "Bearer ann"},
		{name: "empty header", auth: apiKey, header: "X-API-Key: ", want: noToken},
		{name: "header of others", auth: apiKey, header: "Authorization: Bearer ann", want: noToken},
		{name: "standard header by name", auth: standard, header: "Authorization: Bearer ann", want: "ann"},
		{name: "subprotocol", auth: everywhere, protocols: "bearer.ann", want: "ann"},
		{name: "subprotocol among others", auth: everywhere, protocols: "chat.v1,bearer.,bearer.ann,bearer.bob", want: "ann"},
		{name: "empty subprotocol", auth: everywhere, protocols: "bearer.", want: noToken},
		{name: "subprotocol in capitals", auth: everywhere, protocols: "Bearer.ann", want: noToken},
		{name: "cookie", auth: everywhere, cookie: "other=bob; pass=ann; pass=eve", want: "ann"},
		{name: "empty cookie", auth: everywhere, cookie: "pass=", want: noToken},
		{name: "another cookie", auth: everywhere, cookie: "Pass=ann", want: noToken},
		{name: "query", auth: everywhere, query: "?token=ann", want: "ann"},
		{name: "encoded query", auth: everywhere, query: "?token=a%C3%A9%2F1h", want: "aé"},
		{name: "empty query", auth: everywhere, query: "?token=", want: noToken},
		{name: "sources that are not on", header: "Authorization: Basic x", cookie: "pass=ann", query: "?token=ann", want: noToken},

		{name: "header first", auth: everywhere, header: "Authorization: Bearer ann", protocols: "bearer.bob", cookie: "pass=cid", query: "?token=dan", want: "ann"},
		{name: "then subprotocol", auth: everywhere, header: "Authorization: Basic x", protocols: "bearer.bob", cookie: "pass=cid", query: "?token=dan", want: "bob"},
		{name: "then cookie", auth: everywhere, protocols: "bearer.", cookie: "pass=cid", query: "?token=dan", want: "cid"},
		{name: "then query", auth: everywhere, cookie: "pass=", query: "?token=dan", want: "dan"},
		{name: "a bad one is not passed over", auth: everywhere, header: "Authorization: Bearer bad", query: "?token=dan", want: badToken},

		{name: "optional and none", auth: optional, want: "nobody"},
		{name: "optional and empty", auth: optional, header: "Authorization: Bearer", protocols: "bearer.", cookie: "pass=", query: "?token=", want: "nobody"},
		{name: "optional and one", auth: optional, query: "?token=ann", want: "ann"},
		{name: "optional and bad", auth: optional, query: "?token=bad", want: badToken},
		{name: "optional and expired", auth: optional, query: "?token=ann/-1s", want: "the credentials have expired"},

		{name: "longest", auth: everywhere, header: "Authorization: Bearer " + long, want: long},
		{name: "too long", auth: everywhere, header: "Authorization: Bearer x" + long, want: "the token is longer than 16384 bytes"},
		{name: "invalid UTF-8", auth: everywhere, query: "?token=a%FF", want: "the token is not text"},
		{name: "control characters", auth: everywhere, query: "?token=a%00b", want: "the token is not text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, gateOptions{auth: test.auth})
				o := &chanxtest.DialOptions{Header: http.Header{}}
				if name, value, ok := strings.Cut(test.header, ": "); ok {
					o.Header.Set(name, value)
				}
				if test.protocols != "" {
					o.Subprotocols = strings.Split(test.protocols, ",")
				}
				if test.cookie != "" {
					o.Header.Set("Cookie", test.cookie)
				}
				if !strings.Contains(test.want, "token ") && !strings.Contains(test.want, "expired") {
					is(t, chanxtest.Dial(t, g, "/"+test.query, o), test.want)
					return
				}
				refusedWith(t, chanxtest.Refused(t, g, "/"+test.query, 401, o), test.want)
			})
		})
	}
}

// refusedWith fails the test unless an authenticator has refused a handshake so.
func refusedWith(t *testing.T, r *chanxtest.Refusal, detail string) {
	t.Helper()
	if r.Error == nil || r.Error.Reason != chanx.Unauthenticated || r.Error.Detail != detail {
		t.Errorf("refused with %s, want %q", r, detail)
	}
	want := `Bearer error="invalid_token"`
	if strings.HasPrefix(detail, noToken) {
		want = "Bearer"
	}
	if got := r.Header.Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate is %q, want %q", got, want)
	}
}

// A browser sends cookies from every page, so they count on some pages only.
func TestCookiesAndOrigins(t *testing.T) {
	listed := []string{"https://good.test", "*.good.test", "null", "*"}
	const foreign = noToken + ", and the cookie does not count on pages of "
	tests := []struct {
		name    string
		origins []string
		origin  string
		query   string
		want    string
	}{
		{"no browser", listed, "", "", "ann"},
		{"own host", listed, "https://chanx.test", "", "ann"},
		{"own host with nothing listed", nil, "http://chanx.test", "", "ann"},
		{"listed", listed, "https://good.test", "", "ann"},
		{"listed by a pattern", listed, "http://app.good.test", "", "ann"},
		{"everybody", listed, "https://evil.test", "", foreign + `"https://evil.test"`},
		{"from nowhere", listed, "null", "", foreign + `"null"`},
		{"everybody, with another token", listed, "https://evil.test", "?token=bob", "bob"},
	}
	for _, test := range tests {
		for _, where := range []string{"hub", "consumer"} {
			t.Run(test.name+" by the "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := gateOptions{auth: everywhere}
					if where == "hub" {
						o.hub.Origins = test.origins
					} else if o.consumer.Origins = test.origins; test.origins != nil {
						o.hub.Origins = []string{"https://evil.test"} // which the consumer's replace
					}
					g := newGate(t, o)
					opts := &chanxtest.DialOptions{Origin: test.origin, Header: http.Header{"Cookie": {"pass=ann"}}}
					if strings.HasPrefix(test.want, foreign) {
						refusedWith(t, chanxtest.Refused(t, g, "/", 401, opts), test.want)
						return
					}
					is(t, chanxtest.Dial(t, g, "/"+test.query, opts), test.want)
				})
			})
		}
	}
}

// The answer names a subprotocol that was offered, and the application's own if it
// can.
func TestSubprotocolOfTokens(t *testing.T) {
	tests := []struct {
		accepts, offered string
		want             string
	}{
		{"", "bearer.ann", "bearer.ann"},
		{"", "chat.v1,bearer.ann", "bearer.ann"},
		{"chat.*", "bearer.ann,chat.v1", "chat.v1"},
		{"chat.*", "bearer.ann,other", "bearer.ann"},
		{"chat.v2", "chat.v1,bearer.ann,bearer.bob", "bearer.ann"},
		{"bearer.*,chat.v1", "chat.v1,bearer.ann", "bearer.ann"},
	}
	for _, test := range tests {
		t.Run(test.accepts+" of "+test.offered, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := gateOptions{}
				if test.accepts != "" {
					o.consumer.Subprotocols = strings.Split(test.accepts, ",")
				}
				c := chanxtest.Dial(t, newGate(t, o), "/", &chanxtest.DialOptions{Subprotocols: strings.Split(test.offered, ",")})
				if got := c.Subprotocol(); got != test.want {
					t.Errorf("subprotocol %q, want %q", got, test.want)
				}
				is(t, c, "ann")
			})
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	const invalid = `Bearer error="invalid_token"`
	tests := []struct {
		token     string
		status    int
		detail    string
		challenge string
	}{
		{"bad:sesame", 401, badToken, invalid},
		{"nobody:sesame", 401, badToken, invalid},
		{"nil:sesame", 401, badToken, invalid},
		{"unknown:sesame", 401, "this token was withdrawn", invalid},
		{"old:sesame", 401, "the credentials have expired", invalid},
		{"ann/0s", 401, "the credentials have expired", invalid},
		{"ann/-1000000h", 401, "the credentials have expired", invalid},
		{"wrapped:sesame", 403, "banned", ""},
		{"down:sesame", 503, "come back later", ""},
		{"slow:sesame", 503, "checking the token took too long", ""},
		{"panic:sesame", 500, "the server failed", ""},
		{"nilerror:sesame", 500, "the server failed", ""},
	}
	for _, test := range tests {
		t.Run(test.token, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(t, gateOptions{})
				o := with(test.token)
				o.Timeout = time.Hour
				r := chanxtest.Refused(t, g, "/", test.status, o)
				if r.Error == nil || r.Error.Detail != test.detail {
					t.Errorf("refused with %s", r)
				}
				if got := r.Header.Get("WWW-Authenticate"); got != test.challenge {
					t.Errorf("WWW-Authenticate %q", got)
				}
				g.silent(t, "sesame", r.Body)
				if level := "level=ERROR"; strings.Contains(g.log.String(), level) != (test.status == 500) {
					t.Errorf("log: %s", g.log.String())
				}
				if level := "level=WARN"; strings.Contains(g.log.String(), level) != strings.HasPrefix(test.token, "slow") {
					t.Errorf("log: %s", g.log.String())
				}
			})
		})
	}
}

// silent fails the test where a token stands in a text, in the log, or in what the
// observer was told.
func (g *gate) silent(t *testing.T, token string, texts ...string) {
	t.Helper()
	texts = append(texts, g.log.String())
	for _, o := range g.seen.list() {
		for err := o.Err; err != nil; err = errors.Unwrap(err) {
			texts = append(texts, err.Error())
		}
	}
	for _, text := range texts {
		if strings.Contains(text, token) {
			t.Errorf("it says the token: %s", text)
		}
	}
}

// Wherever a token comes from, and whatever becomes of it, it is not written down.
func TestTokensAreNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, gateOptions{auth: everywhere, consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}})
		for _, token := range []string{"sesame", "bad:sesame", "wrapped:sesame", "panic:sesame", "sesame\x00"} {
			for _, dial := range []func() *chanxtest.Client{
				func() *chanxtest.Client { return chanxtest.Dial(t, g, "/", with(strings.Trim(token, "\x00"))) },
				func() *chanxtest.Client { return chanxtest.Dial(t, g, "/?token="+url.QueryEscape(token), nil) },
			} {
				if strings.HasPrefix(token, "panic") {
					r := chanxtest.Refused(t, g, "/", 500, with(token))
					g.silent(t, "sesame", r.Body)
					continue
				}
				c := dial()
				g.silent(t, "sesame", c.Next().Text)
			}
		}
		c := chanxtest.Dial(t, g, "/?token=sesame", nil)
		c.Next()
		for token, reason := range map[string]chanx.Reason{
			"bad:sesame": chanx.Unauthenticated, "wrapped:sesame": chanx.Forbidden, "panic:sesame": chanx.Internal, "other-sesame": chanx.Forbidden,
			"sesame\n": chanx.Unauthenticated, strings.Repeat("sesame", 3000): chanx.Unauthenticated,
		} {
			g.silent(t, "sesame", c.AuthenticateError(token, reason).Error())
		}
		c.Authenticate("sesame")
		synctest.Wait()
		g.silent(t, "sesame")
		c.Close(chanx.CloseNormal, "")
	})
}

// What the adapter's middleware has found comes first; where that is nobody, the
// authenticator is asked.
func TestAdaptersIdentityComesFirst(t *testing.T) {
	var pointer *bearer
	soon := time.Now().Add(time.Minute)
	tests := []struct {
		name   string
		found  any
		err    error
		token  string
		want   string
		status int
	}{
		{name: "an identity", found: bearer{"ann"}, token: "bob", want: "ann"},
		{name: "an identity, and a bad token", found: bearer{"ann"}, token: "bad", want: "ann"},
		{name: "a credential", found: chanx.Credential{Identity: bearer{"ann"}, Subject: "ann"}, token: "bob", want: "ann"},
		{name: "a pointer to a credential", found: &chanx.Credential{Identity: bearer{"ann"}, Expires: soon}, token: "bob", want: "ann"},
		{name: "nobody", token: "bob", want: "bob"},
		{name: "a nil pointer", found: pointer, token: "bob", want: "bob"},
		{name: "no credential", found: (*chanx.Credential)(nil), token: "bob", want: "bob"},
		{name: "an empty credential", found: chanx.Credential{Expires: soon}, token: "bob", want: "bob"},
		{name: "a credential of a nil pointer", found: chanx.Credential{Identity: pointer}, token: "bob", want: "bob"},
		{name: "a subject alone", found: chanx.Credential{Subject: "ann"}, token: "bob", want: "nobody"},
		{name: "nobody without a token", status: 401},
		{name: "expired", found: chanx.Credential{Identity: bearer{"ann"}, Expires: time.Unix(1, 0)}, token: "bob", status: 401},
		{name: "an error", found: bearer{"ann"}, err: chanx.Errorf(chanx.Forbidden, "no"), token: "bob", status: 403},
		{name: "a failure", err: errors.New("oh"), token: "bob", status: 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c, ok := test.found.(*chanx.Credential); ok && c != nil {
					c.Expires = time.Now().Add(time.Minute)
				}
				g := newGate(t, gateOptions{identify: func(*http.Request) (any, error) { return test.found, test.err }})
				o := with(test.token)
				if test.token == "" {
					o = nil
				}
				if test.status != 0 {
					chanxtest.Refused(t, g, "/", test.status, o)
					return
				}
				is(t, chanxtest.Dial(t, g, "/", o), test.want)
			})
		})
	}
}

// Whom an authenticator refuses, a consumer may let in to tell so. Who has only
// expired credentials may come back with others.
func TestAnnouncedRefusalOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, gateOptions{consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}})
		for token, code := range map[string]chanx.CloseCode{"": chanx.CloseUnauthenticated, "bad": chanx.CloseUnauthenticated, "ann/-1s": chanx.CloseExpired, "old": chanx.CloseExpired} {
			c := chanxtest.Dial(t, g, "/", with(token))
			if got, want := c.Next().Text, `{"action":"authentication","payload":{"status_code":401,"status_text":"Unauthorized","data":null}}`; got != want {
				t.Errorf("got %s", got)
			}
			c.ExpectClose(code)
		}
	})
}

// Whatever a handshake brings, Verify gets text of a bounded length, and a browser's
// cookie from known pages only.
func FuzzTokens(f *testing.F) {
	f.Add("Bearer ann", "bearer.bob, chat", "pass=cid", "https://chanx.test", "token=dan")
	f.Add("Basic YTpi", "bearer.", `pass="cid"; pass=`, "null", "token=%FF&token=a")
	f.Add("bearer \t\x00", ",bearer.\xff,,", "pass", "https://evil.test", "%zz;token=a")
	var verified string
	hub := chanx.NewHub(&chanx.HubOptions{Logger: discard, Origins: []string{"*"}})
	f.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	a := everywhere
	a.Verify = func(_ context.Context, token string) (any, error) {
		verified = token
		return chanx.Credential{Subject: "x"}, nil
	}
	endpoint := chanx.Mount(chanx.NewConsumer[*chanx.Conn](hub, "fuzz", nil, &chanx.ConsumerOptions{Authenticator: &a}), "/")
	f.Fuzz(func(t *testing.T, authorization, protocols, cookies, origin, query string) {
		r := upgradeRequest("/")
		r.URL.RawQuery = query
		for name, value := range map[string]string{
			"Authorization": authorization, "Sec-Websocket-Protocol": protocols, "Cookie": cookies, "Origin": origin,
		} {
			r.Header[name] = []string{value}
		}
		verified = ""
		s, err := endpoint.Open(&chanx.Handshake{Request: r})
		if err != nil {
			if status, header, _ := chanx.Refusal(err); status != 401 || header.Get("WWW-Authenticate") == "" {
				t.Errorf("refused with %d: %v", status, err)
			}
			return
		}
		s.Discard(nil)
		if verified == "" || len(verified) > 16<<10 || !utf8.ValidString(verified) || strings.ContainsFunc(verified, unicode.IsControl) {
			t.Errorf("Verify got %q", verified)
		}
		if origin == "https://evil.test" && strings.Contains(cookies, verified) && !strings.Contains(authorization+protocols, verified) && query == "" {
			t.Errorf("the cookie counts on a page of %q", origin)
		}
	})
}

func TestAuthenticatorsThatCanNotBe(t *testing.T) {
	verify := func(context.Context, string) (any, error) { return nil, nil }
	for words, a := range map[string]*chanx.Authenticator{
		`consumer "gate" … needs Verify`: {},
		`a cookie "a b"`:                 {Verify: verify, Cookie: "a b"},
		`a header or a cookie "X:"`:      {Verify: verify, Header: "X:"},
		`a cookie "pässe"`:               {Verify: verify, Cookie: "pässe"},
	} {
		mustPanic(t, words, func() {
			chanx.NewConsumer[*chanx.Conn](chanx.NewHub(nil), "gate", nil, &chanx.ConsumerOptions{Authenticator: a})
		})
	}
}

func TestOfferedToken(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"chat"}, ""},
		{[]string{"bearer."}, ""},
		{[]string{"Bearer.x"}, ""},
		{[]string{"bearer.a.b.c"}, "a.b.c"},
		{[]string{"chat,  bearer.x ,bearer.y"}, "x"},
		{[]string{"chat", "bearer., bearer.y"}, "y"},
	} {
		if got := chanx.OfferedToken(test.values...); got != test.want {
			t.Errorf("%q offer %q, want %q", test.values, got, test.want)
		}
	}
}
