package chanxnats

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// TestAttendanceModel does random things to a channel, one message each, and compares
// at every moment who is present by three ways: by the rules of [layer.Presence], by
// all messages in their order, and by the last messages of the sessions, of which old
// ends are deleted.
func TestAttendanceModel(t *testing.T) {
	for seed := range uint64(200) {
		m := newModel(seed)
		for range 400 {
			m.step()
			m.check(t)
			if t.Failed() {
				t.Fatalf("seed %d, after\n%s", seed, m.log.String())
			}
		}
	}
}

// model is a channel, and the part of the stream that is about it.
type model struct {
	rand *rand.Rand
	log  strings.Builder
	now  time.Duration
	seq  uint64

	rules  map[string]*modelKey
	stream map[string]modelMessage // by place
	live   attendance
	// shown is what somebody who was told all changes knows.
	shown map[string]string

	longest time.Duration
}

type modelKey struct {
	sessions []string // places, in the order in which they entered or changed
	infos    map[string]string
	grace    time.Duration // when it ends; 0 where there is none
	info     string        // that is shown in grace
	left     string        // the place whose end it was
}

type modelMessage struct {
	stay

	at time.Duration
}

func newModel(seed uint64) *model {
	return &model{
		rand: rand.New(rand.NewPCG(seed, 1)), rules: map[string]*modelKey{}, stream: map[string]modelMessage{},
		live: attendance{}, shown: map[string]string{},
	}
}

func (m *model) step() {
	m.now += time.Duration(1 + m.rand.IntN(5))
	m.graces()
	m.delete()
	key := fmt.Sprintf("k%d", m.rand.IntN(3))
	place := fmt.Sprintf("o%d.room.%s.s%d", m.rand.IntN(2), key, m.rand.IntN(3))
	k := m.rules[key]
	if k == nil {
		k = &modelKey{infos: map[string]string{}}
		m.rules[key] = k
	}
	switch m.rand.IntN(3) {
	case 0:
		m.enter(k, key, place, fmt.Sprintf("i%d", m.rand.IntN(3)))
	case 1:
		var grace time.Duration
		switch m.rand.IntN(4) {
		case 0:
			grace = time.Duration(1 + m.rand.IntN(20))
		case 1:
			grace = time.Duration(1 + m.rand.IntN(200))
		}
		m.leave(k, key, place, grace)
	case 2:
		m.endOwner(fmt.Sprintf("o%d", m.rand.IntN(2)))
	}
}

func (m *model) enter(k *modelKey, key, place, info string) {
	if k.infos[place] == info && slices.Contains(k.sessions, place) {
		return
	}
	k.sessions = append(slices.DeleteFunc(k.sessions, func(p string) bool { return p == place }), place)
	k.infos[place] = info
	k.grace = 0
	m.put(stay{place: place, state: stayEntered, key: key, info: []byte(info)})
}

func (m *model) leave(k *modelKey, key, place string, grace time.Duration) {
	if !slices.Contains(k.sessions, place) {
		return
	}
	k.sessions = slices.DeleteFunc(k.sessions, func(p string) bool { return p == place })
	if len(k.sessions) == 0 && grace > 0 {
		k.grace, k.info, k.left = m.now+grace, k.infos[place], place
	}
	m.longest = max(m.longest, grace)
	last := m.stream[place]
	m.put(last.ended(grace))
}

// endOwner ends a few sessions of an owner, as if its lease had ended.
func (m *model) endOwner(owner string) {
	for _, key := range slices.Sorted(maps.Keys(m.rules)) {
		k := m.rules[key]
		for _, place := range slices.Clone(k.sessions) {
			if ownerOf(place) == owner && m.rand.IntN(2) == 0 {
				m.leave(k, key, place, 0)
			}
		}
	}
}

// graces ends those that are over, whether they still count or not.
func (m *model) graces() {
	for _, k := range m.rules {
		if k.grace > 0 && k.grace <= m.now {
			k.grace = 0
		}
	}
	for _, place := range slices.Sorted(maps.Keys(m.stream)) {
		if last := m.stream[place]; last.state == stayLeft && last.grace > 0 && last.at+last.grace <= m.now {
			m.put(last.over())
		}
	}
}

// delete deletes some of what is old enough.
func (m *model) delete() {
	const forget = 3
	for place, last := range m.stream {
		if last.state != stayEntered && last.at+forget+m.longest < m.now && (last.grace == 0 || last.at+last.grace < m.now) && m.rand.IntN(2) == 0 {
			delete(m.stream, place)
		}
	}
}

func (m *model) put(st stay) {
	m.seq++
	st.seq = m.seq
	if st.state != stayOver {
		st.order = m.seq
	}
	fmt.Fprintf(&m.log, "%d: %d %s state %d order %d grace %d info %s\n", m.now, st.seq, st.place, st.state, st.order, st.grace, st.info)
	m.stream[st.place] = modelMessage{st, m.now}
	joined, left := m.live.apply(st)
	if joined != nil {
		if m.shown[joined.Key] == string(joined.Info) {
			m.log.WriteString("told the same again\n")
			m.shown[joined.Key] = "told the same again"
			return
		}
		m.shown[joined.Key] = string(joined.Info)
	}
	if left {
		delete(m.shown, st.key)
	}
}

func (m *model) check(t *testing.T) {
	t.Helper()
	want := map[string]string{}
	for key, k := range m.rules {
		switch {
		case len(k.sessions) > 0:
			want[key] = k.infos[k.sessions[len(k.sessions)-1]]
		case k.grace > 0:
			want[key] = k.info
		}
	}
	var stays []stay
	for _, last := range m.stream {
		st := last.stay
		st.age = m.now - last.at
		stays = append(stays, st)
	}
	for what, got := range map[string]map[string]string{
		"all messages": texts(m.live.members()), "the changes": m.shown, "the last messages": texts(assemble(stays, nil).members()),
	} {
		if !maps.Equal(got, want) {
			t.Errorf("by %s: %v, want %v", what, got, want)
		}
	}
}

func texts(members []layer.Member) map[string]string {
	texts := map[string]string{}
	for _, m := range members {
		texts[m.Key] = string(m.Info)
	}
	return texts
}

// FuzzParseStay: whatever stands in the stream is read or refused, and what is read
// is the same once written and read again.
func FuzzParseStay(f *testing.F) {
	for _, st := range []stay{
		{place: "a.b.c.d", state: stayEntered, key: "ann", info: []byte("x")},
		{place: "a.b.c.=", state: stayLeft, lease: leaseID{1, 2, 3}, grace: time.Hour},
		{place: "a.b.c.d", state: stayOver, order: 1 << 40, key: ""},
	} {
		f.Add(st.place, st.encode())
	}
	f.Add("a", []byte{1, 1})
	f.Fuzz(func(t *testing.T, place string, body []byte) {
		st, err := parseStay(place, 7, body)
		if err != nil {
			return
		}
		again, err := parseStay(place, 7, st.encode())
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", st) {
			t.Errorf("%#v, and again %#v", st, again)
		}
		_ = assemble([]stay{st, again}, map[string]bool{place: len(body)%2 == 0}).members()
	})
}

// FuzzParseLease does the same with leases.
func FuzzParseLease(f *testing.F) {
	for _, l := range []lease{{id: leaseID{1}, length: time.Second}, {ended: true}} {
		f.Add(l.encode())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := parseLease(7, body)
		if err != nil {
			return
		}
		if again, err := parseLease(7, l.encode()); err != nil || again != l {
			t.Errorf("%v, and again %v, %v", l, again, err)
		}
	})
}
