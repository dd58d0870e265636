package main

import (
	"fmt"
	"slices"
	"strings"
)

// pairFloor is what pairs of processes are compared with.
const pairFloor = "centrifuge-redis"

// table returns one scenario as markdown, a target a row.
func (b *bench) table(s scenario, targets []target) string {
	w := &strings.Builder{}
	floor := b.floor
	if s.kind == "p" {
		floor = pairFloor
	}
	base := pick(b.all, floor, s.id)
	fmt.Fprintf(w, "\n### %s\n\n", s.title)
	var head string
	var row func(rs, base []result) string
	switch s.kind {
	case "e":
		head, row = messageHead("messages", b.floor), messageRow
	case "f":
		head, row = messageHead("deliveries", b.floor), messageRow
	case "p":
		head, row = "broker's CPU s per 1M | "+messageHead("deliveries", floor), func(rs, base []result) string {
			return fmt.Sprintf("%.2f | ", med(vals(rs, func(r result) float64 { return r.Broker }))) + messageRow(rs, base)
		}
	case "i":
		head, row = idleHead(b.floor), func(rs, base []result) string { return idleRow(rs, base, s.conns) }
	case "s":
		head, row = slowHead(), slowRow
	}
	fmt.Fprintf(w, "| server | %s |\n%s|\n", head, strings.Repeat("|---", strings.Count(head, " | ")+2))
	for _, t := range targets {
		if !strings.Contains(t.caps, s.kind) {
			continue
		}
		rs, failed := pick(b.all, t.name, s.id), failures(b.all, t.name, s.id)
		if len(rs) == 0 {
			fmt.Fprintf(w, "| %s | failed: %s |\n", t.name, strings.Join(failed, "; "))
			continue
		}
		fmt.Fprintf(w, "| %s%s | %s |\n", t.name, b.remarks(rs, failed), row(rs, base))
	}
	return w.String()
}

// remarks says what speaks against trusting a row.
func (b *bench) remarks(rs []result, failed []string) string {
	var s string
	if n := len(failed); n > 0 {
		s += fmt.Sprintf(" (%d runs failed: %s)", n, failed[n-1])
	}
	noisy := 0
	for _, r := range rs {
		if r.Other > b.noise {
			noisy++
		}
	}
	if noisy > 0 {
		s += fmt.Sprintf(" (%d of %d noisy)", noisy, len(rs))
	}
	return s
}

func messageHead(what, floor string) string {
	return fmt.Sprintf("CPU s per 1M %s (min–max) | × %s | %s/s | × %s | p50 µs | p99 µs | reads | writes | allocs | generator cores | lost / disorder / closed",
		what, floor, what, floor)
}

func messageRow(rs, base []result) string {
	cpu := func(r result) float64 { return r.CPU }
	rate := func(r result) float64 { return r.PerSec }
	m := func(f func(result) float64) float64 { return med(vals(rs, f)) }
	most := func(f func(result) float64) float64 { return slices.Max(vals(rs, f)) }
	return fmt.Sprintf("%s | %s | %.0f | %s | %.0f | %.0f | %.2f | %.2f | %.1f | %.2f | %.0f / %.0f / %.0f",
		span(vals(rs, cpu), "%.2f"), ratio(rs, base, cpu), m(rate), ratio(rs, base, rate),
		m(func(r result) float64 { return r.P50 }), m(func(r result) float64 { return r.P99 }),
		m(func(r result) float64 { return r.Reads }), m(func(r result) float64 { return r.Writes }),
		m(func(r result) float64 { return r.Allocs }), m(func(r result) float64 { return r.Gen }),
		most(func(r result) float64 { return r.Lost }), most(func(r result) float64 { return r.Disorder }),
		most(func(r result) float64 { return r.Closed }))
}

func idleHead(floor string) string {
	return fmt.Sprintf("RSS per connection KiB | × %s | after forced GC KiB | goroutines per connection | connects/s | server CPU ms per connect", floor)
}

func idleRow(rs, base []result, conns int) string {
	rss := func(r result) float64 { return r.PerConn }
	m := func(f func(result) float64) float64 { return med(vals(rs, f)) }
	return fmt.Sprintf("%s | %s | %s | %.2f | %.0f | %.3f", span(vals(rs, rss), "%.1f"), ratio(rs, base, rss),
		span(vals(rs, func(r result) float64 { return r.PerConnGC }), "%.1f"),
		m(func(r result) float64 { return r.Goroutines })/float64(conns),
		m(func(r result) float64 { return r.ConnPerSec }), m(func(r result) float64 { return r.ConnCPU }))
}

func slowHead() string {
	return "others p50 before → during µs | others p99 before → during µs | others max during ms | RSS before → max MiB" +
		" | queued for the stalled one MiB | it found | closed it (code) | others lost"
}

func slowRow(rs, _ []result) string {
	m := func(f func(*slow) float64) float64 { return med(vals(rs, func(r result) float64 { return f(r.Slow) })) }
	closed, code := 0, 0
	for _, r := range rs {
		if r.Slow.Closed {
			closed++
			code = max(code, r.Slow.CloseCode)
		}
	}
	return fmt.Sprintf("%.0f → %.0f | %.0f → %.0f | %.1f | %.1f → %.1f | %.1f | %.0f of %.0f | %d of %d (%d) | %.0f",
		m(func(s *slow) float64 { return s.P50Before }), m(func(s *slow) float64 { return s.P50During }),
		m(func(s *slow) float64 { return s.P99Before }), m(func(s *slow) float64 { return s.P99During }),
		m(func(s *slow) float64 { return s.MaxDuring })/1000,
		m(func(s *slow) float64 { return s.RSSBefore }), m(func(s *slow) float64 { return s.RSSMax }),
		m(func(s *slow) float64 { return s.SentMiB }), m(func(s *slow) float64 { return s.StalledGot }),
		m(func(s *slow) float64 { return s.Published }), closed, len(rs), code,
		slices.Max(vals(rs, func(r result) float64 { return r.Slow.OthersLost })))
}
