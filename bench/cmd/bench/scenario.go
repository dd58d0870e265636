package main

import "fmt"

// scenario is one column of the matrix: arguments for the generator.
type scenario struct {
	id, title string
	kind      string // which capability of a target it needs
	args      string
	reps      int
	conns     int // idle: connections
}

func matrix(full bool) []scenario {
	echo := func(id, title, args string, reps int) scenario {
		return scenario{id: id, title: "Echo, 100 connections, " + title, kind: "e", args: "-scenario echo -c 100 " + args, reps: reps}
	}
	fan := func(id, title, args string, reps int) scenario {
		return scenario{id: id, title: "Fanout, 500 subscribers, " + title, kind: "f", args: "-scenario fanout -c 500 -size 128 " + args, reps: reps}
	}
	idle := func(conns int, title, settle string, reps int) scenario {
		return scenario{id: "idle", title: "Idle, " + title + " connections", kind: "i",
			args: fmt.Sprintf("-scenario idle -c %d -settle %s", conns, settle), reps: reps, conns: conns}
	}
	slow := func(args string, reps int) scenario {
		return scenario{id: "slow", title: "One stalled reader among 50 subscribers, 400 publishes/s of 4 KiB", kind: "s",
			args: "-scenario slow -c 50 -size 4096 -rate 400 " + args, reps: reps}
	}
	pair := func(id string, subscribers int, title, args string, reps int) scenario {
		return scenario{id: id, title: fmt.Sprintf("Two processes, %d subscribers at one, the publisher at the other, %s", subscribers, title), kind: "p",
			args: fmt.Sprintf("-scenario fanout -size 128 -c %d %s", subscribers, args), reps: reps}
	}
	if full {
		return []scenario{
			echo("echo32", "1 in flight, 32 B", "-size 32 -t 2s", 5),
			echo("echo512", "1 in flight, 512 B", "-size 512 -t 2s", 5),
			echo("echo4k", "1 in flight, 4 KiB", "-size 4096 -t 2s", 3),
			echo("echo32x16", "16 in flight, 32 B", "-d 16 -size 32 -t 2s", 3),
			echo("echorate", "10,000 messages/s in all (open loop), 32 B", "-rate 10000 -size 32 -t 2s", 3),
			fan("fanrate", "80 publishes/s (open loop), 128 B", "-rate 80 -t 2s", 5),
			fan("fanmax", "8 publishes in flight (closed loop), 128 B", "-window 8 -t 2s", 5),
			fan("fanone", "1 publish in flight, 128 B", "-window 1 -t 2s", 3),
			idle(10000, "10,000", "3s", 3),
			slow("-t 4s", 3),
			pair("pair1", 1, "64 publishes in flight, 128 B", "-window 64 -t 2s", 5),
			pair("pair1one", 1, "1 publish in flight, 128 B", "-window 1 -t 2s", 5),
			pair("pair100", 100, "8 publishes in flight, 128 B", "-window 8 -t 2s", 5),
		}
	}
	return []scenario{
		echo("echo32", "1 in flight, 32 B", "-size 32 -t 1s -warm 300ms", 3),
		echo("echo512", "1 in flight, 512 B", "-size 512 -t 1s -warm 300ms", 2),
		fan("fanrate", "80 publishes/s (open loop), 128 B", "-rate 80 -t 1s -warm 300ms", 3),
		fan("fanmax", "8 publishes in flight (closed loop), 128 B", "-window 8 -t 1s -warm 300ms", 3),
		idle(2000, "2,000", "1s", 1),
		slow("-t 3s -warm 300ms", 1),
		pair("pair1", 1, "64 publishes in flight, 128 B", "-window 64 -t 1s -warm 300ms", 3),
		pair("pair100", 100, "8 publishes in flight, 128 B", "-window 8 -t 1s -warm 300ms", 2),
	}
}
