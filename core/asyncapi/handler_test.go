package asyncapi_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/page"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/google/go-cmp/cmp"
)

// serve asks a handler; the lines are those of the header.
func serve(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	h.ServeHTTP(w, r)
	return w
}

// fixed are options with a server, so that a document is the same everywhere.
func fixed() *asyncapi.Options {
	return &asyncapi.Options{Servers: map[string]*spec.Server{"main": {Host: "ws.example.com", Protocol: "wss"}}}
}

func TestHandler(t *testing.T) {
	hub := newHub()
	h := asyncapi.Handler(hub, fixed())
	chanx.Mount(chanx.NewConsumer[conn](hub, "late", nil, nil), "/late") // before the first request is early enough
	text := generate(t, hub, fixed())
	yaml, err := spec.YAML(text)
	if err != nil {
		t.Fatal(err)
	}
	page := page.Default().HTML
	for target, want := range map[string]struct {
		kind string
		body []byte
	}{
		"/asyncapi":             {"text/html; charset=utf-8", page},
		"/asyncapi.json":        {"application/json", text},
		"/asyncapi.yaml":        {"application/yaml", yaml},
		"/behind/any/docs.json": {"application/json", text},
		"/AsyncAPI.YAML/":       {"application/yaml", yaml}, // as fiber takes it
		"/asyncapi/":            {"text/html; charset=utf-8", page},
		"/asyncapi?x=.json":     {"text/html; charset=utf-8", page},
	} {
		w := serve(t, h, http.MethodGet, target)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want.kind || !bytes.Equal(w.Body.Bytes(), want.body) {
			t.Errorf("GET %s: %d %s\n%s", target, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Vary": "Accept-Encoding", "Content-Length": fmt.Sprint(w.Body.Len())} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s has %s: %q", target, name, got)
			}
		}
		head := serve(t, h, http.MethodHead, target)
		if diff := cmp.Diff(w.Header(), head.Header()); diff != "" || head.Code != http.StatusOK || head.Body.Len() > 0 {
			t.Errorf("HEAD %s: %d with %d bytes (-GET +HEAD):\n%s", target, head.Code, head.Body.Len(), diff)
		}
		for _, method := range []string{http.MethodPost, http.MethodOptions} {
			if w := serve(t, h, method, target); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, and %q are allowed", method, target, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

// The encoding that goes out, which has a tag of its own.
func TestHandlerEncodings(t *testing.T) {
	h := asyncapi.Handler(fullHub(false), fixed())
	for _, target := range []string{"/asyncapi", "/asyncapi.json", "/asyncapi.yaml"} {
		plain := serve(t, h, http.MethodGet, target)
		tags := map[string]string{"": plain.Header().Get("ETag"), "gzip": serve(t, h, http.MethodGet, target, "Accept-Encoding: gzip").Header().Get("ETag")}
		if tags[""] == tags["gzip"] || !strings.HasPrefix(tags[""], `"`) || !strings.HasPrefix(tags["gzip"], `"`) {
			t.Errorf("the tags of %s are %q", target, tags)
		}
		for accept, want := range map[string]string{
			"gzip": "gzip", "br, GZIP;q=0.5": "gzip", "*": "gzip", "x-gzip": "gzip", "deflate, *;q=0.1": "gzip",
			"": "", "identity": "", "gzip;q=0": "", "gzip; q=0.000, *": "", "*;q=0": "", "br": "", "gzip;q=x": "",
		} {
			w := serve(t, h, http.MethodGet, target, "Accept-Encoding: "+accept)
			if got := w.Header().Get("Content-Encoding"); got != want || w.Header().Get("ETag") != tags[want] || w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
				t.Errorf("%s with %q is answered with %v", target, accept, w.Header())
			}
			if got := unzipped(t, w); got != plain.Body.String() {
				t.Errorf("%s with %q is another text:\n%s", target, accept, got)
			}
			for have, status := range map[string]int{
				tags[want]: http.StatusNotModified, "W/" + tags[want]: http.StatusNotModified, `"other", ` + tags[want]: http.StatusNotModified, "*": http.StatusNotModified,
				`"other"`: http.StatusOK, "": http.StatusOK, strings.Trim(tags[want], `"`): http.StatusOK,
			} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					w := serve(t, h, method, target, "Accept-Encoding: "+accept, "If-None-Match: "+have)
					if w.Code != status || w.Header().Get("ETag") != tags[want] || w.Header().Get("Vary") != "Accept-Encoding" {
						t.Errorf("%s %s of who has %s: %d %v", method, target, have, w.Code, w.Header())
					}
					if (w.Body.Len() > 0) != (method == http.MethodGet && status == http.StatusOK) {
						t.Errorf("%s %s of who has %s: %d bytes", method, target, have, w.Body.Len())
					}
				}
			}
		}
	}
}

