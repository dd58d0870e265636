package asyncapi

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// origin is the server that a request came to. The zero value is none.
type origin struct {
	protocol, host, pathname string
}

// in returns the document with the server, if there is one.
func (o origin) in(d *spec.Document) *spec.Document {
	if o == (origin{}) {
		return d
	}
	with := *d
	with.Servers = map[string]*spec.Server{"current": {Protocol: o.protocol, Host: o.host, Pathname: o.pathname}}
	return &with
}

// originOf returns the server that a request came to. What the client says of it,
// or a proxy, is taken only if it makes sense: else there is no server.
func originOf(r *http.Request, proxies []netip.Prefix) origin {
	host, scheme, prefix := r.Host, "http", ""
	if r.TLS != nil {
		scheme = "https"
	}
	if isTrusted(r.RemoteAddr, proxies) {
		forwarded := func(name, or string) string {
			first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-"+name), ",")
			if first = strings.TrimSpace(first); first != "" {
				return first
			}
			return or
		}
		host, scheme, prefix = forwarded("Host", host), forwarded("Proto", scheme), forwarded("Prefix", prefix)
	}
	protocol, ok := protocols[strings.ToLower(scheme)]
	host, prefix = strings.ToLower(host), strings.TrimRight(prefix, "/")
	if !ok || !isHost(host) || !isPathname(prefix) {
		return origin{}
	}
	// A framework may write over the request's strings.
	return origin{protocol, strings.Clone(host), strings.Clone(prefix)}
}

// protocols of sockets, by the scheme of the page.
var protocols = map[string]string{"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}

// isTrusted reports whether a peer is one of the proxies.
func isTrusted(address string, proxies []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	ip := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

const maxHost = 253 + len(":65535")

var (
	hosts     = regexp.MustCompile(`^([a-z0-9_][a-z0-9._-]*|\[([0-9a-f:.]+)\])(?::([0-9]{1,5}))?$`)
	pathnames = regexp.MustCompile(`^(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*$`)
)

// isHost reports whether something is a host as it stands in a URL, in small
// letters, with a port or without.
func isHost(s string) bool {
	parts := hosts.FindStringSubmatch(s)
	if parts == nil || len(s) > maxHost {
		return false
	}
	if _, err := strconv.ParseUint(cmp.Or(parts[3], "0"), 10, 16); err != nil {
		return false
	}
	if parts[2] != "" {
		ip, err := netip.ParseAddr(parts[2])
		return err == nil && ip.Is6()
	}
	return true
}

// isPathname reports whether something can stand in front of addresses.
func isPathname(s string) bool {
	_, err := url.PathUnescape(s)
	segments := strings.Split(s, "/")
	return err == nil && len(s) <= 1000 && pathnames.MatchString(s) && !slices.Contains(segments, ".") && !slices.Contains(segments, "..")
}
