package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ring is how many publishes may be under way.
const ring = 1 << 14

func (g *gen) publish(t int64) {
	if g.pubC.state == stClosed {
		return
	}
	s := g.pubSeq
	g.pubSeq++
	g.waiting[s%ring] = g.members
	g.tmpl.counter(uint32(ctr0 + s%80_000_000))
	g.tmpl.put(g.tmpl.s, 10, uint64(seq0+s))
	g.tmpl.put(g.tmpl.t, 19, uint64(t))
	g.r.write(g.pubC, g.tmpl.frame)
}

func (g *gen) onPush(c *conn, b []byte) {
	if len(b) < 8 {
		if g.d.batch {
			g.r.write(c, maskFrame(opText, []byte("{}")))
		}
		return
	}
	if g.d.pushed != "" && !near(b, g.d.pushed, 128) {
		if c == g.pubC && g.d.batch { // reply to the publish command
			if near(b, `"error"`, 64) {
				g.res.Bad++
				g.res.Err = fmt.Sprintf("publish refused: %.120q", b)
			}
			return
		}
		g.res.Bad++
		if g.res.Err == "" {
			g.res.Err = fmt.Sprintf("unexpected message: %.120q", b)
		}
		return
	}
	i := indexOf(b, kSeq)
	if i < 0 || len(b) < g.cfg.size {
		g.res.Bad++
		return
	}
	seq := digits(b[i+len(kSeq):]) - seq0
	j := indexOf(b[i:], kT)
	t := digits(b[i+j+4:])
	if c == g.pubC && !g.cfg.self {
		return
	}
	if c == g.stalled {
		c.got++
		return
	}
	if seq != c.last+1 {
		if seq <= c.last {
			g.res.Disorder++
		}
	}
	if seq > c.last {
		c.last = seq
	}
	c.got++
	g.msgs++
	if g.measuring {
		g.h.add(now() - t)
	}
	if g.done <= seq {
		if g.waiting[seq%ring]--; g.waiting[seq%ring] == 0 {
			for g.done < g.pubSeq && g.waiting[g.done%ring] <= 0 {
				g.done++
			}
		}
	}
}

// drive publishes for d, closed loop or at the rate, and returns early when a
// connection is lost.
func (g *gen) drive(d time.Duration, each func()) error {
	start := time.Now()
	base := now()
	var due float64
	progress, at := g.done, time.Now()
	for time.Since(start) < d {
		if g.cfg.rate > 0 {
			for el := time.Since(start).Seconds(); due < el*(g.cfg.rate); due++ {
				if g.pubSeq-g.done >= ring-1 {
					return errors.New("the server is 16383 publishes behind")
				}
				g.publish(base + int64(due/(g.cfg.rate)*1e9))
			}
			g.r.pollFor(time.Duration((due/(g.cfg.rate) - time.Since(start).Seconds()) * 1e9))
		} else {
			for g.pubSeq-g.done < int64(g.cfg.window) {
				g.publish(now())
			}
			g.r.poll(20)
			if g.done != progress {
				progress, at = g.done, time.Now()
			} else if time.Since(at) > time.Second { // something was lost: go on without it
				g.done = g.pubSeq
				at = time.Now()
			}
		}
		if each != nil {
			each()
		}
		if g.pubC.state == stClosed {
			return fmt.Errorf("publisher closed: %w", g.r.lastErr)
		}
	}
	return nil
}

// drain waits for what is still due.
func (g *gen) drain(limit time.Duration) {
	end := time.Now().Add(limit)
	for g.done < g.pubSeq && time.Now().Before(end) {
		g.r.poll(20)
	}
}

func (g *gen) joinAll(extra int) error {
	g.tmpl = pubTemplate(g.d, g.cfg.size)
	g.waiting = make([]int32, ring)
	if err := g.r.connectAll(g.cfg.conns+1+extra, 30*time.Second); err != nil {
		return err
	}
	slices.SortFunc(g.all, func(a, b *conn) int { return a.idx - b.idx })
	g.pubC = g.all[0]
	g.members = int32(g.cfg.conns)
	if g.cfg.self {
		g.members++
	}
	return nil
}

// lost counts, over the subscribers, messages published and never delivered.
func (g *gen) lost() (n int64) {
	for _, c := range g.all {
		if c == g.stalled || (c == g.pubC && !g.cfg.self) {
			continue
		}
		n += g.pubSeq - c.got
	}
	return n
}

// fanout publishes to a room and checks what every member gets.
func (g *gen) fanout() error {
	if g.cfg.rate == 0 {
		g.res.Window = g.cfg.window
	}
	if err := g.joinAll(0); err != nil {
		return err
	}
	// A server may still be joining when the upgrade is answered: publish until
	// one message reaches everyone, then start counting.
	if err := g.settle(); err != nil {
		return err
	}
	if err := g.drive(g.cfg.warm, nil); err != nil {
		return err
	}
	g.begin()
	p0 := g.pubSeq
	err := g.drive(g.cfg.time, nil)
	g.end()
	g.res.Published = g.pubSeq - p0
	g.drain(2 * time.Second)
	g.res.Lost = g.lost()
	g.res.Closed = g.r.closed
	if err != nil {
		return err
	}
	if g.res.Bad > 0 {
		return fmt.Errorf("%d bad messages: %s", g.res.Bad, g.res.Err)
	}
	return nil
}

// settle publishes until one message has reached every member.
func (g *gen) settle() error {
	for range 50 {
		g.publish(now())
		g.drain(200 * time.Millisecond)
		full := g.done == g.pubSeq
		g.done = g.pubSeq
		if full {
			for _, c := range g.all {
				c.got = g.pubSeq
				c.last = g.pubSeq - 1
			}
			return nil
		}
	}
	return fmt.Errorf("no publish reached all %d members", g.members)
}
