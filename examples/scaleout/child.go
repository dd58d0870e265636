package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// startTime is how long a process may take to be ready.
const startTime = 20 * time.Second

// child is a process that the supervisor runs: the program itself, in another role.
type child struct {
	name string
	url  string // of an app process
	args []string
	out  io.Writer // gets its lines, with the name in front

	turn sync.Mutex // held by who starts or ends it
	mu   sync.Mutex
	run  *session // nil while it is down
}

// session is one run of a child.
type session struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
}

// start starts the process, and waits until it is ready; if it runs it goes on.
func (c *child) start(ctx context.Context) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.pid() != 0 {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, c.args...) //nolint:gosec,noctx // the program itself; it ends with its standard input
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	cmd.Stderr = c.out
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r := &session{cmd, stdin, make(chan struct{})}
	c.set(r)
	isReady := make(chan struct{})
	go c.follow(r, stdout, isReady)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case <-isReady:
		return nil
	case <-r.ended:
		return fmt.Errorf("%s ended before it was ready", c.name)
	case <-ctx.Done():
		c.end(r, true)
		return fmt.Errorf("%s is not ready: %w", c.name, ctx.Err())
	}
}

// follow passes on what the process prints, until it has ended.
func (c *child) follow(r *session, stdout io.Reader, isReady chan struct{}) {
	defer close(r.ended)
	lines := bufio.NewScanner(stdout)
	for first := true; lines.Scan(); first = false {
		if first && strings.Contains(lines.Text(), ready) {
			close(isReady)
			continue
		}
		fmt.Fprintln(c.out, lines.Text())
	}
	_, _ = io.Copy(io.Discard, stdout) // of a line that was too long
	err := r.cmd.Wait()
	c.set(nil)
	fmt.Fprintln(c.out, "ended:", outcome(err))
}

func outcome(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// stop lets go of the process, which ends by itself then: its clients are told.
func (c *child) stop() { c.endNow(false) }

// kill ends the process at once: nobody is told.
func (c *child) kill() { c.endNow(true) }

func (c *child) endNow(hard bool) {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	if r != nil {
		c.end(r, hard)
	}
}

// end ends a run, and waits for it.
func (c *child) end(r *session, hard bool) {
	if !hard {
		_ = r.stdin.Close()
		select {
		case <-r.ended:
			return
		case <-time.After(2 * drainTime):
		}
	}
	_ = r.cmd.Process.Kill()
	<-r.ended
}

func (c *child) set(r *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run = r
}

// pid is the id of the process, 0 while it is down.
func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == nil {
		return 0
	}
	return c.run.cmd.Process.Pid
}

// prefixed writes whole lines, with a prefix in front of each. Many may share a
// writer and its mutex.
type prefixed struct {
	mu     *sync.Mutex
	to     io.Writer
	prefix string
	rest   []byte // of a line that has not ended
}

func (p *prefixed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		p.rest = rest
		if _, err := fmt.Fprintf(p.to, "%s%s\n", p.prefix, line); err != nil {
			return 0, err
		}
	}
}
