package chanxredis

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// mode is how servers work together.
type mode int

const (
	modeStandalone mode = iota
	modeCluster
	modeSentinel
)

// target is what a URL says.
type target struct {
	mode             mode
	tls              bool
	addrs            []string // of the server, of some nodes, or of the sentinels
	user, password   string
	db               int
	master           string // what the sentinels call the servers
	sentinelUser     string
	sentinelPassword string
	prefix           string
}

// String names the target in logs and errors. It has no secrets.
func (t *target) String() string {
	at := strings.Join(t.addrs, ",")
	switch t.mode {
	case modeCluster:
		return "redis cluster at " + at
	case modeSentinel:
		return "redis " + strconv.Quote(t.master) + " of the sentinels at " + at
	default:
		return "redis at " + at
	}
}

const (
	redisPort    = "6379"
	sentinelPort = "26379"
	maxDB        = 1 << 20 // far above what a server is set to
)

// The errors of parseURL say which part of a URL is wrong, but never quote it: where
// a password is not escaped, any part may be a piece of it.
var (
	errURLScheme = errors.New("chanxredis: the URL does not begin with redis://, rediss://, redis-cluster://, " +
		"rediss-cluster://, redis-sentinel:// or rediss-sentinel://")
	errURLUser      = errors.New("chanxredis: the URL's user or password is not escaped as in a URL")
	errURLHost      = errors.New("chanxredis: the URL has no host, an empty one, or one that can't be")
	errURLPort      = errors.New("chanxredis: a port in the URL is not a number from 1 to 65535")
	errURLHosts     = errors.New("chanxredis: the URL has several hosts; redis-cluster:// and redis-sentinel:// may")
	errURLDB        = errors.New("chanxredis: the URL's database is not a number, 0 or above")
	errURLClusterDB = errors.New("chanxredis: the URL has a path or a database, and a cluster has none")
	errURLMaster    = errors.New("chanxredis: the URL's path is not the master's name: redis-sentinel://host/name")
	errURLQuery     = errors.New("chanxredis: the URL's query is not escaped as in a URL, or names something twice")
	errURLFragment  = errors.New(`chanxredis: the URL has a "#"; in a password it is %23`)
	errURLParameter = errors.New("chanxredis: the URL's query has something other than prefix, or, " +
		"for redis-sentinel://, db, sentinel_username and sentinel_password")
)

var schemes = map[string]target{
	"redis":           {mode: modeStandalone},
	"rediss":          {mode: modeStandalone, tls: true},
	"redis-cluster":   {mode: modeCluster},
	"rediss-cluster":  {mode: modeCluster, tls: true},
	"redis-sentinel":  {mode: modeSentinel},
	"rediss-sentinel": {mode: modeSentinel, tls: true},
}

// parseURL reads a URL as [Open] describes it. net/url knows no lists of hosts.
func parseURL(text string) (*target, error) {
	scheme, rest, found := strings.Cut(text, "://")
	t, known := schemes[scheme]
	if !found || !known {
		return nil, errURLScheme
	}
	if strings.Contains(rest, "#") {
		return nil, errURLFragment
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		if err := t.readUser(authority[:i]); err != nil {
			return nil, err
		}
		authority = authority[i+1:]
	}
	for _, read := range []func() error{
		func() error { return t.readHosts(authority) },
		func() error { return t.readPath(path) },
		func() error { return t.readQuery(query) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

func (t *target) readUser(text string) error {
	user, password, _ := strings.Cut(text, ":")
	var err1, err2 error
	t.user, err1 = url.PathUnescape(user)
	t.password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errURLUser
	}
	return nil
}

func (t *target) readHosts(text string) error {
	for host := range strings.SplitSeq(text, ",") {
		addr, err := t.address(host)
		if err != nil {
			return err
		}
		t.addrs = append(t.addrs, addr)
	}
	if t.mode == modeStandalone && len(t.addrs) > 1 {
		return errURLHosts
	}
	return nil
}

// address returns host:port for a host with or without one.
func (t *target) address(text string) (string, error) {
	host, port := text, redisPort
	if t.mode == modeSentinel {
		port = sentinelPort
	}
	switch bracket := strings.IndexByte(text, ']'); {
	case strings.HasPrefix(text, "[") && bracket == len(text)-1:
		host = text[1:bracket]
	case strings.Contains(text, ":"):
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", errURLHost
		}
	}
	if host == "" || strings.ContainsAny(host, "@[]/ \t\r\n") {
		return "", errURLHost
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errURLPort
	}
	return net.JoinHostPort(host, port), nil
}

func (t *target) readPath(path string) error {
	switch t.mode {
	case modeCluster:
		if path != "" {
			return errURLClusterDB
		}
	case modeSentinel:
		name, err := url.PathUnescape(path)
		if err != nil || name == "" || strings.Contains(path, "/") {
			return errURLMaster
		}
		t.master = name
	default:
		if path != "" {
			return t.readDB(path)
		}
	}
	return nil
}

func (t *target) readDB(text string) error {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > maxDB {
		return errURLDB
	}
	t.db = int(n)
	return nil
}

func (t *target) readQuery(text string) error {
	query, err := url.ParseQuery(text)
	if err != nil {
		return errURLQuery
	}
	for name, values := range query {
		if len(values) != 1 {
			return errURLQuery
		}
		sentinel := t.mode == modeSentinel
		switch value := values[0]; {
		case name == "prefix":
			t.prefix = value
		case name == "db" && t.mode == modeCluster:
			return errURLClusterDB
		case name == "db" && sentinel:
			if err := t.readDB(value); err != nil {
				return err
			}
		case name == "sentinel_username" && sentinel:
			t.sentinelUser = value
		case name == "sentinel_password" && sentinel:
			t.sentinelPassword = value
		default:
			return errURLParameter
		}
	}
	return nil
}
