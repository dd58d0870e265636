package chanxnats

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// target is what a URL says.
type target struct {
	servers string // for nats.Connect, with who connects
	name    string // for people, without
	prefix  string
}

// parseURL reads
//
//	nats://[user:password@|token@]host[:port][,host[:port]…][?prefix=text]
//
// and the same with tls. Who connects is the same on all hosts.
func parseURL(text string) (target, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "nats" && scheme != "tls" {
		return target{}, errors.New("chanxnats: the URL must begin with nats:// or tls://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return target{}, errors.New("chanxnats: the URL's query can't be read")
	}
	for name, values := range values {
		if len(values) != 1 {
			return target{}, errors.New("chanxnats: the URL's query names something twice")
		}
		if name != "prefix" { // or a password that is not escaped, so that it is not in the error
			return target{}, errors.New("chanxnats: the URL's query has something other than prefix; in a password \"?\" is %3F")
		}
	}
	user := ""
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, rest = rest[:i+1], rest[i+1:]
	}
	t := target{prefix: values.Get("prefix")}
	var servers, names []string
	for host := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), ",") {
		u, err := url.Parse(scheme + "://" + user + host)
		if err != nil || u.Hostname() == "" || u.Path != "" || u.Fragment != "" {
			// Without the parser's error, which repeats the password.
			return target{}, fmt.Errorf("chanxnats: the URL's host %q can't be read", host)
		}
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), "4222")
		}
		servers = append(servers, u.String())
		names = append(names, u.Host)
	}
	t.servers, t.name = strings.Join(servers, ","), strings.Join(names, ",")
	return t, nil
}
