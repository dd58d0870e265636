package chanx_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
)

func TestOrigins(t *testing.T) {
	tests := []struct {
		patterns []string
		host     string
		origin   string
		ok       bool
	}{
		{nil, "app.test", "", true},
		{nil, "app.test", "http://app.test", true},
		{nil, "app.test", "https://app.test", true},
		{nil, "app.test", "https://APP.test", true},
		{nil, "app.test:80", "http://app.test", true},
		{nil, "app.test:443", "https://app.test", true},
		{nil, "app.test", "https://app.test:443", true},
		{nil, "app.test:8080", "http://app.test:8080", true},
		{nil, "app.test:8080", "http://app.test", false},
		{nil, "app.test", "http://app.test:8080", false},
		{nil, "app.test", "https://evil.test", false},
		{nil, "app.test", "https://app.test.evil.test", false},
		{nil, "app.test", "https://evil.test/app.test", false},
		{nil, "app.test", "null", false},
		{nil, "app.test", "app.test", false},
		{nil, "app.test", "https://", false},
		{nil, "app.test", "%zz", false},
		{nil, "[::1]:8080", "http://[::1]:8080", true},
		{nil, "[::1]:8080", "http://[::2]:8080", false},

		{[]string{"https://good.test"}, "app.test", "https://good.test", true},
		{[]string{"https://good.test"}, "app.test", "https://good.test:443", true},
		{[]string{"https://good.test"}, "app.test", "http://good.test", false},
		{[]string{"https://good.test"}, "app.test", "https://good.test:8443", false},
		{[]string{"https://good.test:8443"}, "app.test", "https://good.test:8443", true},
		{[]string{"https://good.test"}, "app.test", "https://sub.good.test", false},
		{[]string{"https://good.test"}, "app.test", "https://app.test", true},
		{[]string{"good.test"}, "app.test", "https://good.test", true},
		{[]string{"good.test"}, "app.test", "http://good.test", true},
		{[]string{"GOOD.test"}, "app.test", "http://good.TEST", true},
		{[]string{"*.good.test"}, "app.test", "https://a.b.good.test", true},
		{[]string{"*.good.test"}, "app.test", "https://good.test", false},
		{[]string{"*.good.test"}, "app.test", "https://.good.test", false},
		{[]string{"*.good.test"}, "app.test", "https://evilgood.test", false},
		{[]string{"*.good.test"}, "app.test", "https://a.good.test.evil.test", false},
		{[]string{"*.good.test"}, "app.test", "https://a.good.test:8443", false},
		{[]string{"*.good.test:8443"}, "app.test", "https://a.good.test:8443", true},
		{[]string{"*.good.test:*"}, "app.test", "https://a.good.test:8443", true},
		{[]string{"*.good.test:*"}, "app.test", "https://a.good.test", true},
		{[]string{"https://*.good.test"}, "app.test", "http://a.good.test", false},
		{[]string{"localhost:*"}, "app.test", "http://localhost:3000", true},
		{[]string{"[::1]:*"}, "app.test", "http://[::1]:3000", true},
		{[]string{"*"}, "app.test", "https://anywhere.test", true},
		{[]string{"*"}, "app.test", "null", true},
		{[]string{"null"}, "app.test", "null", true},
		{[]string{"a.test", "b.test"}, "app.test", "https://b.test", true},
	}
	for _, test := range tests {
		for _, where := range []string{"hub", "consumer"} {
			t.Run(fmt.Sprintf("%s with %q from %s by the %s", test.host, test.patterns, test.origin, where), func(t *testing.T) {
				o := labOptions{}
				if where == "hub" {
					o.hub.Origins = test.patterns
				} else if o.consumer.Origins = test.patterns; test.patterns != nil {
					o.hub.Origins = []string{"*"} // which the consumer's replace
				}
				l := newLab(t, o)
				r := upgradeRequest("/ws")
				r.Host = test.host
				if test.origin != "" {
					r.Header.Set("Origin", test.origin)
				}
				w := httptest.NewRecorder()
				l.mux.ServeHTTP(w, r)
				// The recorder can't be upgraded: who passes gets as far as that.
				if ok := w.Code == 500; ok != test.ok {
					t.Errorf("status %d", w.Code)
				}
			})
		}
	}
}

func TestOriginPatternsThatCanNotMatch(t *testing.T) {
	for _, pattern := range []string{"", "https://", "https://*", "a b", "good.test/path", "*.*.test", "go*d.test", "https://good.test?x"} {
		mustPanic(t, "is not an origin", func() { chanx.NewHub(&chanx.HubOptions{Origins: []string{pattern}}) })
	}
}
