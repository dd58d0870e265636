package main

import (
	"fmt"
	"regexp"
	"strings"
)

// target is one server to measure. In cmd and url, {bin} is the folder of the
// built binaries, {addr} and {debug} are fresh addresses.
type target struct {
	name, cmd, url, dialect string
	caps                    string // e echo, f fanout, i idle, s slow, p a pair of processes
	broker                  string // command of what connects a pair; {broker} is its address
}

// own returns a target whose server is built here and takes the usual flags.
func own(name, command, dialect string) target {
	caps := "efis"
	if dialect == "raw" {
		caps = "ei"
	}
	return target{name: name, cmd: "{bin}/" + command + " -addr {addr} -debug {debug}", url: "ws://{addr}/ws", dialect: dialect, caps: caps}
}

// The brokers, which have to be installed. {dir} is a folder of the run's own.
const (
	redis = "redis-server --port {broker-port} --bind 127.0.0.1 --save '' --appendonly no --dir {dir}"
	nats  = "nats-server -a 127.0.0.1 -p {broker-port} -js -sd {dir} -l {dir}/log"
)

// pair returns a target of two processes that a broker connects.
func pair(name, command, dialect, broker string) target {
	t := own(name, command, dialect)
	t.caps, t.broker = "p", broker
	return t
}

// standard targets always run, unless -only leaves them out.
func standard() []target {
	return []target{
		own("chanx", "peer-chanx", "chanx"),
		own("coder", "peer-coder", "chanx"),
		own("coder-noop", "peer-coder -noop", "raw"),
		own("gorilla", "peer-gorilla", "chanx"),
		own("fiber", "peer-fiber", "chanx"),
		own("fiber-noop", "peer-fiber -noop", "raw"),
		own("gws", "peer-gws", "chanx"),
		own("gws-noop", "peer-gws -noop", "raw"),
		own("melody", "peer-melody", "chanx"),
		own("centrifuge", "peer-centrifuge", "centrifuge"),
	}
}

// extra targets run only when -only names them or -extra is given.
func extra() []target {
	targets := []target{
		own("chanx-topic", "peer-chanx", "chanx-topic"),
		own("chanx-history", "peer-chanx -history 100", "chanx-topic"),
		own("chanx-chi", "peer-adapter -framework chi", "chanx"),
		own("chanx-gin", "peer-adapter -framework gin", "chanx"),
		own("chanx-echo", "peer-adapter -framework echo", "chanx"),
		own("chanx-fiber", "peer-adapter -framework fiber", "chanx"),
		own("chanx-fiber-reduced", "peer-adapter -framework fiber -reduce", "chanx"),
		own("centrifuge-tuned", "peer-centrifuge -tuned", "centrifuge"),
		pair("chanx-redis", "peer-chanx -layer redis://{broker}", "chanx", redis),
		pair("chanx-redis-history", "peer-chanx -history 100 -layer redis://{broker}", "chanx-topic", redis),
		pair("chanx-nats", "peer-chanx -layer nats://{broker}", "chanx", nats),
		pair("chanx-nats-history", "peer-chanx -history 100 -layer nats://{broker}", "chanx-topic", nats),
		pair("centrifuge-redis", "peer-centrifuge -redis {broker}", "centrifuge", redis),
		pair("centrifuge-redis-history", "peer-centrifuge -history 100 -redis {broker}", "centrifuge", redis),
		own("limit-net", "peer-raw -loop net", "raw"),
		own("limit-once", "peer-raw -loop once", "raw"),
		own("limit-epoll", "peer-raw -loop epoll", "raw"),
	}
	for _, p := range []struct{ name, flags string }{
		{"proto-0", ""},
		{"proto-1-noctx", "-echo noctx"},
		{"proto-2-direct", "-echo direct -fan conn"},
		{"proto-3-codec", "-echo direct -fan conn -codec fast"},
		{"proto-4-detach", "-echo direct -fan conn -codec fast -detach"},
		{"proto-5-pooled", "-echo direct -fan conn -codec fast -detach -read pooled"},
		{"proto-6-room", "-echo direct -fan room -codec fast -detach -read pooled"},
		{"proto-7-once", "-echo direct -fan room -codec fast -detach -read once"},
		{"proto-8-batch", "-echo direct -fan room -codec fast -detach -read once -batch"},
		{"proto-own", "-echo direct -fan room -codec fast -detach -read own -batch"},
		{"proto-each", "-echo direct -fan each"},
		{"proto-rawsys", "-echo direct -fan room -codec fast -detach -read once -batch -rawsys"},
	} {
		targets = append(targets, own(p.name, "peer-proto "+p.flags, "chanx"))
	}
	return targets
}

// targets returns what the options ask for.
func (o *options) targets() ([]target, error) {
	only, err := regexp.Compile("^(" + o.only + ")$")
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var all []target
	for _, t := range standard() {
		if o.only == "" || only.MatchString(t.name) || t.name == o.floor {
			all = append(all, t)
		}
	}
	for _, t := range extra() {
		if o.only != "" && only.MatchString(t.name) || o.only == "" && o.extra {
			all = append(all, t)
		}
	}
	return append(all, o.more...), nil
}

// targetFlag collects the values of -target.
type targetFlag []target

func (t *targetFlag) String() string { return "" }

// Set takes name=command,url,dialect, where the command may have commas itself.
func (t *targetFlag) Set(s string) error {
	name, rest, ok := strings.Cut(s, "=")
	parts := strings.Split(rest, ",")
	n := len(parts)
	if !ok || n < 3 {
		return fmt.Errorf("want name=command,url,dialect, got %q", s)
	}
	add := target{name: name, cmd: strings.Join(parts[:n-2], ","), url: parts[n-2], dialect: parts[n-1], caps: "efis"}
	if add.dialect == "raw" {
		add.caps = "ei"
	}
	*t = append(*t, add)
	return nil
}
