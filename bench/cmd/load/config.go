package main

import (
	"flag"
	"time"
)

// config is what the flags say.
type config struct {
	url      string
	dialect  string
	scenario string
	pid      int
	debug    string
	conns    int
	depth    int
	size     int
	rate     float64
	window   int
	time     time.Duration
	warm     time.Duration
	settle   time.Duration
	self     bool
	room     string
	name     string
	sources  int
	publish  string
	pubPID   int
	broker   int
}

// register puts the flags of c, with their defaults, into fs.
func (c *config) register(fs *flag.FlagSet) {
	fs.StringVar(&c.url, "url", "", "base URL, ws://IP:PORT/path")
	fs.StringVar(&c.dialect, "dialect", "chanx", "chanx, chanx-topic, raw or centrifuge")
	fs.StringVar(&c.scenario, "scenario", "echo", "echo, fanout, idle or slow")
	fs.IntVar(&c.pid, "pid", 0, "the server's process id, for CPU and memory")
	fs.StringVar(&c.debug, "debug", "", "the server's debug address (host:port with /stats and /gc), optional")
	fs.IntVar(&c.conns, "c", 100, "connections (echo, idle) or subscribers (fanout, slow)")
	fs.IntVar(&c.depth, "d", 1, "echo: requests in flight per connection")
	fs.IntVar(&c.size, "size", 32, "bytes of text in a message")
	fs.Float64Var(&c.rate, "rate", 0, "echo: messages per second in all; fanout, slow: publishes per second (0: closed loop)")
	fs.IntVar(&c.window, "window", 8, "fanout closed loop: publishes in flight")
	fs.DurationVar(&c.time, "t", 3*time.Second, "measured time")
	fs.DurationVar(&c.warm, "warm", 500*time.Millisecond, "time before measuring")
	fs.DurationVar(&c.settle, "settle", 2*time.Second, "idle: wait before reading memory")
	fs.BoolVar(&c.self, "self", true, "fanout: the publisher gets its own messages")
	fs.StringVar(&c.room, "room", "", "path suffix that joins the room, in place of the dialect's")
	fs.StringVar(&c.name, "name", "", "copied to the result")
	fs.StringVar(&c.publish, "publish-to", "", "fanout: `IP:PORT` of the process that the publisher connects to, in place of that of -url")
	fs.IntVar(&c.pubPID, "publish-pid", 0, "that process's id: its CPU time counts as the server's")
	fs.IntVar(&c.broker, "broker-pid", 0, "process id of what connects the two: its CPU time is told beside")
	fs.IntVar(&c.sources, "sources", 8, "source addresses, 127.0.0.2 and up")
}
