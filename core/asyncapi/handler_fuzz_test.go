package asyncapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// Whatever a client and a proxy say, the document is one, and a server that it names
// makes a URL of which nothing is anything else than it was meant to be.
func FuzzHandler(f *testing.F) {
	h := asyncapi.Handler(newHub(), &asyncapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	f.Add("example.com", "", "", "", "gzip", "")
	f.Add("app:8080", "a.example, b.example", "https", "/chat", "br, gzip;q=0.1", `W/"x", "y"`)
	f.Add("[::1]:80", "{host}", "WSS,ws", "/a/../b", "*;q=0", "*")
	f.Add("a@b", "a b", "gopher", "//c", "gzip;q=", `"a,b"`)
	f.Add("", "user:pw@host:1", "http", "/%2e%2e/%00", ";;,", ",")
	f.Fuzz(func(t *testing.T, host, forwardedHost, proto, prefix, accept, have string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/asyncapi.json", nil) // of a peer that is trusted
		r.Host = host
		r.Header = http.Header{
			"X-Forwarded-Host": {forwardedHost}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Prefix": {prefix},
			"Accept-Encoding": {accept}, "If-None-Match": {have},
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusNotModified {
			if w.Body.Len() > 0 || have == "" {
				t.Errorf("who has %q is answered with 304 and %d bytes", have, w.Body.Len())
			}
			return
		}
		if zipped := w.Header().Get("Content-Encoding") == "gzip"; w.Code != http.StatusOK || zipped && !strings.ContainsAny(accept, "pP*") {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		var document struct {
			Servers map[string]*spec.Server `json:"servers"`
		}
		if err := json.Unmarshal([]byte(unzipped(t, w)), &document); err != nil {
			t.Fatal(err)
		}
		if s := document.Servers["current"]; s != nil {
			u, err := url.Parse(s.Protocol + "://" + s.Host + s.Pathname + "/ws")
			if err != nil || u.Host != s.Host || u.EscapedPath() != s.Pathname+"/ws" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s.Host+s.Pathname, "{}\\ ") {
				t.Errorf("the server %+v makes %v: %v", s, u, err)
			}
		}
	})
}
