package chanx

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// checkOrigin refuses a browser's handshake from a foreign page: the origin must
// be the host that the request is for, or match a pattern.
func checkOrigin(r *http.Request, patterns []string) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && strings.EqualFold(withoutPort(u.Scheme, u.Host), withoutPort(u.Scheme, r.Host)) {
		return nil
	}
	for _, p := range patterns {
		if p == "*" || p == origin || err == nil && matchOrigin(p, u) {
			return nil
		}
	}
	return Errorf(Forbidden, "the origin %q may not connect to %q", origin, r.Host)
}

// withoutPort drops the port that a scheme has anyway.
func withoutPort(scheme, host string) string {
	switch scheme {
	case "http", "ws":
		return strings.TrimSuffix(host, ":80")
	case "https", "wss":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// matchOrigin matches a pattern of [HubOptions].Origins.
func matchOrigin(pattern string, u *url.URL) bool {
	if scheme, rest, ok := strings.Cut(pattern, "://"); ok {
		if !strings.EqualFold(scheme, u.Scheme) {
			return false
		}
		pattern = rest
	}
	host, port := splitPort(withoutPort(u.Scheme, u.Host))
	wantHost, wantPort := splitPort(withoutPort(u.Scheme, pattern))
	if wantPort != "*" && wantPort != port {
		return false
	}
	if suffix, ok := strings.CutPrefix(wantHost, "*."); ok {
		return len(host) > len(suffix)+1 && strings.EqualFold(host[len(host)-len(suffix)-1:], "."+suffix)
	}
	return strings.EqualFold(wantHost, host)
}

func splitPort(host string) (string, string) {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return strings.Trim(host[:i], "[]"), host[i+1:]
	}
	return strings.Trim(host, "[]"), ""
}

// mustBeOrigin panics for a pattern that can't match anything.
func mustBeOrigin(pattern string) {
	if pattern == "*" || pattern == "null" {
		return
	}
	host := pattern
	if _, rest, ok := strings.Cut(pattern, "://"); ok {
		host = rest
	}
	host = strings.TrimPrefix(host, "*.")
	name, _ := splitPort(host)
	if name == "" || strings.ContainsAny(name, "*/?# ") {
		panic(fmt.Sprintf(`chanx: %q is not an origin: write it like "https://app.example.com", "*.example.com" or "localhost:*"`, pattern))
	}
}
