package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runner starts a fresh server for each run, and the generator against it.
type runner struct {
	bin      string // the folder of the built binaries
	loadArgs []string
	port     int // the last one handed out
}

const firstPort, lastPort = 21000, 29000

func (r *runner) run(t target, s scenario) result {
	res, err := r.try(t, s)
	if err != nil {
		res.Err = err.Error()
	}
	res.Target, res.Scenario = t.name, s.id // "scenario" in the line is the generator's
	return res
}

func (r *runner) try(t target, s scenario) (result, error) {
	var res result
	args := append(strings.Fields(s.args), "-dialect", t.dialect, "-name", t.name)
	var fill *strings.Replacer
	if t.broker == "" {
		fill = r.addresses("", "")
	} else {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return res, err
		}
		defer os.RemoveAll(dir)
		fill = r.addresses("", dir)
		broker, err := startServer(strings.Fields(fill.Replace(t.broker)))
		if err != nil {
			return res, fmt.Errorf("what connects the processes: %w", err)
		}
		defer broker.stop()
		if _, err := broker.wait(fill.Replace("{broker}"), true); err != nil {
			return res, err
		}
		args = append(args, "-broker-pid", broker.pid())
		fill = r.addresses(fill.Replace("{broker}"), dir)
		publisher, to, _, err := startTarget(t, fill)
		if err != nil {
			return res, err
		}
		defer publisher.stop()
		args = append(args, "-publish-to", to.Host, "-publish-pid", publisher.pid())
		fill = r.addresses(fill.Replace("{broker}"), dir)
	}
	server, to, debug, err := startTarget(t, fill)
	if err != nil {
		return res, err
	}
	defer server.stop()
	args = append(args, "-url", to.String(), "-pid", server.pid(), "-debug", debug)
	load := exec.Command(filepath.Join(r.bin, "load"), append(args, r.loadArgs...)...)
	var out bytes.Buffer
	load.Stdout, load.Stderr = &out, os.Stderr
	runErr := load.Run() // with an error in the line, it exits with one as well
	if err := json.Unmarshal(out.Bytes(), &res); err != nil {
		return res, fmt.Errorf("load: %w", errors.Join(err, runErr))
	}
	return res, nil
}

// startTarget starts a process of a target, and waits until it serves.
func startTarget(t target, fill *strings.Replacer) (s *server, to *url.URL, debug string, err error) {
	if to, err = url.Parse(fill.Replace(t.url)); err != nil {
		return nil, nil, "", err
	}
	if s, err = startServer(strings.Fields(fill.Replace(t.cmd))); err != nil {
		return nil, nil, "", err
	}
	// Without {debug} no READY line is promised.
	if debug, err = s.wait(to.Host, !strings.Contains(t.cmd, "{debug}")); err != nil {
		s.stop()
		return nil, nil, "", err
	}
	return s, to, debug, nil
}

// addresses hands out three ports, the last for a broker that has none yet.
func (r *runner) addresses(broker, dir string) *strings.Replacer {
	if r.port += 3; r.port < firstPort || r.port > lastPort {
		r.port = firstPort
	}
	at := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
	if broker == "" {
		broker = at(r.port + 2)
	}
	_, brokerPort, _ := strings.Cut(broker, ":")
	return strings.NewReplacer("{bin}", r.bin, "{dir}", dir, "{addr}", at(r.port), "{debug}", at(r.port+1),
		"{broker}", broker, "{broker-port}", brokerPort)
}

// server is the process under test.
type server struct {
	cmd   *exec.Cmd
	ready chan string // its READY line
	done  chan struct{}
}

func startServer(argv []string) (*server, error) {
	if len(argv) == 0 {
		return nil, errors.New("the target has no command")
	}
	s := &server{cmd: exec.Command(argv[0], argv[1:]...), ready: make(chan string, 1), done: make(chan struct{})}
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
func (s *server) read(stdout io.Reader) {
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

// wait returns the debug address, empty if there is none, once the server is up.
func (s *server) wait(host string, dial bool) (debug string, err error) {
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

func (s *server) pid() string { return strconv.Itoa(s.cmd.Process.Pid) }

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
	_ = s.cmd.Wait()
}
