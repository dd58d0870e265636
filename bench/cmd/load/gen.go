package main

import (
	"encoding/json"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/chanx-go/chanx/bench/internal/proc"
)

// gen is the generator while it runs one scenario.
type gen struct {
	cfg config
	r   *reactor
	d   *dialect
	res Result
	h   hist
	all []*conn

	measuring bool
	stopping  bool  // echo: send no more
	msgs      int64 // since the last mark

	m0      mark
	pubSeq  int64 // publishes sent
	pubC    *conn
	tmpl    *template
	waiting []int32 // deliveries still due, by sequence
	done    int64   // publishes delivered to all or given up
	members int32
	stalled *conn

	total, total0, mallocs0 int64 // all messages, and allocations, for allocs per message
}

type mark struct {
	t           time.Time
	s           proc.Sample
	broker      float64
	gen         float64
	busy, steal float64
	msgs        int64
}

func selfCPU() float64 {
	var ru syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return float64(ru.Utime.Sec+ru.Stime.Sec) + float64(ru.Utime.Usec+ru.Stime.Usec)/1e6
}

func (g *gen) mark() mark {
	s, _ := proc.Read(g.cfg.pid)
	var broker float64
	if g.cfg.pubPID != 0 {
		more, _ := proc.Read(g.cfg.pubPID)
		s.Add(more)
	}
	if g.cfg.broker != 0 {
		broker, _ = proc.CPUClock(g.cfg.broker)
	}
	b, st := proc.Busy()
	return mark{time.Now(), s, broker, selfCPU(), b, st, g.msgs}
}

// begin starts measuring. The debug page is asked for its allocation count
// outside the measured time, and what that holds up is let through first.
func (g *gen) begin() {
	if g.mallocs0 = g.stat("mallocs"); g.mallocs0 > 0 {
		g.total0 = g.total + g.msgs
		for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end); {
			g.r.poll(5)
		}
	}
	g.total += g.msgs
	g.h.reset()
	g.msgs = 0
	g.res.Bad, g.res.Disorder = 0, 0
	g.m0 = g.mark()
	g.measuring = true
}

func (g *gen) end() {
	g.measuring = false
	m := g.mark()
	r, a := &g.res, g.m0
	sec := m.t.Sub(a.t).Seconds()
	r.Seconds = sec
	r.Msgs = m.msgs
	r.PerSec = float64(r.Msgs) / sec
	if r.Msgs > 0 {
		n := float64(r.Msgs)
		r.CPUPer1M = (m.s.CPU - a.s.CPU) / n * 1e6
		r.BrokerPer1M = (m.broker - a.broker) / n * 1e6
		r.UsrPer1M = (m.s.User - a.s.User) / n * 1e6
		r.SysPer1M = (m.s.Sys - a.s.Sys) / n * 1e6
		r.Reads = float64(m.s.Reads-a.s.Reads) / n
		r.Writes = float64(m.s.Writes-a.s.Writes) / n
		r.Ctx = float64(m.s.Ctx-a.s.Ctx) / n
	}
	if g.mallocs0 > 0 && g.total+g.msgs > g.total0 {
		r.Allocs = float64(g.stat("mallocs")-g.mallocs0) / float64(g.total+g.msgs-g.total0)
	}
	r.P50, r.P99, r.P999, r.Max = g.h.q(.5), g.h.q(.99), g.h.q(.999), float64(g.h.max)/1e3
	r.ServerCPU = (m.s.CPU - a.s.CPU) / sec
	r.GenCPU = (m.gen - a.gen) / sec
	r.OtherCPU = (m.busy-a.busy+m.steal-a.steal)/sec - r.ServerCPU - r.GenCPU - (m.broker-a.broker)/sec
	r.RSSMiB = float64(m.s.RSS) / (1 << 20)
	r.Closed = g.r.closed
	if g.cfg.pid == 0 {
		r.OtherCPU = 0
	}
}

// stat reads one number off the server's debug page, 0 without one.
func (g *gen) stat(key string) int64 {
	if g.cfg.debug == "" {
		return 0
	}
	resp, err := http.Get("http://" + g.cfg.debug + "/stats")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	m := map[string]float64{}
	if json.NewDecoder(resp.Body).Decode(&m) != nil {
		return 0
	}
	return int64(m[key])
}

func (g *gen) debugGC() bool {
	if g.cfg.debug == "" {
		return false
	}
	resp, err := http.Get("http://" + g.cfg.debug + "/gc")
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return true
}
