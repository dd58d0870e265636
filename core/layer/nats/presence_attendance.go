package chanxnats

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/chanx-go/chanx/core/layer"
)

// attendance is who is present on a channel, by the tokens of their keys: what
// follows from the messages of its sessions in their order.
type attendance map[string]*attendee

// attendee is a key that is present.
type attendee struct {
	key  string
	in   []stay // sessions that are there, in the order in which they entered or changed
	last *stay  // the end whose grace it is in, where no session is there
}

// shown returns what others see.
func (a *attendee) shown() (info []byte, present bool) {
	switch {
	case a == nil:
		return nil, false
	case len(a.in) > 0:
		return a.in[len(a.in)-1].info, true
	case a.last != nil:
		return a.last.info, true
	default:
		return nil, false
	}
}

// assemble returns who is present by all that is known of a channel's sessions.
// Those that are gone have ended just now.
func assemble(stays []stay, gone map[string]bool) attendance {
	stays = slices.Clone(stays)
	for i := range stays {
		st := &stays[i]
		if gone[st.place] {
			*st = stay{place: st.place, seq: st.seq, state: stayLeft, order: math.MaxUint64, key: st.key}
		}
		if st.state == stayLeft && st.grace <= st.age {
			st.grace = 0
		}
	}
	slices.SortStableFunc(stays, func(a, b stay) int { return cmp.Compare(a.order, b.order) })
	all := make(attendance)
	for i := range stays {
		all.apply(stays[i])
	}
	return all
}

// apply takes what has happened to a session next, and returns how what others see of
// its key has changed: it has joined, or shows another info; or it has left.
func (all attendance) apply(st stay) (joined *layer.Member, left bool) {
	token := st.keyToken()
	a := all[token]
	before, was := a.shown()
	if a == nil {
		a = &attendee{key: st.key}
		all[token] = a
	}
	a.apply(st)
	after, is := a.shown()
	if !is {
		delete(all, token)
	}
	if is && (!was || !bytes.Equal(before, after)) {
		return &layer.Member{Key: a.key, Info: after}, false
	}
	return nil, was && !is
}

func (a *attendee) apply(st stay) {
	i := slices.IndexFunc(a.in, func(in stay) bool { return in.place == st.place })
	if i >= 0 && a.in[i].seq >= st.seq {
		return
	}
	if st.state == stayOver {
		if a.last != nil && a.last.order <= st.order {
			a.last = nil
		}
		return
	}
	if i >= 0 {
		a.in = slices.Delete(a.in, i, i+1)
	}
	if st.state == stayEntered {
		a.in = append(a.in, st)
		a.last = nil
		return
	}
	a.last = nil
	if len(a.in) == 0 && st.grace > 0 {
		a.last = &st
	}
}

// members returns who is present, in no order.
func (all attendance) members() []layer.Member {
	members := make([]layer.Member, 0, len(all))
	for _, a := range all {
		info, _ := a.shown()
		members = append(members, layer.Member{Key: a.key, Info: info})
	}
	return members
}

// newest returns the greatest sequence of a session that is there.
func (all attendance) newest() uint64 {
	var newest uint64
	for _, a := range all {
		for i := range a.in {
			newest = max(newest, a.in[i].seq)
		}
	}
	return newest
}
