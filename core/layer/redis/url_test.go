package chanxredis

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want target
	}{
		{"redis://localhost", target{addrs: []string{"localhost:6379"}}},
		{"redis://localhost:1/", target{addrs: []string{"localhost:1"}}},
		{"redis://[::1]", target{addrs: []string{"[::1]:6379"}}},
		{"redis://[::1]:7/3?prefix=a:b", target{addrs: []string{"[::1]:7"}, db: 3, prefix: "a:b"}},
		{"rediss://h", target{tls: true, addrs: []string{"h:6379"}}},
		{"redis://ann@h", target{addrs: []string{"h:6379"}, user: "ann"}},
		{"redis://:secret@h", target{addrs: []string{"h:6379"}, password: "secret"}},
		{"redis://ann:p%40%2F%3a:%23@h", target{addrs: []string{"h:6379"}, user: "ann", password: "p@/::#"}},
		{"redis://ann:p@q@h", target{addrs: []string{"h:6379"}, user: "ann", password: "p@q"}},
		{"redis-cluster://a,b:7,[::1]:8", target{mode: modeCluster, addrs: []string{"a:6379", "b:7", "[::1]:8"}}},
		{"rediss-cluster://u:p@a", target{mode: modeCluster, tls: true, addrs: []string{"a:6379"}, user: "u", password: "p"}},
		{"redis-sentinel://a,b:7/my%2Fmaster?db=2&sentinel_username=s&sentinel_password=t%26&prefix=x", target{
			mode: modeSentinel, addrs: []string{"a:26379", "b:7"}, master: "my/master", db: 2,
			sentinelUser: "s", sentinelPassword: "t&", prefix: "x",
		}},
		{"rediss-sentinel://a/m", target{mode: modeSentinel, tls: true, addrs: []string{"a:26379"}, master: "m"}},
	} {
		got, err := parseURL(tt.url)
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *got, cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
}

func TestParseURLErrors(t *testing.T) {
	for url, want := range map[string]error{
		"":                                   errURLScheme,
		"localhost:6379":                     errURLScheme,
		"user:secret@localhost":              errURLScheme,
		"nats://localhost":                   errURLScheme,
		"redis:localhost":                    errURLScheme,
		"redis://":                           errURLHost,
		"redis:///3":                         errURLHost,
		"redis://:6379":                      errURLHost,
		"redis://::1":                        errURLHost,
		"redis://[::1":                       errURLHost,
		"redis://a b":                        errURLHost,
		"redis://h:":                         errURLPort,
		"redis://h:0":                        errURLPort,
		"redis://h:65536":                    errURLPort,
		"redis://h:6379x":                    errURLPort,
		"redis://user:pass/word@h":           errURLPort, // the password is not escaped
		"redis://a,b":                        errURLHosts,
		"redis://%zz:x@h":                    errURLUser,
		"redis://u:%@h":                      errURLUser,
		"redis://h/x":                        errURLDB,
		"redis://h/-1":                       errURLDB,
		"redis://h/99999999999":              errURLDB,
		"redis://h/0/1":                      errURLDB,
		"redis://u:pass#word@h":              errURLFragment,
		"redis://h?prefix=a&prefix=b":        errURLQuery,
		"redis://h?prefix=%zz":               errURLQuery,
		"redis://h?db=1":                     errURLParameter,
		"redis://h?timeout=1":                errURLParameter,
		"redis-cluster://a,":                 errURLHost,
		"redis-cluster://a/1":                errURLClusterDB,
		"redis-cluster://a?db=1":             errURLClusterDB,
		"redis-cluster://a?sentinel_user=x":  errURLParameter,
		"redis-sentinel://a":                 errURLMaster,
		"redis-sentinel://a/":                errURLMaster,
		"redis-sentinel://a/b/c":             errURLMaster,
		"redis-sentinel://a/b?db=x":          errURLDB,
		"redis-sentinel://a/b?sentinel_db=1": errURLParameter,
	} {
		if _, err := parseURL(url); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", url, err, want)
		}
	}
}

