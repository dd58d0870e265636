package main

import (
	"fmt"
	"time"

	"github.com/chanx-go/chanx/bench/internal/proc"
)

// idle opens connections and looks at what they cost while nothing happens.
func (g *gen) idle() error {
	g.debugGC()
	s0, _ := proc.Read(g.cfg.pid)
	b := g.mark()
	start := time.Now()
	if err := g.r.connectAll(g.cfg.conns, 60*time.Second); err != nil {
		return err
	}
	sec := time.Since(start).Seconds()
	s1, _ := proc.Read(g.cfg.pid)
	g.res.ConnPerSec = float64(g.cfg.conns) / sec
	g.res.ConnCPU1K = (s1.CPU - s0.CPU) / float64(g.cfg.conns) * 1000
	g.res.ServerCPU = (s1.CPU - s0.CPU) / sec
	g.res.GenCPU = (selfCPU() - b.gen) / sec
	g.res.Seconds = sec
	g.pollUntil(time.Now().Add(g.cfg.settle))
	rss := proc.RSS(g.cfg.pid)
	g.res.RSSMiB = float64(rss) / (1 << 20)
	g.res.PerConnKiB = float64(rss-s0.RSS) / 1024 / float64(g.cfg.conns)
	g.res.Goroutines = g.stat("goroutines")
	if g.debugGC() {
		g.pollUntil(time.Now().Add(200 * time.Millisecond))
		g.res.PerConnGC = float64(proc.RSS(g.cfg.pid)-s0.RSS) / 1024 / float64(g.cfg.conns)
	}
	g.res.Closed = g.r.closed
	if g.r.closed > 0 {
		return fmt.Errorf("%d idle connections closed: %w", g.r.closed, g.r.lastErr)
	}
	return nil
}

// pollUntil handles what comes until then.
func (g *gen) pollUntil(then time.Time) {
	for time.Now().Before(then) {
		g.r.poll(20)
	}
}
