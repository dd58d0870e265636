package adaptertest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

func mountingCases(a *Adapter) []testCase {
	all := []testCase{
		{name: "mounting/root", run: func(k *kit) { mountedAt(k, "", "/ws", nil) }},
		{name: "mounting/group with a prefix and middleware", run: func(k *kit) { mountedAt(k, "/{tenant}", "/rooms/{room}", nil) }},
		{name: "mounting/nested groups", run: func(k *kit) { mountedAt(k, "/api/{version}", "/rooms/{room}", []string{"/{tenant}"}) }},
		{name: "mounting/group without a prefix", run: func(k *kit) { mountedAt(k, "/api", "/rooms/{room}", []string{""}) }},
		{name: "mounting/beside plain routes", run: besidePlainRoutes},
		{name: "mounting/several hubs", run: severalHubs},
		{name: "mounting/consumer twice", run: consumerTwice},
		{name: "mounting/address taken", run: addressTaken},
		{name: "mounting/parameter missing", run: parameterMissing},
		{name: "mounting/no such route", run: noSuchRoute},
	}
	if len(a.Routes) > 0 {
		all = append(all, testCase{name: "mounting/the router's own patterns", run: ownPatterns})
	}
	if len(a.Misuse) > 0 {
		all = append(all, testCase{name: "mounting/misuse", run: misuse})
	}
	return all
}

// tags is a middleware that adds to the tag in the request's context.
func tags(text string) func(c Context, next func() error) error {
	return func(c Context, next func() error) error {
		tag, _ := c.Context().Value(tagKey{}).(string)
		c.SetContext(withTag(c.Context(), tag+text))
		return next()
	}
}

// mountedAt mounts a consumer on a group, and on groups of it, and connects.
func mountedAt(k *kit, prefix, address string, inner []string) {
	s := k.site(siteOptions{})
	var r Router = s
	whole, tag := "", ""
	for i, p := range append([]string{prefix}, inner...) {
		if i > 0 || p != "" {
			tag += fmt.Sprint(i)
			r = r.Group(s.pattern(p), tags(fmt.Sprint(i)))
		}
		whole += p
	}
	s.mount(r, address, s.peers("peers", nil), nil)
	s.start()
	whole += address
	values := map[string]string{}
	target := filled(whole, values)
	if got := s.open(target).know(slices.Collect(maps.Keys(values))...); !maps.Equal(got.Values, values) || got.Tag != tag {
		s.Errorf("the values are %v, want %v; the middleware left %q, want %q", got.Values, values, got.Tag, tag)
	}
	s.recorded(whole)
}

// filled returns an address with values in place of parameters.
func filled(address string, values map[string]string) string {
	segments := strings.Split(address, "/")
	for i, segment := range segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			values[name] = fmt.Sprintf("%s-%d", name, i)
			segments[i] = values[name]
		}
	}
	return strings.Join(segments, "/")
}

// recorded fails the test where the hub's endpoints are not at these addresses.
func (s *site) recorded(want ...string) {
	s.Helper()
	var got []string
	for _, e := range s.hub.Endpoints() {
		got = append(got, e.Path())
	}
	if !slices.Equal(got, want) {
		s.Errorf("the addresses are %q, want %q", got, want)
	}
}

func besidePlainRoutes(k *kit) {
	s := k.site(siteOptions{})
	s.Get(s.pattern("/rooms/list"), func(c Context) error { return c.Answer(http.StatusOK, "a list") })
	s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
	s.Get(s.pattern("/rooms/{room}/members"), func(c Context) error { return c.Answer(http.StatusOK, "members") })
	s.start()
	if got := s.get("/rooms/list", nil) + ", " + s.get("/rooms/go/members", nil); got != "a list, members" {
		s.Errorf("the routes say %q", got)
	}
	if got := s.open("/rooms/go").know("room").Values["room"]; got != "go" {
		s.Errorf("the room is %q", got)
	}
}

