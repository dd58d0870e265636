package adaptertest

import (
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/page"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

func documentCases(a *Adapter) []testCase {
	all := []testCase{
		{name: "documents/served", run: document},
		{name: "documents/page", run: documentPage},
		{name: "documents/encodings", run: documentEncodings},
		{name: "documents/addresses with prefixes", run: addresses},
		{name: "documents/server of the request", run: documentServer},
		{name: "documents/server behind a proxy", run: documentProxy},
		{name: "documents/behind authentication", run: documentProtected},
	}
	var names []string
	for _, m := range touching(a) {
		names = append(names, m.Name)
	}
	if len(names) > 0 {
		all = append(all, testCase{name: "documents/behind middleware", about: strings.Join(names, "; "), run: documentBehind})
	}
	return all
}

// touching is the middleware that may change what is served.
func touching(a *Adapter) []Middleware {
	var all []Middleware
	for _, m := range a.Middleware {
		if slices.Contains([]string{"gzip", "ETag", "buffer", "body dump", "secure headers", "CORS", "path cleaning"}, m.Kind) {
			all = append(all, m)
		}
	}
	return all
}

// documentation is a site with documents of one consumer.
func (k *kit) documentation(opts *asyncapi.Options) *site {
	k.Helper()
	s := k.site(siteOptions{})
	s.Docs("/asyncapi", s.hub, opts)
	s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
	return s
}

// parsed is what the suite looks at in a document.
type parsed struct {
	AsyncAPI string                  `json:"asyncapi"`
	Servers  map[string]*spec.Server `json:"servers"`
	Channels map[string]struct {
		Address string `json:"address"`
	} `json:"channels"`
}

// parse reads a document.
func (s *site) parse(text string) parsed {
	s.Helper()
	var d parsed
	if err := json.Unmarshal([]byte(text), &d); err != nil || !strings.HasPrefix(d.AsyncAPI, "3.") {
		s.Fatalf("the document is not one: %s, %v", brief(text), err)
	}
	return d
}

// documented returns the addresses in a document.
func (s *site) documented(target string) []string {
	s.Helper()
	var all []string
	for _, c := range s.parse(s.get(target, nil)).Channels {
		all = append(all, c.Address)
	}
	slices.Sort(all)
	return all
}

// kinds are what is served, by the ends of the paths, with their types.
var kinds = map[string]string{"": "text/html; charset=utf-8", ".json": "application/json", ".yaml": "application/yaml"}

func document(k *kit) {
	s := k.documentation(nil)
	s.start()
	if got := s.documented("/asyncapi.json"); !slices.Equal(got, []string{"/rooms/{room}"}) {
		s.Errorf("the addresses are %q", got)
	}
	if yaml, err := spec.YAML([]byte(s.get("/asyncapi.json", nil))); err != nil || s.get("/asyncapi.yaml", nil) != string(yaml) {
		s.Errorf("the YAML is not that of the JSON, or there is none: %v", err)
	}
	for end, kind := range kinds {
		a := s.request(http.MethodGet, "/asyncapi"+end, nil)
		tag := a.header.Get("ETag")
		if a.status != http.StatusOK || a.header.Get("Content-Type") != kind || tag == "" || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Cache-Control") != "no-cache" {
			s.Errorf("%s is answered with %d %v", end, a.status, a.header)
		}
		if head := s.request(http.MethodHead, "/asyncapi"+end, nil); head.status != http.StatusOK || head.header.Get("ETag") != tag || head.body != "" ||
			head.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
			s.Errorf("HEAD of %s is answered with %d, %v", end, head.status, head.header)
		}
		if same := s.request(http.MethodGet, "/asyncapi"+end, http.Header{"If-None-Match": {tag}}); same.status != http.StatusNotModified || same.body != "" || same.header.Get("ETag") != tag {
			s.Errorf("%s, which is known, is answered with %d and %d bytes", end, same.status, len(same.body))
		}
		if again := s.request(http.MethodGet, "/asyncapi"+end, http.Header{"If-None-Match": {`"other"`}}); again.status != http.StatusOK || again.body != a.body {
			s.Errorf("%s, which is not known, is answered with %d", end, again.status)
		}
		if post := s.request(http.MethodPost, "/asyncapi"+end, nil); post.status != http.StatusMethodNotAllowed && post.status != http.StatusNotFound {
			s.Errorf("POST to %s is answered with %d", end, post.status)
		}
	}
}

