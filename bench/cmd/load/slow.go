package main

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/chanx-go/chanx/bench/internal/proc"
)

// slow measures what one reader that stops reading does to the others.
func (g *gen) slow() error {
	if g.cfg.rate == 0 {
		g.cfg.rate = 400
		g.res.Rate = 400
	}
	last := g.cfg.conns + 1
	g.r.rcvbuf = func(idx int) int {
		if idx == last {
			return 4096
		}
		return 0
	}
	if err := g.joinAll(1); err != nil {
		return err
	}
	g.members++ // the one that will stall reads for now
	if err := g.settle(); err != nil {
		return err
	}
	sr := &SlowResult{}
	g.res.Slow = sr
	if err := g.drive(g.cfg.warm, nil); err != nil {
		return err
	}
	g.begin()
	if err := g.drive(g.cfg.time/3, nil); err != nil {
		return err
	}
	g.end()
	g.drain(time.Second)
	sr.P50Before, sr.P99Before = g.res.P50, g.res.P99
	before := g.res.CPUPer1M

	st := g.all[last]
	if st.state != stReady {
		return errors.New("the reader to stall is gone already")
	}
	err := g.stall(st, sr)
	g.res.UsrPer1M = before // kept: CPU per million before the stall
	g.wake(st, sr)
	g.res.Closed = g.r.closed
	if sr.Closed {
		g.res.Closed--
	}
	return err
}

// stall goes on publishing while st does not read.
func (g *gen) stall(st *conn, sr *SlowResult) error {
	g.stalled = st
	g.members--
	st.got = 0
	_ = unix.EpollCtl(g.r.ep, unix.EPOLL_CTL_DEL, st.fd, nil)
	sr.RSSBefore = float64(proc.RSS(g.cfg.pid)) / (1 << 20)
	first := g.pubSeq
	g.begin()
	var next time.Time
	err := g.drive(g.cfg.time, func() {
		if t := time.Now(); t.After(next) {
			next = t.Add(100 * time.Millisecond)
			sr.RSSMax = max(sr.RSSMax, float64(proc.RSS(g.cfg.pid))/(1<<20))
		}
	})
	g.end()
	sr.P50During, sr.P99During, sr.P999During, sr.MaxDuring = g.res.P50, g.res.P99, g.res.P999, g.res.Max
	sr.Published = g.pubSeq - first
	sr.SentMiB = float64(sr.Published) * float64(len(g.tmpl.frame)) / (1 << 20)
	g.drain(2 * time.Second)
	sr.OthersLost = g.lost()
	g.res.Lost = sr.OthersLost
	return err
}

// wake lets st read again: what was kept for it, and was it closed?
func (g *gen) wake(st *conn, sr *SlowResult) {
	_ = unix.EpollCtl(g.r.ep, unix.EPOLL_CTL_ADD, st.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(st.fd)})
	for at, got := time.Now(), int64(-1); st.state != stClosed && time.Since(at) < 700*time.Millisecond; {
		g.r.poll(20)
		if st.got != got {
			got, at = st.got, time.Now()
		}
	}
	sr.StalledGot = st.got
	sr.Closed = st.state == stClosed
	sr.CloseCode = st.code
}
