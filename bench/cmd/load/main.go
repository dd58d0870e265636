// load drives one WebSocket server with one scenario and prints one JSON line.
//
//	load -url ws://127.0.0.1:21000/ws -dialect chanx -scenario echo -pid 1234
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	g := &gen{}
	g.cfg.register(flag.CommandLine)
	flag.Parse()
	debug.SetGCPercent(800)
	runtime.GOMAXPROCS(1)
	raiseFileLimit(uint64(g.cfg.conns + 1000))
	if err := g.run(); err != nil {
		g.res.Err = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(g.res); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	if g.res.Err != "" {
		os.Exit(1)
	}
}

// raiseFileLimit allows as many open files as it may, at least want if it can.
func raiseFileLimit(want uint64) {
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) != nil {
		return
	}
	lim.Max = max(lim.Max, want)
	lim.Cur = lim.Max
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
}

// run runs the scenario and leaves what it found in g.res.
func (g *gen) run() error {
	cfg := &g.cfg
	g.res = Result{Name: cfg.name, Scenario: cfg.scenario, Dialect: cfg.dialect, C: cfg.conns, Size: cfg.size, Rate: cfg.rate}
	scenario := map[string]func() error{"echo": g.echo, "fanout": g.fanout, "idle": g.idle, "slow": g.slow}[cfg.scenario]
	if scenario == nil {
		return fmt.Errorf("unknown scenario %q", cfg.scenario)
	}
	if g.d = dialects()[cfg.dialect]; g.d == nil {
		return fmt.Errorf("unknown dialect %q", cfg.dialect)
	}
	u, err := url.Parse(cfg.url)
	if err != nil {
		return err
	}
	to, err := loopback("-url", u.Host)
	if err != nil {
		return err
	}
	path := strings.TrimSuffix(u.Path, "/")
	join := cfg.scenario == "fanout" || cfg.scenario == "slow"
	switch {
	case join && cfg.room != "":
		path += cfg.room
	case join:
		path += g.d.room
	}
	if g.r, err = newReactor(to, u.Host, path); err != nil {
		return err
	}
	g.r.sources = cfg.sources
	if cfg.publish != "" {
		if g.r.first, err = loopback("-publish-to", cfg.publish); err != nil {
			return err
		}
	}
	defer g.r.closeAll()
	g.listen(join)
	return scenario()
}

// loopback is an address of this machine: no other is a target.
func loopback(flag, host string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(host)
	switch {
	case err != nil:
		return to, fmt.Errorf("%s must have an IPv4 address and port: %w", flag, err)
	case !to.Addr().IsLoopback():
		return to, fmt.Errorf("%s must be a loopback address", flag)
	}
	return to, nil
}

// listen tells the reactor what to do with connections and messages: first the
// dialect's greeting, then the scenario's messages.
func (g *gen) listen(join bool) {
	var greet []string
	if g.d.greet != nil {
		greet = g.d.greet(join)
	}
	say := func(c *conn) { g.r.write(c, maskFrame(opText, []byte(greet[c.step]))) }
	g.r.onOpen = func(c *conn) {
		g.all = append(g.all, c)
		if len(greet) == 0 {
			g.r.setReady(c)
			return
		}
		say(c)
	}
	message := g.onEcho
	if join {
		message = g.onPush
	}
	g.r.onMessage = func(c *conn, b []byte) {
		if c.state == stReady {
			g.d.each(b, func(m []byte) { message(c, m) })
			return
		}
		g.d.each(b, func(m []byte) {
			if c.state != stOpen || !g.d.ack(c.step, m) {
				return
			}
			if c.step++; c.step < len(greet) {
				say(c)
				return
			}
			g.r.setReady(c)
		})
	}
}
