// Package server starts the processes that are measured.
package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Server is a process under test.
type Server struct {
	cmd   *exec.Cmd
	ready chan string // its READY line
	done  chan struct{}
}

// Start runs a command. It ends with this process.
func Start(argv []string) (*Server, error) {
	if len(argv) == 0 {
		return nil, errors.New("there is no command")
	}
	s := &Server{cmd: exec.Command(argv[0], argv[1:]...), ready: make(chan string, 1), done: make(chan struct{})}
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.read(stdout)
	return s, nil
}

// read looks for the READY line until the process ends.
func (s *Server) read(stdout io.Reader) {
	defer close(s.done)
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if line := sc.Text(); strings.HasPrefix(line, "READY ") {
			select {
			case s.ready <- line:
			default:
			}
		}
	}
}

// Wait returns the debug address, empty if there is none, once the server is up: once
// it has said so, or, with dial, once it can be connected to.
func (s *Server) Wait(host string, dial bool) (debug string, err error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		select {
		case line := <-s.ready:
			if _, rest, ok := strings.Cut(line, "debug="); ok && rest != "" {
				debug = strings.Fields(rest)[0]
			}
			return debug, nil
		case <-time.After(30 * time.Millisecond):
		}
		if !dial {
			continue
		}
		if c, err := net.Dial("tcp", host); err == nil {
			c.Close()
			return "", nil
		}
	}
	return "", errors.New("server did not start")
}

// PID returns the process's id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop kills the process.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
	_ = s.cmd.Wait()
}