// unzipped is the text of an answer.
func unzipped(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") == "" {
		return w.Body.String()
	}
	zip, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A middleware that compresses says so before it calls the handler, in one of two
// ways.
func TestHandlerBehindCompression(t *testing.T) {
	h := asyncapi.Handler(fullHub(false), fixed())
	want := serve(t, h, http.MethodGet, "/asyncapi.json").Body.String()
	for name, value := range map[string]string{"Content-Encoding": "br", "Vary": "Origin, accept-encoding"} {
		w := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, value)
			h.ServeHTTP(w, r)
		}), http.MethodGet, "/asyncapi.json", "Accept-Encoding: gzip")
		if w.Body.String() != want || w.Header().Get(name) != value || w.Header().Get("Content-Length") != "" {
			t.Errorf("behind %s: %s: %v", name, value, w.Header())
		}
		if tag := w.Header().Get("ETag"); !strings.HasPrefix(tag, `W/"`) {
			t.Errorf("behind %s: %s: the tag is %s", name, value, tag)
		}
	}
}

// The server that a request came to.
func TestHandlerServer(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const outside, inside = "203.0.113.7:1234", "10.1.2.3:80"
	for _, c := range []struct {
		name, target, peer string
		header             []string
		want               string // protocol, host, pathname
	}{
		{"", "http://example.com/asyncapi.json", outside, nil, "ws example.com "},
		{"port", "http://Example.com:8080/asyncapi.json", outside, nil, "ws example.com:8080 "},
		{"TLS", "https://example.com/asyncapi.json", outside, nil, "wss example.com "},
		{"IPv6", "https://[2001:db8::1]:8443/asyncapi.json", outside, nil, "wss [2001:db8::1]:8443 "},
		{"anybody may claim", "http://example.com/asyncapi.json", outside, []string{"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /evil"}, "ws example.com "},
		{"proxy", "http://app:8080/v1/asyncapi.json", inside, []string{"X-Forwarded-Host: example.com", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /chat/v%20/"}, "wss example.com /chat/v%20"},
		{"proxies", "http://app:8080/asyncapi.json", inside, []string{"X-Forwarded-Host: example.com, inner", "X-Forwarded-Proto: https,http", "X-Forwarded-Prefix: /a, /b"}, "wss example.com /a"},
		{"proxy, which says nothing", "http://app:8080/asyncapi.json", inside, nil, "ws app:8080 "},
		{"proxy, which says nothing new", "https://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: /", "X-Forwarded-Host: "}, "wss app "},
		{"proxy takes TLS off", "https://app/asyncapi.json", inside, []string{"X-Forwarded-Proto: http"}, "ws app "},
		{"proxy on IPv6", "http://app/asyncapi.json", "[fd00::1%eth0]:80", []string{"X-Forwarded-Host: example.com"}, "ws example.com "},
		{"proxy on IPv4 in IPv6", "http://app/asyncapi.json", "[::ffff:10.1.2.3]:80", []string{"X-Forwarded-Host: example.com"}, "ws example.com "},
		{"no address", "http://app/asyncapi.json", "@", []string{"X-Forwarded-Host: example.com"}, "ws app "},
		{"nonsense of a proxy", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Host: a b"}, ""},
		{"another scheme", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Proto: gopher"}, ""},
		{"prefix without a slash", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: chat"}, ""},
		{"prefix that climbs", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: /chat/../.."}, ""},
		{"prefix with braces", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: /{chat}"}, ""},
		{"prefix of two slashes", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: //evil.example"}, ""},
		{"prefix that is not encoded well", "http://app/asyncapi.json", inside, []string{"X-Forwarded-Prefix: /%zz"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asyncapi.Handler(newHub(), &asyncapi.Options{TrustedProxies: proxies})
			if got := serverOf(t, fromPeer(h, c.peer), c.target, c.header...); got != c.want {
				t.Errorf("the server is %q, want %q", got, c.want)
			}
		})
	}
}

// fromPeer gives requests the address of a client.
func fromPeer(h http.Handler, address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = address
		h.ServeHTTP(w, r)
	})
}

// serverOf is the one server of the document that is served there.
func serverOf(t *testing.T, h http.Handler, target string, header ...string) string {
	t.Helper()
	w := serve(t, h, http.MethodGet, target, header...)
	servers := at(t, w.Body.Bytes(), "servers")
	if servers == nil {
		return ""
	}
	if diff := cmp.Diff(set("current"), keys(servers)); diff != "" {
		t.Fatalf("the servers (-want +got):\n%s", diff)
	}
	member := func(name string) string {
		text, _ := at(t, w.Body.Bytes(), "servers", "current", name).(string)
		return text
	}
	return member("protocol") + " " + member("host") + " " + member("pathname")
}

func TestHandlerHosts(t *testing.T) {
	h := asyncapi.Handler(newHub(), nil)
	for host, good := range map[string]bool{
		"localhost": true, "localhost:65535": true, "localhost:65536": false, "a_b.example": true, "xn--bcher-kva.example:443": true, "127.0.0.1:80": true, "[::1]": true, "[::ffff:1.2.3.4]:80": true,
		"": false, "a b": false, "a/b": false, "{host}": false, "a:b": false, "a:123456": false, "user@a": false, "bücher.example": false, "-a": false, ".": false,
		"[::1": false, "[1.2.3.4]": false, "[:::]": false, "a\r\nb": false, "'none'": false, "a;b": false, strings.Repeat("a", 300): false,
	} {
		got := serverOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = host
			h.ServeHTTP(w, r)
		}), "/asyncapi.json")
		if want := "ws " + host + " "; good && got != want || !good && got != "" {
			t.Errorf("%q: the server is %q", host, got)
		}
	}
}

// Requests may name as many hosts as they like, at once.
func TestHandlerManyHosts(t *testing.T) {
	opts := &asyncapi.Options{Description: strings.Repeat("long ", 20_000)}
	h := asyncapi.Handler(newHub(), opts)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var all sync.WaitGroup
	for client := range 4 {
		all.Go(func() {
			for i := range 50 {
				for _, host := range []string{fmt.Sprintf("host-%d-%d", client, i), "usual"} {
					if w := serve(t, h, http.MethodGet, "http://"+host+"/asyncapi.json"); !strings.Contains(w.Body.String(), `"host": "`+host+`"`) {
						t.Errorf("the document is not that of %s", host)
					}
				}
			}
		})
	}
	all.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 10<<20 {
		t.Errorf("%d bytes are kept", more)
	}
	runtime.KeepAlive(h)
}

func TestHandlerPage(t *testing.T) {
	hub := newHub()
	own := &page.Page{HTML: []byte("<!doctype html><title>mine</title>"), Policy: "default-src 'none'; img-src *;"}
	servers := map[string]*spec.Server{
		"main":    {Host: "WS.example.com", Protocol: "wss"},
		"same":    {Host: "ws.example.com", Protocol: "wss", Pathname: "/v2"},
		"regions": {Host: "{region}.example.com:{port}", Protocol: "ws", Variables: map[string]*spec.ServerVariable{"region": {Enum: []string{"EU", "us"}}, "port": {Enum: []string{"80", "81"}}}},
		"queue":   {Host: "queue.example.com", Protocol: "mqtt"},
	}
	for name, c := range map[string]struct {
		opts *asyncapi.Options
		want string
	}{
		"default":     {nil, page.Default().Policy + "; connect-src 'self'"},
		"own":         {&asyncapi.Options{Page: own}, "default-src 'none'; img-src *; connect-src 'self'"},
		"servers":     {&asyncapi.Options{Page: own, Servers: servers}, "default-src 'none'; img-src *; connect-src 'self' ws://eu.example.com:80 ws://eu.example.com:81 ws://us.example.com:80 ws://us.example.com:81 wss://ws.example.com"},
		"any variant": {&asyncapi.Options{Page: own, Servers: map[string]*spec.Server{"a": {Host: "{any}.example.com", Protocol: "wss", Variables: map[string]*spec.ServerVariable{"any": {}}}}}, "default-src 'none'; img-src *; connect-src 'self' wss:"},
	} {
		w := serve(t, asyncapi.Handler(hub, c.opts), http.MethodGet, "/asyncapi")
		if diff := cmp.Diff(c.want, w.Header().Get("Content-Security-Policy")); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", name, w.Code, diff)
		}
		if w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", name, w.Header())
		}
		if own := c.opts != nil && c.opts.Page != nil; own != (w.Body.Len() < 100) {
			t.Errorf("%s: another page:\n%s", name, w.Body)
		}
	}
}