func severalHubs(k *kit) {
	s, other := k.site(siteOptions{}), k.site(siteOptions{})
	s.mount(s, "/a/{room}", s.peers("peers", nil), nil)
	s.mount(s, "/b/{room}", other.peers("peers", nil), nil)
	s.start()
	a, b := s.open("/a/1"), s.open("/b/2")
	a.echoed("a")
	b.echoed("b")
	s.recorded("/a/{room}")
	other.recorded("/b/{room}")
	if s.hub.Connections() != 1 || other.hub.Connections() != 1 {
		s.Errorf("%d and %d connections, want one on each hub", s.hub.Connections(), other.hub.Connections())
	}
	a.send(`{"action":"say","payload":{"text":"hello"}}`)
	a.expect(`{"action":"said","payload":{"text":"hello"}}`)
	b.echoed("nothing heard")
}

// panicsWith fails the test unless f panics with a text that has these parts.
func (k *kit) panicsWith(f func(), parts ...string) {
	k.Helper()
	defer func() {
		k.Helper()
		text := fmt.Sprint(recover())
		for _, part := range parts {
			if !strings.Contains(text, part) {
				k.Errorf("the panic %q does not say %q", text, part)
			}
		}
	}()
	f()
}

func consumerTwice(k *kit) {
	s := k.site(siteOptions{})
	c := s.peers("peers", nil)
	s.mount(s, "/one", c, nil)
	s.panicsWith(func() { s.mount(s, "/two", c, nil) }, "peers", "/one", "/two")
}

func addressTaken(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/rooms/{room}", s.peers("one", nil), nil)
	s.misplaced(s.peers("two", nil), "/rooms/")
}

// misplaced fails the test unless it comes out that a consumer can't be mounted at
// "/rooms/{room}", and why: when it is mounted or, with routers that learn only
// later where they are, when the application begins to serve, or from the first
// handshake on.
func (s *site) misplaced(c chanx.Mountable, parts ...string) {
	s.Helper()
	text := ""
	func() {
		defer func() { text = fmt.Sprint(recover()) }()
		s.mount(s, "/rooms/{room}", c, nil)
	}()
	if text == "<nil>" {
		s.start()
		var answer *http.Response
		client, err := s.tryConnect()
		if err == nil {
			_, _ = io.WriteString(client.conn, handshake(s.address, "/rooms/go"))
			answer, err = http.ReadResponse(client.br, nil)
		}
		switch {
		case err != nil:
			await(s.kit, "Serve has returned", s.served)
			text = fmt.Sprint(s.failed)
		case answer.StatusCode != http.StatusInternalServerError:
			s.Errorf("the handshake is answered with %s", answer.Status)
		default:
			text = s.hubLog.String()
		}
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.Errorf("it says %q, and nothing of %q", text, part)
		}
	}
}

// tenantParams are parameters that an address has to have.
type tenantParams struct {
	Tenant string `path:"tenant"`
}

func parameterMissing(k *kit) {
	s := k.site(siteOptions{})
	c := chanx.NewConsumer[*chanx.Conn](s.hub, "peers", nil, nil)
	chanx.Params[tenantParams](c)
	s.misplaced(c, "{tenant}", "/rooms/{room}")
}

func noSuchRoute(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
	s.start()
	for _, target := range []string{"/", "/rooms", "/rooms/", "/rooms/go/on", "/room/go"} {
		s.refused(target, http.StatusNotFound)
	}
	if got := s.hub.Connections(); got != 0 {
		s.Errorf("%d connections", got)
	}
}

func ownPatterns(k *kit) {
	for i, route := range k.adapter.Routes {
		s := k.site(siteOptions{})
		s.Handle(route.Pattern, s.peers(fmt.Sprint("peers-", i), nil), nil)
		s.start()
		got := s.open(route.Path).know(slices.Collect(maps.Keys(route.Values))...).Values
		if len(got) != len(route.Values) || len(got) > 0 && !maps.Equal(got, route.Values) {
			s.Errorf("%s at %s has %v, want %v", route.Path, route.Pattern, got, route.Values)
		}
		s.recorded(route.Address)
	}
}

func misuse(k *kit) {
	for _, pattern := range k.adapter.Misuse {
		s := k.site(siteOptions{})
		s.panicsWith(func() { s.Handle(pattern, s.peers("peers", nil), nil) }, pattern)
	}
}
