package servertest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// Server is a server that runs.
type Server struct {
	Addr string // host and port
	URL  string // as the layer for this kind of server takes it, with user and password
	Name string // what the server calls itself; of NATS only
	Dir  string // where it keeps what it stores
	// TLS is a client's configuration, which trusts the server; nil without TLS.
	TLS *tls.Config

	tb      testing.TB
	program string
	args    []string
	user    string
	secret  string
	ready   func(*Server) error
	log     output
	process *process
}

// run starts a server for the first time.
func (s *Server) run(tb testing.TB) *Server {
	tb.Helper()
	s.tb = tb
	tb.Cleanup(func() {
		if err := s.kill(); err != nil {
			tb.Logf("servertest: kill %s: %v", s.program, err)
		}
		if tb.Failed() {
			tb.Logf("the last that %s at %s wrote:\n%s", s.program, s.Addr, s.log.tail(12))
		}
	})
	s.Start()
	return s
}

// Start starts the server again, after Kill or Stop, at the same port and with what
// it has stored. It returns once the server answers.
func (s *Server) Start() {
	s.tb.Helper()
	s.launch()
	if err := await(func() error {
		select {
		case <-s.process.ended:
			s.tb.Fatalf("servertest: %s ended: %v\n%s", s.program, s.process.err, s.log.tail(12))
		default:
		}
		return s.ready(s)
	}); err != nil {
		s.tb.Fatalf("servertest: %s does not answer: %v\n%s", s.program, err, s.log.tail(12))
	}
}

// launch is Start that does not wait until the server answers.
func (s *Server) launch() {
	s.tb.Helper()
	if s.Running() {
		s.tb.Fatalf("servertest: %s at %s runs already", s.program, s.Addr)
	}
	p, err := start(s.program, s.args, &s.log)
	if err != nil {
		s.tb.Fatalf("servertest: %v", err)
	}
	s.process = p
}

// Running reports whether the server runs, or is paused.
func (s *Server) Running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.process.ended:
		return false
	default:
		return true
	}
}

// Kill ends the server as a crash does, with SIGKILL. It returns once the server is
// gone, and does nothing where it is.
func (s *Server) Kill() {
	s.tb.Helper()
	if err := s.kill(); err != nil {
		s.tb.Fatalf("servertest: kill %s: %v", s.program, err)
	}
}

func (s *Server) kill() error { return s.end(syscall.SIGKILL) }

// Stop ends the server as its administrator does, with SIGTERM. It returns once the
// server is gone, and does nothing where it is.
func (s *Server) Stop() {
	s.tb.Helper()
	if err := s.end(syscall.SIGTERM); err != nil {
		s.tb.Fatalf("servertest: stop %s: %v", s.program, err)
	}
}

func (s *Server) end(how syscall.Signal) error {
	if !s.Running() {
		return nil
	}
	if err := s.signal(how); err != nil {
		return err
	}
	select {
	case <-s.process.ended:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("it runs still, %v after %v", patience, how)
	}
}

// Pause stops the server where it is, with SIGSTOP: its connections stay, and
// nothing answers any more.
func (s *Server) Pause() {
	s.tb.Helper()
	if err := s.signal(syscall.SIGSTOP); err != nil {
		s.tb.Fatalf("servertest: pause %s: %v", s.program, err)
	}
	// The signal is there at once, but a thread may run on for a moment.
	mustAwait(s.tb, s.process.stopped, "pause %s", s.program)
}

// Resume lets the server go on after Pause.
func (s *Server) Resume() {
	s.tb.Helper()
	if err := s.signal(syscall.SIGCONT); err != nil {
		s.tb.Fatalf("servertest: resume %s: %v", s.program, err)
	}
}

func (s *Server) signal(what syscall.Signal) error {
	if s.process == nil {
		return errors.New("it was not started")
	}
	return s.process.signal(what)
}
