package chanxredis_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
	"github.com/chanx-go/chanx/core/layer/servertest"
	"github.com/google/go-cmp/cmp"
)

// run runs the suite on a server, on which each test has a prefix of its own after
// that of the options.
func run(t *testing.T, url string, o chanxredis.Options) {
	layertest.Run(t, layertest.Harness{
		Backend: func(*testing.T) layertest.Open {
			own := o
			own.Prefix += chanxredis.Prefix()
			return func(t *testing.T) layer.Layer { return open(t, url, &own) }
		},
	})
}

// open opens a layer without a log.
func open(t testing.TB, url string, o *chanxredis.Options) *chanxredis.Layer {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := chanxredis.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestStandalone(t *testing.T) { run(t, chanxredis.Servers.Redis().URL, chanxredis.Options{}) }

func TestCluster(t *testing.T) { run(t, chanxredis.Servers.Cluster().URL, chanxredis.Options{}) }

// TestValkey runs on Valkey, which has to be installed: of Debian it is the package
// valkey-server.
func TestValkey(t *testing.T) {
	const program = "CHANX_REDIS_SERVER"
	before, was := os.LookupEnv(program)
	os.Setenv(program, "valkey-server") //nolint:usetesting // the tests of the suite are parallel
	s := servertest.Redis(t, servertest.RedisOptions{})
	if os.Unsetenv(program); was {
		os.Setenv(program, before) //nolint:usetesting // as above
	}
	run(t, s.URL, chanxredis.Options{})
}

// TestSecure runs over TLS, as a user who may do what the README says and nothing
// else.
func TestSecure(t *testing.T) {
	s := servertest.Redis(t, servertest.RedisOptions{TLS: true, User: "admin", Password: "secret"})
	s.MustDo(append([]string{"ACL", "SETUSER", "app", "on", ">p@ss word"}, rule(t)...)...)
	u := strings.Replace(s.URL, "admin:secret@", "app:p%40ss%20word@", 1)
	run(t, u, chanxredis.Options{Prefix: "chanx:", TLS: s.TLS})
}

func readme(t *testing.T) string {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rule returns what the README lets a user do.
func rule(t *testing.T) []string {
	_, rest, found := strings.Cut(readme(t), "ACL SETUSER app on >secret ")
	rest, _, ends := strings.Cut(rest, "\n\n")
	if !found || !ends {
		t.Fatal("README.md has no rule for a user")
	}
	return strings.Fields(strings.ReplaceAll(rest, "\\\n", " "))
}

// The rule has the commands that are sent, and no others.
func TestRule(t *testing.T) {
	want := []string{
		"+ping", "+publish", "+subscribe", "+unsubscribe", "+eval", "+evalsha", "+hgetall",
		"-@all", "resetkeys", "~chanx:*", "resetchannels", "&chanx:*",
	}
	scripts, err := filepath.Glob("*.lua")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`call\('([A-Z]+)'`)
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range call.FindAllStringSubmatch(string(text), -1) {
			want = append(want, "+"+strings.ToLower(found[1]))
		}
	}
	got := rule(t)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
