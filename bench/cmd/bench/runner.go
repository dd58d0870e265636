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
	fill := r.addresses()
	server, err := startServer(strings.Fields(fill.Replace(t.cmd)))
	if err != nil {
		return res, err
	}
	defer server.stop()
	to, err := url.Parse(fill.Replace(t.url))
	if err != nil {
		return res, err
	}
	// Without {debug} no READY line is promised.
	debug, err := server.wait(to.Host, !strings.Contains(t.cmd, "{debug}"))
	if err != nil {
		return res, err
	}
	args := append(strings.Fields(s.args), "-url", to.String(), "-dialect", t.dialect,
		"-pid", strconv.Itoa(server.cmd.Process.Pid), "-debug", debug, "-name", t.name)
	load := exec.Command(filepath.Join(r.bin, "load"), append(args, r.loadArgs...)...)
	var out bytes.Buffer
	load.Stdout, load.Stderr = &out, os.Stderr
	runErr := load.Run() // with an error in the line, it exits with one as well
	if err := json.Unmarshal(out.Bytes(), &res); err != nil {
		return res, fmt.Errorf("load: %w", errors.Join(err, runErr))
	}
	return res, nil
}

// addresses hands out two ports.
func (r *runner) addresses() *strings.Replacer {
	if r.port += 2; r.port < firstPort || r.port > lastPort {
		r.port = firstPort
	}
	return strings.NewReplacer("{bin}", r.bin,
		"{addr}", fmt.Sprintf("127.0.0.1:%d", r.port), "{debug}", fmt.Sprintf("127.0.0.1:%d", r.port+1))
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

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
	_ = s.cmd.Wait()
}