// The page comes as it is, with a policy that lets it load nothing from elsewhere;
// without it there is the document alone.
func documentPage(k *kit) {
	s := k.documentation(nil)
	s.Docs("/bare", s.hub, &asyncapi.Options{NoPage: true})
	s.start()
	a := s.request(http.MethodGet, "/asyncapi", nil)
	if a.body != string(page.Default().HTML) {
		s.Errorf("the page is %s", brief(a.body))
	}
	policies := a.header.Values("Content-Security-Policy")
	if len(policies) != 1 || !strings.Contains(policies[0], "default-src 'none'") || !strings.Contains(policies[0], "connect-src 'self'") ||
		strings.Contains(policies[0], "unsafe") || strings.Contains(policies[0], "//") {
		s.Errorf("the policies are %q", policies)
	}
	if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
		s.Errorf("the referrer's policy is %q", got)
	}
	if none := s.request(http.MethodGet, "/bare", nil); none.status != http.StatusNotFound {
		s.Errorf("a page that is not wanted is answered with %d", none.status)
	}
	s.documented("/bare.json")
}

// What is compressed is the same once it is unpacked, and has a tag of its own.
func documentEncodings(k *kit) {
	s := k.documentation(nil)
	s.start()
	for end := range kinds {
		plain := s.request(http.MethodGet, "/asyncapi"+end, nil)
		zipped := s.request(http.MethodGet, "/asyncapi"+end, http.Header{"Accept-Encoding": {"br;q=0, gzip"}})
		if plain.header.Get("Content-Encoding") != "" || zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body) >= len(plain.body) {
			s.Errorf("%s is %d bytes in the encoding %q for who asks for gzip", end, len(zipped.body), zipped.header.Get("Content-Encoding"))
		}
		if got := s.unpacked(zipped); got != plain.body {
			s.Errorf("%s is another text when it is compressed: %s", end, brief(got))
		}
		for _, a := range []answer{plain, zipped} {
			if a.header.Get("Vary") != "Accept-Encoding" || a.header.Get("ETag") == "" || (a.header.Get("ETag") == plain.header.Get("ETag")) != (a.body == plain.body) {
				s.Errorf("%s comes with %v", end, a.header)
			}
		}
		known := http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {zipped.header.Get("ETag")}}
		if same := s.request(http.MethodGet, "/asyncapi"+end, known); same.status != http.StatusNotModified || same.body != "" {
			s.Errorf("%s, which is known compressed, is answered with %d and %d bytes", end, same.status, len(same.body))
		}
	}
}

// unpacked is an answer's text.
func (s *site) unpacked(a answer) string {
	s.Helper()
	if a.header.Get("Content-Encoding") == "" {
		return a.body
	}
	zip, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		s.Errorf("%q is not compressed well: %v", brief(a.body), err)
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(zip, 1<<20))
	if err != nil {
		s.Errorf("what is compressed ends with: %v", err)
	}
	return string(text)
}

// Documents know where everything is, also where that comes after them, and are
// served in groups too.
func addresses(k *kit) {
	s := k.site(siteOptions{})
	api := s.Group(s.pattern("/api/{version}"), tags("x"))
	api.Docs("/docs", s.hub, nil)
	s.mount(api.Group(s.pattern("/{tenant}")), "/rooms/{room}", s.peers("rooms", nil), nil)
	s.mount(s, "/files/{path...}", s.peers("files", nil), nil)
	s.mount(api, "/lobby", s.peers("lobby", nil), nil)
	s.start()
	want := []string{"/api/{version}/lobby", "/api/{version}/{tenant}/rooms/{room}", "/files/{path}"}
	if got := s.documented("/api/v1/docs.json"); !slices.Equal(got, want) {
		s.Errorf("the addresses are %q, want %q", got, want)
	}
	for end, kind := range kinds {
		if a := s.request(http.MethodGet, "/api/v1/docs"+end, nil); a.status != http.StatusOK || a.header.Get("Content-Type") != kind {
			s.Errorf("%s is answered with %d %v", end, a.status, a.header)
		}
	}
}

// server is the server that a document names: protocol, host and pathname.
func (s *site) server(secure *tls.Config, header http.Header) string {
	s.Helper()
	servers := s.parse(s.requestOver(secure, http.MethodGet, "/asyncapi.json", header).body).Servers
	current := servers["current"]
	if len(servers) != 1 || current == nil {
		s.Errorf("there are %d servers", len(servers))
		return ""
	}
	return current.Protocol + " " + current.Host + " " + current.Pathname
}

