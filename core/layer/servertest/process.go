package servertest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take for what it does at once in general: on a busy
// machine sentinels were seen to take 25 s until they agree.
const patience = time.Minute

// process is a program that runs.
type process struct {
	pid   int
	ended chan struct{}
	err   error // how it ended; after ended
}

// start runs a program, with its output in the log.
func start(program string, args []string, log *output) (*process, error) {
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // tests say which; kill ends it
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The signal for a parent's death comes when the thread dies that began the
		// child: this one lives as long as the child.
		runtime.LockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return p, nil
}

// signal sends a signal to the process and its children.
func (p *process) signal(s syscall.Signal) error {
	select {
	case <-p.ended:
		return os.ErrProcessDone
	default:
		return syscall.Kill(-p.pid, s)
	}
}

// stopped fails until every thread of the process stands still. Where the system
// doesn't tell, it doesn't fail.
func (p *process) stopped() error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.pid))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread) //nolint:gosec // of the system
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return err
		}
		// The name in parentheses, which may have some itself, stands before the state.
		state := text[bytes.LastIndexByte(text, ')')+1:]
		if !bytes.HasPrefix(state, []byte(" T")) {
			return fmt.Errorf("%s: still in the state %.2s", thread, state)
		}
	}
	return nil
}

// output keeps the last of what programs write.
type output struct {
	mu   sync.Mutex
	text []byte
}

// outputSize is how much of a log is kept, twice that at the most.
const outputSize = 64 << 10

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if len(o.text) > 2*outputSize {
		o.text = append(o.text[:0], o.text[len(o.text)-outputSize:]...)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// tail returns the last lines.
func (o *output) tail(n int) string {
	lines := bytes.Split(bytes.TrimSpace([]byte(o.String())), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}

// program returns the path of a server's program: the one that the environment
// variable names, or the one of that name.
func program(tb testing.TB, variable, name, pkg string) string {
	tb.Helper()
	if other := os.Getenv(variable); other != "" {
		name = other
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/local/bin", "/usr/local/sbin", "/usr/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	tb.Fatalf("servertest: the program %s is not installed: on Debian, apt-get install %s; or name one in %s", name, pkg, variable)
	return ""
}

// folder returns a folder for a server. Its path is short enough for a Unix socket.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "chanx-server-")
	if err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// write writes a file of a server's folder and returns its path.
func write(tb testing.TB, dir, name string, text []byte) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	return path
}

// mustAwait is await where the last error ends the test, in which what was waited for
// is said.
func mustAwait(tb testing.TB, ask func() error, what string, args ...any) {
	tb.Helper()
	if err := await(ask); err != nil {
		tb.Fatalf("servertest: %s: %v", fmt.Sprintf(what, args...), err)
	}
}

// await asks until there is no error any more, and returns the last one after
// [patience].
func await(ask func() error) error {
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-deadline:
			return err
		case <-tick.C:
		}
	}
}