func TestHandlerWithoutPage(t *testing.T) {
	h := asyncapi.Handler(newHub(), &asyncapi.Options{NoPage: true})
	for target, status := range map[string]int{"/asyncapi": http.StatusNotFound, "/asyncapi.json": http.StatusOK, "/asyncapi.yaml": http.StatusOK} {
		if w := serve(t, h, http.MethodGet, target); w.Code != status || w.Header().Get("Content-Security-Policy") != "" {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

// A document that can't be made is told to the log, and not to clients.
func TestHandlerFails(t *testing.T) {
	var log bytes.Buffer
	usual := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(usual)
	h := asyncapi.Failing(errors.New("the password is secret"))
	for target, status := range map[string]int{"/asyncapi.json": http.StatusInternalServerError, "/asyncapi.yaml": http.StatusInternalServerError, "/asyncapi": http.StatusOK} {
		log.Reset()
		w := serve(t, h, http.MethodGet, target, "Accept-Encoding: gzip")
		if failed := status != http.StatusOK; w.Code != status || strings.Contains(w.Body.String(), "secret") || strings.Contains(log.String(), "secret") != failed || failed && w.Header().Get("ETag") != "" {
			t.Errorf("%s: %d %v %q, and the log says %q", target, w.Code, w.Header(), w.Body, log.String())
		}
	}
}

func TestHandlerWithoutHub(t *testing.T) {
	panics(t, "without a hub", func() { asyncapi.Handler(nil, nil) })
}

// panics expects a panic with a text.
func panics(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, want) {
			t.Errorf("the panic is %q, want one with %q", text, want)
		}
	}()
	f()
}

func TestHandlerAtOnce(t *testing.T) {
	h := asyncapi.Handler(fullHub(false), nil)
	tags := make([]string, 8)
	var all sync.WaitGroup
	for i := range tags {
		all.Go(func() {
			tags[i] = serve(t, h, http.MethodGet, "/asyncapi.yaml", "Accept-Encoding: gzip").Header().Get("ETag")
		})
	}
	all.Wait()
	for _, tag := range tags {
		if tag != tags[0] {
			t.Errorf("the tags are %q", tags)
		}
	}
}

func TestPaths(t *testing.T) {
	if diff := cmp.Diff([]string{"/:tenant/docs", "/:tenant/docs.json", "/:tenant/docs.yaml"}, asyncapi.Paths("/:tenant/docs")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for path, want := range map[string]string{
		"":               `begins with a slash, such as "/asyncapi"`,
		"asyncapi":       `begins with a slash`,
		"/":              `such as "/asyncapi"`,
		"/docs/":         `such as "/docs/asyncapi"`,
		"/asyncapi.json": `such as "/asyncapi"`,
		"/docs/api.yaml": `such as "/docs/api"`,
		"/asyncapi.yml":  `such as "/asyncapi"`,
	} {
		panics(t, want, func() { asyncapi.Paths(path) })
	}
}
