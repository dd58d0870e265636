package chanxnats

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// keepFor returns for how long the ends of sessions are to be kept: longer than it can
// take until who has missed one finds it, and longer than any grace.
func (p *presence) keepFor(ctx context.Context) (time.Duration, error) {
	_, err := p.askLongest(ctx)
	return p.forget + time.Duration(p.longest.Load()), err
}

// coverGrace sees to it that ends are kept for as long as a grace.
func (p *presence) coverGrace(ctx context.Context, grace time.Duration) error {
	for grace > time.Duration(p.longest.Load()) {
		seq, err := p.askLongest(ctx)
		if err != nil {
			return err
		}
		if grace <= time.Duration(p.longest.Load()) {
			return nil
		}
		body := binary.AppendUvarint(nil, uint64(grace))
		_, err = p.shelf.put(ctx, p.shelf.longest(), body, seq)
		if err == nil {
			p.noteLongest(body)
		} else if !errors.Is(err, errConflict) {
			return err
		}
	}
	return nil
}

func (p *presence) askLongest(ctx context.Context) (seq uint64, err error) {
	k, err := p.shelf.last(ctx, p.shelf.longest())
	if errors.Is(err, errNone) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	p.noteLongest(k.body)
	return k.seq, nil
}

func (p *presence) noteLongest(body []byte) {
	grace, n := binary.Uvarint(body)
	if n <= 0 {
		return
	}
	for {
		known := p.longest.Load()
		if int64(grace) <= known || p.longest.CompareAndSwap(known, int64(grace)) {
			return
		}
	}
}

// endGraceAfter ends a grace after some time, if it is still the last that happened
// to the session.
func (p *presence) endGraceAfter(st stay, d time.Duration) *timer {
	return p.timers.after(d, func() { p.spawn(func(ctx context.Context) { p.endGrace(ctx, st) }) })
}

func (p *presence) endGrace(ctx context.Context, st stay) {
	select { // many may end at once
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		p.again(func(ctx context.Context) { p.endGrace(ctx, st) })
		return
	}
	over := st.over()
	switch err := p.shelf.write(ctx, &over, st.seq); {
	case err == nil:
		p.throw(over.seq)
	case !errors.Is(err, errConflict):
		p.again(func(ctx context.Context) { p.endGrace(ctx, st) })
	}
}

// bin has messages that are to be deleted, in the order in which they were written.
// It is guarded by presence's lock.
type bin struct {
	thrown []thrown
	timer  bool // it is looked at from time to time
}

// thrown is a message that is to be deleted.
type thrown struct {
	seq uint64
	at  int64 // when it was written, in nanoseconds since 1970
}

// maxThrown is how many messages wait at the most. Others are deleted when their owner
// has no lease any more.
const maxThrown = 1 << 18

func (b *bin) clear() { b.thrown = nil }

// throw has the message at a sequence deleted when it is not needed any more.
func (p *presence) throw(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq == 0 || len(p.bin.thrown) >= maxThrown {
		return
	}
	p.bin.thrown = append(p.bin.thrown, thrown{seq, time.Now().UnixNano()})
	if !p.bin.timer {
		p.bin.timer = true
		p.timers.after(p.forget/12, func() { p.spawn(p.empty) })
	}
}

// take returns what is not needed any more, and reports whether there is more.
func (b *bin) take(before int64) (old []thrown, more bool) {
	n := 0
	for n < len(b.thrown) && b.thrown[n].at < before {
		n++
	}
	old = b.thrown[:n:n]
	b.thrown = b.thrown[n:]
	if len(b.thrown) == 0 {
		b.thrown = nil
	}
	return old, len(b.thrown) > 0
}

// empty deletes what is not needed any more.
func (p *presence) empty(ctx context.Context) {
	keep, err := p.keepFor(ctx)
	if err != nil {
		p.again(p.empty)
		return
	}
	p.mu.Lock()
	old, more := p.bin.take(time.Now().Add(-keep).UnixNano())
	p.bin.timer = more
	p.mu.Unlock()
	if more {
		p.timers.after(p.forget/12, func() { p.spawn(p.empty) })
	}
	if len(old) == 0 {
		return
	}
	created, err := p.shelf.open(ctx)
	if err != nil || !p.notice(created) {
		return // what is left is deleted with what its owners leave
	}
	seqs := make([]uint64, len(old))
	for i, t := range old {
		seqs[i] = t.seq
	}
	_ = p.removeAll(ctx, seqs)
}

// removeAll deletes messages.
func (p *presence) removeAll(ctx context.Context, seqs []uint64) error {
	return each(ctx, endAtOnce, seqs, func(ctx context.Context, _ int, seq uint64) error {
		return p.shelf.remove(ctx, seq)
	})
}

// clean deletes what an owner has left whose lease has ended, as far as it isn't
// needed any more; and in the end the lease itself.
func (p *presence) clean(ctx context.Context, token string) {
	known, err := p.look(ctx, token)
	if err != nil {
		p.again(func(ctx context.Context) { p.clean(ctx, token) })
		return
	}
	if known == nil || !known.ended {
		return
	}
	left, err := p.cleanStays(ctx, token)
	if err == nil && !left {
		if err = p.shelf.remove(ctx, known.seq); err == nil {
			p.forgotten(token)
			return
		}
	}
	p.timers.after(p.forget, func() { p.spawn(func(ctx context.Context) { p.clean(ctx, token) }) })
}

// cleanStays reports whether there is still something of an owner.
func (p *presence) cleanStays(ctx context.Context, token string) (left bool, err error) {
	if err := p.endStays(ctx, token); err != nil { // where who ended the lease didn't come to the end
		return true, err
	}
	stays, err := p.shelf.stays(ctx, p.shelf.ofOwner(token))
	if err != nil {
		return true, err
	}
	keep, err := p.keepFor(ctx)
	if err != nil {
		return true, err
	}
	var old []uint64
	for i := range stays {
		st := &stays[i]
		switch {
		case st.state == stayLeft && st.grace > 0 && st.grace <= st.age:
			p.endGrace(ctx, *st)
			left = true
		case st.state != stayEntered && st.age > keep:
			old = append(old, st.seq)
		default:
			left = true
		}
	}
	return left, p.removeAll(ctx, old)
}
