package examples_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// outsideVersion is what the modules of this repository require of each other.
const outsideVersion = "v0.0.0"

// A module of somebody else's, which requires one adapter and nothing more, builds
// and runs: without the workspace, without replace, from modules as a proxy has
// them.
func TestOutsideModule(t *testing.T) {
	proxy, dir := t.TempDir(), t.TempDir()
	publish(t, proxy, "../core", "github.com/chanx-go/chanx/core")
	publish(t, proxy, "../adapters/gin", "github.com/chanx-go/chanx/adapters/gin")

	write(t, filepath.Join(dir, "go.mod"), "module example.com/outside\n\ngo 1.26.0\n\nrequire github.com/chanx-go/chanx/adapters/gin "+outsideVersion+"\n")
	write(t, filepath.Join(dir, "go.sum"), read(t, "go.sum")) // of what is not ours
	write(t, filepath.Join(dir, "main.go"), read(t, "testdata/outside/main.go"))

	downloads := strings.TrimSpace(output(t, ".", nil, "go", "env", "GOMODCACHE")) + "/cache/download"
	env := []string{
		"GOWORK=off", "GOFLAGS=-mod=mod -modcacherw", "GOMODCACHE=" + t.TempDir(), "GONOSUMDB=github.com/chanx-go/*", "GONOPROXY=none",
		"GOPROXY=file://" + proxy + ",file://" + downloads + "," + strings.TrimSpace(output(t, ".", nil, "go", "env", "GOPROXY")),
	}
	program := filepath.Join(dir, "outside")
	output(t, dir, env, "go", "build", "-trimpath", "-o", program, ".") // so that the build cache has it the next time, elsewhere
	for line := range strings.Lines(output(t, dir, env, "go", "list", "-m", "all")) {
		if module, version, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(module, "chanx") && version != outsideVersion {
			t.Errorf("the program is built with %s", line)
		}
	}
	runs(t, program)
}

// publish puts a module of this repository where a proxy has it.
func publish(t *testing.T, proxy, dir, module string) {
	t.Helper()
	base := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	write(t, filepath.Join(base, "list"), outsideVersion+"\n")
	write(t, filepath.Join(base, outsideVersion+".info"), `{"Version":"`+outsideVersion+`"}`)
	write(t, filepath.Join(base, outsideVersion+".mod"), read(t, filepath.Join(dir, "go.mod")))
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	names := strings.Fields(output(t, dir, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard"))
	var nested []string // modules of their own, which are not part of this one
	for _, name := range names {
		if folder := filepath.Dir(name); filepath.Base(name) == "go.mod" && folder != "." {
			nested = append(nested, folder+"/")
		}
	}
	for _, name := range names {
		if slices.ContainsFunc(nested, func(folder string) bool { return strings.HasPrefix(name, folder) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.Create(module + "@" + outsideVersion + "/" + name)
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(base, outsideVersion+".zip"), archive.String())
}

// runs starts the program, and talks to it.
func runs(t *testing.T, program string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the program prints %q: %v\n%s", address, err, &stderr)
	}
	c := chanxtest.DialURL(t, "ws://"+strings.TrimSpace(address)+"/ws/rooms/go", nil)
	if got := chanxtest.Request[roomPong](c, roomPing{}); got.Room != "go" {
		t.Errorf("the room is %q", got.Room)
	}
	c.Close(chanx.CloseNormal, "")
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &stderr)
	}
}

// roomPing and roomPong are the program's messages.
type roomPing struct{}

func (roomPing) Action() string { return "ping" }

type roomPong struct {
	Room string `json:"room"`
}

func (roomPong) Action() string { return "pong" }

func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, &stderr)
	}
	return string(out)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