// Whatever a URL is, reading it ends; what comes of it can be dialed; and neither an
// error nor the name for logs has the password.
func FuzzParseURL(f *testing.F) {
	for _, url := range []string{
		"redis://user:secret@localhost:6379/3?prefix=a",
		"rediss-cluster://:secret@a,b:7,[::1]:8",
		"redis-sentinel://u:secret@a,b/m?db=1&sentinel_username=s&sentinel_password=secret",
		"redis://u:se/cret@h", "redis://[", "redis://%", "redis://a,,b",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		got, err := parseURL(url)
		if err != nil {
			if len(err.Error()) > 200 { // they are all constants
				t.Errorf("%q: %v", url, err)
			}
			return
		}
		if len(got.addrs) == 0 {
			t.Errorf("%q: no address", url)
		}
		for _, addr := range got.addrs {
			if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
				t.Errorf("%q: address %q: %v", url, addr, err)
			}
		}
		known := slices.Concat(got.addrs, []string{got.master, "redis cluster of the sentinels at", `"`})
		for _, secret := range []string{got.password, got.sentinelPassword} {
			open := func(s string) bool { return strings.Contains(s, secret) }
			if strings.Contains(got.String(), secret) && !slices.ContainsFunc(known, open) && len(secret) > 3 {
				t.Errorf("%q: %s", url, got)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    *Options
		t    target
		want Options // Logger is not compared
	}{
		{"nil", nil, target{}, Options{Prefix: "chanx", Timeout: defaultTimeout, Partitions: 1}},
		{"URL's prefix", nil, target{prefix: "p"}, Options{Prefix: "p", Timeout: defaultTimeout, Partitions: 1}},
		{"own prefix", &Options{Prefix: "o"}, target{prefix: "p"}, Options{Prefix: "o", Timeout: defaultTimeout, Partitions: 1}},
		{"database", nil, target{db: 7}, Options{Prefix: "chanx@7", Timeout: defaultTimeout, Partitions: 1}},
		{"cluster", nil, target{mode: modeCluster}, Options{Prefix: "chanx", Timeout: defaultTimeout, Partitions: 16}},
		{
			"cluster of own", &Options{Partitions: 3, Timeout: 1}, target{mode: modeCluster},
			Options{Prefix: "chanx", Timeout: 1, Partitions: 3},
		},
	} {
		got, err := tt.o.withDefaults(&tt.t)
		if err != nil || got.Logger == nil {
			t.Errorf("%s: %v, logger %v", tt.name, err, got.Logger)
		}
		got.Logger = nil
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, o := range []Options{
		{Timeout: -1}, {Partitions: -1}, {Partitions: maxPartitions + 1},
		{Prefix: "a b"}, {Prefix: "{a}"}, {Prefix: "a*"}, {Prefix: "a@1"}, {Prefix: "é"}, {Prefix: strings.Repeat("x", 65)},
	} {
		if _, err := o.withDefaults(&target{}); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// Names that differ have keys that differ, of bounded length, in the slot of the
// partition.
func TestKey(t *testing.T) {
	c := &client{prefix: "app", tags: tags(16)}
	long := strings.Repeat("x", 128)
	names := []string{
		"", "a", "A", "=a", "#", "a\x00", "\xff", "\xfe", "{x}", "é", long, long + "x", long + "y", long + long,
	}
	names = append(names, strings.TrimPrefix(c.key("m", long+"x"), "app:m:"))
	seen := map[string]string{}
	for _, name := range names {
		for _, kind := range []string{"m", "h"} {
			key := c.key(kind, name)
			if other, ok := seen[key]; ok {
				t.Errorf("%q and %q have the key %q", other, name, key)
			}
			seen[key] = name
			if len(key) > 256 {
				t.Errorf("%q: key of %d bytes", name, len(key))
			}
			if want := "app:" + kind + ":{" + c.tags[c.part(name)] + "}"; !strings.HasPrefix(key, want) {
				t.Errorf("%q: key %q does not begin with %q", name, key, want)
			}
		}
	}
}
