package adaptertest

import (
	"context"
)

func valueCases() []testCase {
	return []testCase{
		{name: "values/encoded in the path", run: encodedValues},
		{name: "values/rest of the path", run: restOfThePath},
		{name: "values/query, header and cookie", run: boundValues},
	}
}

func withTag(ctx context.Context, tag string) context.Context {
	return context.WithValue(ctx, tagKey{}, tag)
}

// A consumer sees decoded values, however the router has them.
func encodedValues(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/r/{room}", s.peers("peers", nil), nil)
	s.start()
	for target, want := range map[string]string{
		"a":                  "a",
		"a%20b":              "a b",
		"caf%C3%A9":          "café",
		"café":               "café",
		"a%2Fb":              "a/b",
		"a%2fb":              "a/b",
		"a%2Fb%20c":          "a/b c",
		"100%25":             "100%",
		"%252F":              "%2F",
		"%252F%2F":           "%2F/",
		"a+b":                "a+b",
		"a%2Bb":              "a+b",
		"a&b;c=d":            "a&b;c=d",
		"%3Fq%23f":           "?q#f",
		"%F0%9F%9A%AA":       "🚪",
		"%22%3Cb%3E%22":      `"<b>"`,
		"%7Broom%7D":         "{room}",
		"%3Aroom":            ":room",
		"go?room=query":      "go",
		"%61%62":             "ab",
		"a:b@c,d!$'()*~._-e": "a:b@c,d!$'()*~._-e",
	} {
		if got := s.open("/r/" + target).know("room").Values["room"]; got != want {
			s.Errorf("the room of /r/%s is %q, want %q", target, got, want)
		}
	}
}

func restOfThePath(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/files/{path...}", s.peers("peers", nil), nil)
	s.start()
	for target, want := range map[string]string{
		"a":              "a",
		"a/b.txt":        "a/b.txt",
		"a/b%2Fc/d":      "a/b/c/d",
		"a/b%2Fc/%20d":   "a/b/c/ d",
		"100%25/%252F":   "100%/%2F",
		"a+b/caf%C3%A9/": "a+b/café/",
	} {
		if got := s.open("/files/" + target).know("path").Values["path"]; got != want {
			s.Errorf("the rest of /files/%s is %q, want %q", target, got, want)
		}
	}
	s.recorded("/files/{path}")
}

func boundValues(k *kit) {
	s := k.site(siteOptions{})
	s.mount(s, "/ws", s.peers("peers", nil), nil)
	s.start()
	c := s.open("/ws?q=a%20b%26c&other=1", "X-Tag: café", "Cookie: other=1; tag=t-1")
	want := bound{Query: "a b&c", Header: "café", Cookie: "t-1"}
	if got := c.know().Bound; got != want {
		s.Errorf("bound are %+v, want %+v", got, want)
	}
	if got := s.open("/ws").know().Bound; got != (bound{}) {
		s.Errorf("bound are %+v, want nothing", got)
	}
}
