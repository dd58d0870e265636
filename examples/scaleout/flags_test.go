package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// service is what the test wants to know of one in the compose file.
type service struct {
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
}

// What the compose file starts is what the program understands, and every process
// is where the others say.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	got := map[string]options{}
	for name, s := range file.Services {
		_, flags, ok := strings.Cut(strings.Join(s.Command, " "), "exec /tmp/scaleout ")
		if !ok {
			continue
		}
		flags = strings.ReplaceAll(flags, `"$$NAME"`, s.Environment["NAME"])
		o, err := parse(strings.Fields(flags), io.Discard)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, p := range o.peers {
			if p.Name == o.name && (len(s.Ports) != 1 || s.Ports[0] != "127.0.0.1:"+strings.TrimPrefix(p.URL, "http://localhost:")+o.addr) {
				t.Errorf("%s is at %s, and its ports are %q", name, p.URL, s.Ports)
			}
		}
		got[name] = o
	}
	const layer = "redis://redis:6379"
	peers := []peer{{"A", "http://localhost:8081"}, {"B", "http://localhost:8082"}, {"C", "http://localhost:8083"}}
	want := map[string]options{
		"a":      {role: "app", addr: ":8080", layer: layer, name: "A", peers: peers},
		"b":      {role: "app", addr: ":8080", layer: layer, name: "B", peers: peers},
		"c":      {role: "app", addr: ":8080", layer: layer, name: "C", peers: peers},
		"worker": {role: "worker", addr: "127.0.0.1:8080", layer: layer, name: "A"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(options{})); diff != "" {
		t.Errorf("what compose.yaml starts (-want +got):\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-nonsense", "-nonsense"},
		{"stray", "unexpected argument"},
		{"-role cook", `unknown -role "cook"`},
		{"-role app", "-layer has to connect processes"},
		{"-layer memory", "-layer has to connect processes"},
		{"-layer pigeon://home", `unknown scheme "pigeon"`},
		{"-role app -layer nats://127.0.0.1:1 -peers A", "no NAME=URL"},
		{"-role worker -layer nats://127.0.0.1:1", "refused|no servers"},
		{"-role worker -layer redis://127.0.0.1:1", "refused"},
	} {
		err := run(t.Context(), strings.Fields(c.args), nil, io.Discard)
		if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
			t.Errorf("%s: the error is %v, want one with %q", c.args, err, c.want)
		}
	}
	var out strings.Builder
	if err := run(t.Context(), []string{"-help"}, nil, &out); err != nil || !strings.Contains(out.String(), "-layer") {
		t.Errorf("the help is %q: %v", out.String(), err)
	}
}
