package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

func authenticatorCases() []testCase {
	return []testCase{
		{name: "authenticator/header, cookie, query, subprotocol", run: tokensAnywhere},
		{name: "authenticator/long token", run: longToken},
		{name: "authenticator/refusals", run: tokensRefused},
		{name: "authenticator/cookie of a foreign page", run: foreignCookie},
		{name: "authenticator/after identity", run: identityFirst},
		{name: "authenticator/expiry", run: expiry},
		{name: "authenticator/refresh", run: refreshed},
	}
}

// tokens are of the form "<user>", or "<user>/<how long it is good>".
func verify(_ context.Context, token string) (any, error) {
	user, age, expires := strings.Cut(token, "/")
	c := chanx.Credential{Identity: user, Subject: user}
	switch {
	case user == "nobody":
		return nil, nil
	case user == "failure":
		return nil, errors.New("the database is at 10.0.0.1")
	case expires:
		d, err := time.ParseDuration(age)
		if err != nil {
			return nil, err
		}
		c.Expires = time.Now().Add(d)
	}
	return c, nil
}

// guarded makes a site with a consumer that authenticates by itself.
func guarded(k *kit, identity func(Context) (any, error)) (*site, *ending) {
	s, e := k.site(siteOptions{}), newEnding(chanx.Limits{CloseTimeout: 500 * time.Millisecond})
	e.options.Authenticator = &chanx.Authenticator{Verify: verify, Cookie: "token", Query: "token"}
	s.mount(s, "/ws", s.peers("peers", &e.hooks), identity)
	s.start()
	return s, e
}

func tokensAnywhere(k *kit) {
	s, _ := guarded(k, nil)
	for _, c := range []struct{ target, header string }{
		{"/ws", "Authorization: Bearer ann"},
		{"/ws", "Cookie: other=bob; token=ann"},
		{"/ws?token=ann", "X-Tag: t"},
		{"/ws?token=an%6e", "X-Tag: t"},
		{"/ws", "Sec-WebSocket-Protocol: bearer.ann"},
	} {
		client := s.open(c.target, c.header)
		if got := client.know().User; got != "ann" {
			s.Errorf("%s with %s is %q", c.target, c.header, got)
		}
		offered, _ := strings.CutPrefix(c.header, "Sec-WebSocket-Protocol: ")
		if got := client.header.Get("Sec-WebSocket-Protocol"); got != "" && got != offered {
			s.Errorf("the subprotocol is %q", got)
		}
	}
	if got := s.open("/ws?token=cleo", "Authorization: Bearer ann", "Cookie: token=bob").know().User; got != "ann" {
		s.Errorf("of header, cookie and query it is %q", got)
	}
}

// A token with many claims is long, and some servers read less of a header than
// that if they aren't told.
func longToken(k *kit) {
	s, _ := guarded(k, nil)
	long := strings.Repeat("ann-", 2<<10)
	for _, header := range []string{"Authorization: Bearer " + long, "Cookie: token=" + long, "Sec-WebSocket-Protocol: bearer." + long} {
		if got := s.open("/ws", header).know().User; got != long {
			s.Errorf("the user is %s", brief(got))
		}
	}
}

func tokensRefused(k *kit) {
	s, _ := guarded(k, nil)
	for header, detail := range map[string]string{
		"X-Tag: t":                              "a token is needed",
		"Authorization: Basic YW5uOnNlY3JldA==": "a token is needed",
		"Authorization: Bearer nobody":          "the token is not valid",
		"Authorization: Bearer failure":         "the token is not valid",
		"Authorization: Bearer ann/-1s":         "the credentials have expired",
	} {
		a := s.refused("/ws", http.StatusUnauthorized, header)
		s.isError(a, chanx.Unauthenticated, detail)
		if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
			s.Errorf("%s: WWW-Authenticate is %q", header, got)
		}
	}
	s.nobodyLeft()
}

func foreignCookie(k *kit) {
	s := k.site(siteOptions{hub: chanx.HubOptions{Origins: []string{"*", "https://app.example.com"}}})
	h := &hooks{options: chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: verify, Cookie: "token"}}}
	s.mount(s, "/ws", s.peers("peers", h), nil)
	s.start()
	for _, origin := range []string{"http://" + s.address, "https://app.example.com"} {
		s.open("/ws", "Cookie: token=ann", "Origin: "+origin).echoed("hello")
	}
	s.refused("/ws", http.StatusUnauthorized, "Cookie: token=ann", "Origin: https://evil.com")
	s.open("/ws", "Authorization: Bearer ann", "Origin: https://evil.com").echoed("hello")
}

// Whom the middleware has found is who it is.
func identityFirst(k *kit) {
	s, _ := guarded(k, func(c Context) (any, error) {
		if user := c.Header("X-User"); user != "" {
			return user, nil
		}
		return nil, nil
	})
	if got := s.open("/ws", "X-User: ann", "Authorization: Bearer bob").know().User; got != "ann" {
		s.Errorf("it is %q", got)
	}
	if got := s.open("/ws", "Authorization: Bearer bob").know().User; got != "bob" {
		s.Errorf("it is %q", got)
	}
}

// Credentials that expire end the connection, whoever has found them.
func expiry(k *kit) {
	s, e := guarded(k, func(c Context) (any, error) {
		if c.Header("X-User") == "" {
			return nil, nil
		}
		return chanx.Credential{Identity: "ann", Expires: time.Now().Add(300 * time.Millisecond)}, nil
	})
	for _, header := range []string{"X-User: ann", "Authorization: Bearer ann/300ms"} {
		c := s.open("/ws", header)
		if got := c.know(); got.User != "ann" {
			s.Errorf("it is %q", got.User)
		}
		c.ends(int(chanx.CloseExpired))
		e.once(s, chanx.CloseExpired, false)
	}
}

func refreshed(k *kit) {
	s, e := guarded(k, nil)
	c := s.open("/ws", "Authorization: Bearer ann/2s")
	renew := func(token string) string {
		c.send(fmt.Sprintf(`{"action":"authentication","ref":"r","payload":{"token":%q}}`, token))
		return c.next()
	}
	for token, reason := range map[string]string{"nobody": "unauthenticated", "ann/-1s": "unauthenticated", "bob": "forbidden"} {
		if got := renew(token); !strings.HasPrefix(got, `{"ref":"r","action":"error","payload":{"reason":"`+reason+`"`) {
			s.Errorf("%s gets %s, want %s", token, brief(got), reason)
		}
	}
	if got := renew("ann/1h"); !strings.HasPrefix(got, `{"ref":"r","action":"authentication","payload":{"status_code":200`) {
		s.Errorf("got %s", brief(got))
	}
	c.expectNothing(3 * time.Second)
	if got := c.know().User; got != "ann" {
		s.Errorf("it is %q", got)
	}
	c.close(1000)
	c.ends(1000)
	e.once(s, 1000, true)
}
