package adaptertest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func identityCases() []testCase {
	return []testCase{
		{name: "identity/of the framework's store", run: identityOfStore},
		{name: "identity/typed", run: typedIdentity},
		{name: "identity/nobody", run: nobody},
		{name: "identity/values of the request's context", run: contextValues},
		{name: "identity/nothing else of the store", run: nothingElse},
		{name: "identity/the request, in open", run: requestInOpen},
	}
}

// byHeader is an authentication: the user is in a header.
func byHeader(c Context, next func() error) error {
	user := c.Header("X-User")
	if user == "" {
		return c.Answer(http.StatusUnauthorized, "who are you?")
	}
	c.Set("user-of-the-suite", user)
	return next()
}

func storedUser(c Context) (any, error) { return c.Get("user-of-the-suite"), nil }

func identityOfStore(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s.Group("", byHeader), "/ws", s.peers("peers", nil), storedUser)
	s.start()
	ann, bob := s.open("/ws", "X-User: ann"), s.open("/ws", "X-User: bob")
	if a, b := ann.know().User, bob.know().User; a != "ann" || b != "bob" {
		s.Errorf("ann is %q, and bob is %q", a, b)
	}
	if got := s.refused("/ws", http.StatusUnauthorized); !strings.Contains(got.body, "who are you?") {
		s.Errorf("the middleware's answer came as %s", got.body)
	}
}

// account is an identity that is no string.
type account struct {
	name  string
	roles []string
}

func typedIdentity(k *kit) {
	s := k.site(siteOptions{})
	found := make(chan *account, 1)
	c := s.peers("peers", &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
		who, ok := chanx.Identity[*account](conn)
		if _, other := chanx.Identity[string](conn); !ok || other {
			return errors.New("it is no account, or a string too")
		}
		found <- who
		return nil
	}})
	want := &account{"ann", []string{"admin"}}
	s.mount(s, "/ws", c, func(Context) (any, error) { return want, nil })
	s.start()
	s.open("/ws").echoed("hello")
	if got := await(s.kit, "open has run", found); got != want {
		s.Errorf("the account is %+v", got)
	}
}

func nobody(k *kit) {
	for _, identity := range []func(Context) (any, error){nil, func(Context) (any, error) { return nil, nil }} {
		s := k.site(siteOptions{})
		c := s.peers("peers", &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
			if who, ok := chanx.Identity[any](conn); ok {
				return chanx.Errorf(chanx.Conflict, "there is somebody: %v", who)
			}
			return nil
		}})
		s.mount(s, "/ws", c, identity)
		s.start()
		s.open("/ws").echoed("hello")
	}
}

// The values of the request's context stay; its end is not the connection's.
func contextValues(k *kit) {
	s := k.site(siteOptions{})
	c := s.peers("peers", &hooks{open: func(ctx context.Context, _ *chanx.Conn) error {
		if ctx.Value(tagKey{}) != "a tag" {
			return errors.New("open's context has no tag")
		}
		return nil
	}})
	cancelled := func(c Context, next func() error) error {
		ctx, cancel := context.WithCancel(withTag(c.Context(), "a tag"))
		defer cancel()
		c.SetContext(ctx)
		return next()
	}
	s.mount(s.Group("", cancelled), "/ws", c, nil)
	s.Get(s.pattern("/plain"), func(c Context) error { return c.Answer(http.StatusOK, "plain") })
	s.start()
	socket := s.open("/ws")
	for range 10 {
		s.get("/plain", nil)
	}
	if got := socket.know(); got.Tag != "a tag" || got.Ended || got.Request {
		s.Errorf("the tag is %q; the context has ended: %v; the request is kept: %v", got.Tag, got.Ended, got.Request)
	}
}

// What a middleware left for others, such as a password, does not come along.
func nothingElse(k *kit) {
	s := k.site(siteOptions{})
	type secretKey struct{}
	found := make(chan any, 4)
	h := &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
		for _, key := range []any{"password", secretKey{}} {
			found <- conn.Context().Value(key)
		}
		return nil
	}}
	leave := func(c Context, next func() error) error {
		c.Set("password", "secret")
		return next()
	}
	s.mount(s.Group("", leave), "/ws", s.peers("peers", h), func(c Context) (any, error) {
		if c.Get("password") != "secret" {
			return nil, errors.New("the store does not keep what a middleware leaves")
		}
		return "ann", nil
	})
	s.start()
	if got := s.open("/ws").know().User; got != "ann" {
		s.Errorf("the user is %q", got)
	}
	for range 2 {
		if v := await(s.kit, "open has run", found); v != nil {
			s.Errorf("the connection's context has %v", v)
		}
	}
}

func requestInOpen(k *kit) {
	s := k.site(siteOptions{})
	seen := make(chan string, 1)
	c := s.peers("peers", &hooks{open: func(_ context.Context, conn *chanx.Conn) error {
		r := conn.Request()
		cookie, err := r.Cookie("tag")
		if err != nil {
			return err
		}
		name, password, _ := r.BasicAuth()
		seen <- strings.Join([]string{
			r.Method, r.Host, r.RequestURI, r.URL.Path, r.URL.Query().Get("q"), r.Header.Get("X-Tag"),
			strings.Join(r.Header.Values("X-Many"), "+"), cookie.Value, name, password,
		}, " ")
		if host, _, found := strings.Cut(r.RemoteAddr, ":"); host != "127.0.0.1" || !found {
			return errors.New("the remote address is " + r.RemoteAddr)
		}
		return nil
	}})
	s.mount(s, "/r/{room}", c, nil)
	s.start()
	s.open("/r/a%20b?q=1", "X-Tag: t", "X-Many: 1", "X-Many: 2", "Cookie: tag=t-1", "Authorization: Basic YW5uOnNlY3JldA==")
	want := strings.Join([]string{"GET", s.address, "/r/a%20b?q=1", "/r/a b", "1", "t", "1+2", "t-1", "ann", "secret"}, " ")
	if got := await(s.kit, "open has run", seen); got != want {
		s.Errorf("the request is %q, want %q", got, want)
	}
}
