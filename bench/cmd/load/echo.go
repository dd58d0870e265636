package main

import (
	"errors"
	"fmt"
	"time"
)

func (g *gen) send(c *conn, t int64) {
	c.sent[c.next%uint32(len(c.sent))] = t
	g.tmpl.counter(ctr0 + c.next)
	c.next++
	g.r.write(c, g.tmpl.frame)
}

func (g *gen) onEcho(c *conn, b []byte) {
	if len(b) < 8 && g.d.batch { // {} is centrifuge's ping
		g.r.write(c, maskFrame(opText, []byte("{}")))
		return
	}
	ok := len(b) >= g.cfg.size
	if ok && g.d.rep != "" {
		ok = near(b, g.d.rep, 64)
	}
	if ok {
		p := b
		if len(p) > 128 {
			p = p[:128]
		}
		i := indexOf(p, kText)
		ok = i >= 0 && i+16 <= len(b) && digits(b[i+8:i+16]) == int64(ctr0+c.first)
	}
	if !ok || c.first == c.next {
		g.res.Bad++
		if g.res.Err == "" {
			g.res.Err = fmt.Sprintf("unexpected reply: %.120q", b)
		}
		if c.first == c.next {
			return
		}
	}
	t := now()
	g.h.add(t - c.sent[c.first%uint32(len(c.sent))])
	c.first++
	g.msgs++
	if g.cfg.rate == 0 && !g.stopping && c.next < 80_000_000 {
		g.send(c, t)
	}
}

func indexOf(b, sub []byte) int {
	for i := 0; i+len(sub) <= len(b); i++ {
		if b[i] == sub[0] && string(b[i:i+len(sub)]) == string(sub) {
			return i
		}
	}
	return -1
}

// echo keeps requests under way on every connection, or sends at a fixed rate.
func (g *gen) echo() error {
	g.res.D = g.cfg.depth
	var err error
	if g.tmpl, err = echoTemplate(g.d, g.cfg.size); err != nil {
		return err
	}
	if err = g.r.connectAll(g.cfg.conns, 30*time.Second); err != nil {
		return err
	}
	slots := g.cfg.depth
	if g.cfg.rate > 0 {
		slots = maxDue
	}
	for _, c := range g.all {
		c.sent = make([]int64, slots)
	}
	step := func() { g.r.poll(20) }
	pace := &pacer{gen: g}
	if g.cfg.rate > 0 {
		step = pace.step
	} else {
		for _, c := range g.all {
			for range g.cfg.depth {
				g.send(c, now())
			}
		}
	}
	pace.restart()
	for start := time.Now(); time.Since(start) < g.cfg.warm; {
		step()
	}
	g.begin()
	pace.restart() // nothing is due for the time that begin took
	for time.Since(g.m0.t) < g.cfg.time {
		step()
		if g.r.closed > 0 {
			g.end()
			return fmt.Errorf("connection closed: %w", g.r.lastErr)
		}
	}
	g.end()
	g.collect()
	if g.res.Bad > 0 {
		return errors.New(g.res.Err)
	}
	if g.res.Msgs == 0 {
		return errors.New("no replies")
	}
	return nil
}

// collect waits for the replies that are still due and counts those that stay out.
func (g *gen) collect() {
	g.stopping = true
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); g.r.poll(20) {
		g.res.Lost = 0
		for _, c := range g.all {
			g.res.Lost += int64(c.next - c.first)
		}
		if g.res.Lost == 0 {
			return
		}
	}
}

// maxDue is how many requests may be under way on a connection in an open loop.
const maxDue = 1024

// pacer is the open loop: a request carries the time at which it was due.
type pacer struct {
	gen   *gen
	start time.Time
	due   float64 // requests since start
	next  int     // connection
}

func (p *pacer) restart() { p.start, p.due = time.Now(), 0 }

func (p *pacer) step() {
	g, rate := p.gen, p.gen.cfg.rate
	for elapsed := time.Since(p.start).Seconds(); p.due < elapsed*rate; p.due++ {
		c := g.all[p.next%len(g.all)]
		p.next++
		if c.state == stReady && c.next-c.first < maxDue-1 {
			g.send(c, epochUnix+int64(p.start.Sub(epoch))+int64(p.due/rate*1e9))
		}
	}
	g.r.pollFor(time.Duration((p.due/rate - time.Since(p.start).Seconds()) * 1e9))
}
