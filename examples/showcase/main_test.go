package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/chanx-go/chanx/core/layer/servertest"
	"github.com/chanx-go/chanx/examples/showcase/internal/server"
	"github.com/google/go-cmp/cmp"
)

// lines gives what the program prints, line by line, to whoever waits for it.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestRun(t *testing.T) {
	for _, framework := range server.Frameworks() {
		t.Run(framework, func(t *testing.T) { testRun(t, framework) })
	}
}

func TestRunOnLayers(t *testing.T) {
	t.Run("redis", func(t *testing.T) {
		testRun(t, "chi", "-layer", servertest.Redis(t, servertest.RedisOptions{User: "ada", Password: "p@ss"}).URL)
	})
	t.Run("nats", func(t *testing.T) {
		testRun(t, "gin", "-layer", servertest.NATS(t, servertest.NATSOptions{JetStream: true}).URL)
	})
	t.Run("redis cluster", func(t *testing.T) {
		testRun(t, "echo", "-layer", servertest.RedisCluster(t, 3, 0).URL)
	})
	t.Run("redis sentinel", func(t *testing.T) {
		testRun(t, "fiber", "-layer", servertest.RedisSentinel(t).URL)
	})
	t.Run("nats without JetStream", func(t *testing.T) {
		err := run(t.Context(), []string{"-layer", servertest.NATS(t, servertest.NATSOptions{}).URL}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "no JetStream") {
			t.Errorf("the error is %v", err)
		}
	})
}

func testRun(t *testing.T, framework string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	printed, ended := make(lines, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0", "-framework", framework}, args...), printed)
	}()
	var line string
	select {
	case line = <-printed:
	case err := <-ended:
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "showcase listens on ")
	if !ok {
		t.Fatalf("the program prints %q", line)
	}
	for target, want := range map[string]int{
		"/": 200, "/assets/page.js": 200, "/healthz": 200, "/routes.json": 200, "/token?sub=ada": 200, "/members/lobby:a": 200,
		"/ws/chat": 426, "/ws/room/a%2Fb": 426, "/ws/private": 401, "/ws/nothing": 404, "/nothing": 404, "/asyncapi": 200, "/asyncapi.json": 200, "/asyncapi.yaml": 200, "/events/chat_room": 405,
	} {
		if got, _ := get(t, url+target); got != want {
			t.Errorf("GET %s: %d, want %d", target, got, want)
		}
	}
	var health chanx.Health
	if _, text := get(t, url+"/healthz"); json.Unmarshal([]byte(text), &health) != nil || health.Status != "ok" || (health.Layer != nil) != (len(args) > 0) {
		t.Errorf("GET /healthz: %s", text)
	}
	sameDocument(t, framework, url)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// sameDocument compares the document that is served with the one that -asyncapi
// writes, which differ in the server.
func sameDocument(t *testing.T, framework, url string) {
	t.Helper()
	_, served := get(t, url+"/asyncapi.json")
	var got, want map[string]any
	if err := errors.Join(json.Unmarshal([]byte(served), &got), json.Unmarshal([]byte(written(t, framework)), &want)); err != nil {
		t.Fatal(err)
	}
	want["servers"] = map[string]any{"current": map[string]any{"host": strings.TrimPrefix(url, "http://"), "protocol": "ws"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the document that is served (-written +served):\n%s", diff)
	}
	yaml, err := spec.YAML([]byte(served))
	if err != nil {
		t.Fatal(err)
	}
	if _, text := get(t, url+"/asyncapi.yaml"); text != string(yaml) {
		t.Error("the YAML that is served is not that of the JSON")
	}
}

// The document in each form, and at each place.
func TestWriteDocument(t *testing.T) {
	inJSON := written(t, "chi")
	inYAML, err := spec.YAML([]byte(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.json": inJSON, "a": inJSON, "a.yaml": string(inYAML), "a.YML": string(inYAML)} {
		name = filepath.Join(t.TempDir(), name)
		if err := run(t.Context(), []string{"-asyncapi", name}, io.Discard); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); string(got) != want || err != nil {
			t.Errorf("%s has %d bytes: %v", filepath.Base(name), len(got), err)
		}
	}
	var out strings.Builder
	if err := run(t.Context(), []string{"-asyncapi", "-"}, &out); out.String() != inJSON || err != nil {
		t.Errorf("the output has %d bytes: %v", out.Len(), err)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestRunRefuses(t *testing.T) {
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", busy.Addr().String()}, "address already in use"},
		{[]string{"-nonsense"}, "-nonsense"},
		{[]string{"-framework", "rails"}, `unknown -framework "rails": there are chi, gin, echo, fiber`},
		{[]string{"-layer", "carrier-pigeon"}, `unknown URL, without ://`},
		{[]string{"-layer", "redis://127.0.0.1:1"}, "refused"},
		{[]string{"-asyncapi", filepath.Join(t.TempDir(), "no", "such", "folder")}, "no such file"},
		{[]string{"-asyncapi", ""}, "needs the name of a file"},
		{[]string{"extra"}, "unexpected argument"},
	} {
		err := run(t.Context(), c.args, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: the error is %v, want one with %q", c.args, err, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-help"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"-addr", "-framework", "-layer", "-completion", "-asyncapi"} {
		if !strings.Contains(out.String(), flag) {
			t.Errorf("the help says nothing of %s:\n%s", flag, out.String())
		}
	}
}