// forwarded is what proxies say, and everybody can.
func forwarded(host string) http.Header {
	return http.Header{"Host": {host}, "X-Forwarded-Host": {"outside.example, inside.example"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Prefix": {"/chat"}}
}

// Every document names the host that its request came to, however many hosts there
// are, and whatever anybody says.
func documentServer(k *kit) {
	s := k.documentation(&asyncapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	s.start()
	if got := s.server(nil, nil); got != "ws "+s.address+" " {
		s.Errorf("the server is %q", got)
	}
	for i := range 40 {
		host := fmt.Sprintf("host-%d.example:%d", i*i%7, 8000+i%3)
		if got := s.server(nil, forwarded(host)); got != "ws "+host+" " {
			s.Errorf("the server is %q for who asks %q", got, host)
		}
	}
	over := k.documentation(nil)
	secure := over.secure("http/1.1")
	if got := over.server(secure, nil); got != "wss "+over.address+" " {
		s.Errorf("over TLS the server is %q", got)
	}
}

func documentProxy(k *kit) {
	s := k.documentation(&asyncapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	s.start()
	if got := s.server(nil, forwarded("inside.example")); got != "wss outside.example /chat" {
		s.Errorf("behind a proxy the server is %q", got)
	}
	if got := s.server(nil, nil); got != "ws "+s.address+" " {
		s.Errorf("without a proxy the server is %q", got)
	}
	twice := forwarded("inside.example")
	twice["X-Forwarded-Host"] = []string{"first.example", "second.example"}
	if got := s.server(nil, twice); got != "wss first.example /chat" {
		s.Errorf("behind proxies that add lines the server is %q", got)
	}
}

// A group's middleware protects what is served in it, and in groups of it.
func documentProtected(k *kit) {
	s := k.site(siteOptions{})
	internal := s.Group("/internal", func(c Context, next func() error) error {
		c.SetHeader("X-Served-By", "the middleware")
		if c.Header("X-Token") != "right" {
			return c.Answer(http.StatusUnauthorized, "who are you?")
		}
		return next()
	})
	internal.Docs("/docs", s.hub, nil)
	internal.Group("/group").Docs("/docs", s.hub, nil)
	s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
	s.start()
	for _, base := range []string{"/internal/docs", "/internal/group/docs"} {
		for end, kind := range kinds {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if a := s.request(method, base+end, nil); a.status != http.StatusUnauthorized || a.header.Get("ETag") != "" || method == http.MethodGet && a.body != "who are you?" {
					s.Errorf("%s of %s%s without a token is answered with %d", method, base, end, a.status)
				}
				if a := s.request(method, base+end, http.Header{"X-Token": {"right"}}); a.status != http.StatusOK || a.header.Get("Content-Type") != kind || a.header.Get("X-Served-By") != "the middleware" {
					s.Errorf("%s of %s%s with a token is answered with %d %v", method, base, end, a.status, a.header)
				}
			}
		}
	}
}

// Middleware that compresses leaves alone what is compressed, or does it once; none
// changes what the text or its policy is.
func documentBehind(k *kit) {
	for _, m := range touching(k.adapter) {
		s := k.site(siteOptions{})
		m.Use(s.TB, s.App)
		s.Docs("/asyncapi", s.hub, nil)
		s.mount(s, "/rooms/{room}", s.peers("peers", nil), nil)
		s.start()
		for end, kind := range kinds {
			plain := s.request(http.MethodGet, "/asyncapi"+end, nil)
			if plain.status != http.StatusOK || plain.header.Get("Content-Encoding") != "" || plain.header.Get("Content-Type") != kind {
				s.Errorf("%s: %s is answered with %d %v", m.Name, end, plain.status, plain.header)
			}
			for _, accept := range []string{"gzip", "deflate;q=0.5, gzip"} {
				header := http.Header{"Accept-Encoding": {accept}, "Origin": {"http://" + s.address}}
				a := s.request(http.MethodGet, "/asyncapi"+end, header)
				if got := s.unpacked(a); got != plain.body || len(a.header.Values("Content-Encoding")) > 1 || len(a.header.Values("Content-Type")) > 1 {
					s.Errorf("%s: %s is another text for who accepts %s: %v %s", m.Name, end, accept, a.header, brief(got))
				}
				header["If-None-Match"] = []string{a.header.Get("ETag")}
				if same := s.request(http.MethodGet, "/asyncapi"+end, header); same.status != http.StatusNotModified || same.body != "" {
					s.Errorf("%s: %s, which is known, is answered with %d and %d bytes: %v", m.Name, end, same.status, len(same.body), same.header)
				}
			}
		}
		if policies := s.request(http.MethodGet, "/asyncapi", nil).header.Values("Content-Security-Policy"); len(policies) != 1 || !strings.Contains(policies[0], "connect-src 'self'") {
			s.Errorf("%s: the policies are %q", m.Name, policies)
		}
	}
}
