package faulttest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// node is a process that a test has started.
type node struct {
	nodeConfig
	addr   string // of its HTTP server
	ledger *ledger

	tb       testing.TB
	cmd      *exec.Cmd
	in       io.WriteCloser
	stderr   bytes.Buffer
	ready    chan struct{}
	finished chan struct{}
	ended    chan struct{}

	mu   sync.Mutex
	logs []report
}

// startNode starts a process, which ends with the test.
func startNode(tb testing.TB, l *ledger, c nodeConfig) *node {
	tb.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		tb.Fatal(err)
	}
	n := &node{nodeConfig: c, ledger: l, tb: tb, ready: make(chan struct{}), finished: make(chan struct{}, 1), ended: make(chan struct{})}
	n.cmd = exec.Command(os.Args[0])
	n.cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	n.cmd.Stderr = &n.stderr
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go n.listen(out)
	tb.Cleanup(n.kill)
	select {
	case <-n.ready:
	case <-n.ended:
		tb.Fatalf("the process %s ended: %v\n%s", c.Name, n.cmd.ProcessState, n.stderr.String())
	case <-time.After(40 * time.Second):
		tb.Fatalf("the process %s does not come up", c.Name)
	}
	return n
}

// listen takes what the process reports, until it has ended.
func (n *node) listen(out io.Reader) {
	defer close(n.ended)
	in := bufio.NewScanner(out)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var r report
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			break // killed in the middle of a line
		}
		switch r.Is {
		case "ready":
			n.addr = r.Addr
			close(n.ready)
		case "published":
			n.ledger.published(line{r.Publisher, r.Channel}, attempt{at: time.Now(), took: r.Took, err: r.Err})
		case "log":
			n.mu.Lock()
			n.logs = append(n.logs, r)
			n.mu.Unlock()
		case "finished":
			n.finished <- struct{}{}
		}
	}
	_ = n.cmd.Wait()
}

func (n *node) order(o order) {
	n.tb.Helper()
	if err := json.NewEncoder(n.in).Encode(o); err != nil {
		n.tb.Fatalf("the process %s takes no orders: %v\n%s", n.Name, err, n.stderr.String())
	}
}

// finish stops the publishers, after a last message on each channel.
func (n *node) finish() {
	n.tb.Helper()
	select {
	case <-n.finished:
	case <-n.ended:
		n.tb.Errorf("the process %s has ended: %v\n%s", n.Name, n.cmd.ProcessState, n.stderr.String())
	case <-time.After(60 * time.Second):
		n.tb.Errorf("the publishers of %s do not finish", n.Name)
	}
}

// kill ends the process as a crash does.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	<-n.ended
}

// stop ends the process as its administrator does.
func (n *node) stop() {
	n.tb.Helper()
	_ = n.in.Close()
	select {
	case <-n.ended:
		if !n.cmd.ProcessState.Success() {
			n.tb.Errorf("the process %s ended: %v\n%s", n.Name, n.cmd.ProcessState, n.stderr.String())
		}
	case <-time.After(time.Minute):
		n.tb.Errorf("the process %s does not end", n.Name)
	}
}

// running reports whether the process runs.
func (n *node) running() bool {
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// health returns what the process says of itself.
func (n *node) health() chanx.Health {
	n.tb.Helper()
	var h chanx.Health
	if err := n.askHealth(&h); err != nil {
		n.tb.Errorf("the health of %s: %v", n.Name, err)
	}
	return h
}

func (n *node) askHealth(h *chanx.Health) error {
	c := http.Client{Timeout: 5 * time.Second}
	resp, err := c.Get("http://" + n.addr + "/healthz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(h)
}

// logged returns what was logged of a level and those above.
func (n *node) logged(level slog.Level) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, r := range n.logs {
		if r.Level >= level {
			all = append(all, r.Level.String()+" "+r.Text)
		}
	}
	return slices.Clip(all)
}
