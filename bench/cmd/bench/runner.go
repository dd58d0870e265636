package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chanx-go/chanx/bench/internal/server"
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
		defer func() { _ = os.RemoveAll(dir) }()
		fill = r.addresses("", dir)
		broker, err := server.Start(strings.Fields(fill.Replace(t.broker)))
		if err != nil {
			return res, fmt.Errorf("what connects the processes: %w", err)
		}
		defer broker.Stop()
		if _, err := broker.Wait(fill.Replace("{broker}"), true); err != nil {
			return res, err
		}
		args = append(args, "-broker-pid", strconv.Itoa(broker.PID()))
		fill = r.addresses(fill.Replace("{broker}"), dir)
		publisher, to, _, err := startTarget(t, fill)
		if err != nil {
			return res, err
		}
		defer publisher.Stop()
		args = append(args, "-publish-to", to.Host, "-publish-pid", strconv.Itoa(publisher.PID()))
		fill = r.addresses(fill.Replace("{broker}"), dir)
	}
	srv, to, debug, err := startTarget(t, fill)
	if err != nil {
		return res, err
	}
	defer srv.Stop()
	args = append(args, "-url", to.String(), "-pid", strconv.Itoa(srv.PID()), "-debug", debug)
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
func startTarget(t target, fill *strings.Replacer) (s *server.Server, to *url.URL, debug string, err error) {
	if to, err = url.Parse(fill.Replace(t.url)); err != nil {
		return nil, nil, "", err
	}
	if s, err = server.Start(strings.Fields(fill.Replace(t.cmd))); err != nil {
		return nil, nil, "", err
	}
	// Without {debug} no READY line is promised.
	if debug, err = s.Wait(to.Host, !strings.Contains(t.cmd, "{debug}")); err != nil {
		s.Stop()
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
