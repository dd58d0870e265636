package layertest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/chanx-go/chanx/core/layer"
)

// testPresenceEnterAndLeave: everybody learns who comes and goes, in every process,
// and nobody learns of another channel.
func testPresenceEnterAndLeave(f *fixture) {
	a, b := f.process("a"), f.process("b")
	watches := []*watch{a.watch("room"), a.watch("room"), b.watch("room"), b.watch("room")}
	other := b.watch("other")

	a.enter("room", "ann", "1", "blue")
	b.enter("room", "bob", "2", "red")
	a.leave("room", "ann", "1", 0)
	for _, w := range watches {
		w.expect("+ann=blue", "+bob=red", "-ann")
	}
	for _, p := range []*process{a, b} {
		p.expectMembers("room", "bob=red")
		p.expectMembers("other")
	}
	b.leave("room", "bob", "2", -1)
	a.enter("room", "ann", "1", "blue")
	for _, w := range watches {
		w.expect("-bob", "+ann=blue")
	}
	b.quiet("other", other)
}

// testPresenceSnapshot: Watch tells first who is present, before it returns, and
// then only of what comes after; there may be nobody.
func testPresenceSnapshot(f *fixture) {
	a, b := f.process("a"), f.process("b")
	early := b.watch("room")
	a.enter("room", "eve", "1", "x")
	a.enter("room", "ann", "2", "y")
	b.enter("room", "bob", "3", "z")
	b.enter("room", "tim", "4", "")
	a.leave("room", "eve", "1", 0)
	early.expect("+eve=x", "+ann=y", "+bob=z", "+tim=", "-eve")
	for _, p := range []*process{a, b} {
		late := p.watch("room", "ann=y", "bob=z", "tim=")
		a.quiet("room", early, late)
		late.end()
	}
	for i := range 300 {
		a.enter("large", strconv.Itoa(i), "1", strconv.Itoa(i))
	}
	if got := b.startWatch("large").state(); len(got) != 300 || !slices.Equal(got, b.members("large")) {
		f.Errorf("told of %s first, and Members are %s", summary(got), summary(b.members("large")))
	}
}

// testPresenceSessionsOfOneKey: a key comes with its first session and goes with its
// last, whatever owners and processes they belong to.
func testPresenceSessionsOfOneKey(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	a.enter("room", "ann", "1", "x")
	a.enter("room", "ann", "2", "x")
	b.enter("room", "ann", "3", "x")
	w.expect("+ann=x")
	b.quiet("room", w)
	b.expectMembers("room", "ann=x")
	a.leave("room", "ann", "1", 0)
	a.leave("room", "ann", "1", 0)
	b.leave("room", "ann", "3", 0)
	b.quiet("room", w)
	a.expectMembers("room", "ann=x")
	a.leave("room", "ann", "2", 0)
	w.expect("-ann")
	a.expectMembers("room")
}

// testPresenceSameNames: sessions that differ in key or owner only are different
// ones, and so are those on different channels.
func testPresenceSameNames(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := a.watch("room")
	a.enter("room", "ann", "1", "")
	a.enter("room", "bob", "1", "")
	b.enter("room", "ann", "1", "")
	a.enter("other", "ann", "1", "")
	w.expect("+ann=", "+bob=")
	a.leave("room", "bob", "1", 0)
	a.leave("room", "ann", "1", 0)
	w.expect("-bob")
	b.quiet("room", w)
	b.leave("room", "ann", "1", 0)
	w.expect("-ann")
	b.expectMembers("other", "ann=")
}

// testPresenceInfo: others see the info of the session that entered or changed
// last, and are told only if that makes a difference.
func testPresenceInfo(f *fixture) {
	a, b := f.process("a"), f.process("b")
	near, far := a.watch("room"), b.watch("room")
	expect := func(want ...string) {
		f.Helper()
		near.expect(want...)
		far.expect(want...)
		a.quiet("room", near, far)
	}
	a.enter("room", "ann", "1", "x")
	expect("+ann=x")
	a.enter("room", "ann", "1", "x") // the same again
	expect()
	a.enter("room", "ann", "1", "y")
	expect("+ann=y")
	b.enter("room", "ann", "2", "z")
	expect("+ann=z")
	a.enter("room", "ann", "1", "y") // no change of 1, so 2 stays the last
	expect()
	b.expectMembers("room", "ann=z")
	a.enter("room", "ann", "1", "z") // now 1 is the last
	expect()
	b.enter("room", "ann", "3", "w")
	expect("+ann=w")
	b.leave("room", "ann", "2", 0) // not the last
	expect()
	b.leave("room", "ann", "3", 0)
	expect("+ann=z")
	b.enter("room", "ann", "4", "v")
	a.enter("room", "ann", "1", "u")
	expect("+ann=v", "+ann=u")
	a.leave("room", "ann", "1", 0)
	expect("+ann=v")
	b.expectMembers("room", "ann=v")
	b.leave("room", "ann", "4", 0)
	expect("-ann")
}

// testPresenceInfoBytes: an info is any bytes, or none.
func testPresenceInfoBytes(f *fixture) {
	a, b := f.process("a"), f.process("b")
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	infos := []string{"", "\x00", "\r\n", "\xff\xfe", `{"name":"Ann"}`, string(all), string(bytes.Repeat(all, 256)), ""}
	w := b.watch("room")
	for i, info := range infos {
		a.enter("room", "ann", "1", info)
		w.expect("+ann=" + info)
		b.expectMembers("room", "ann="+info)
		b.watch("room", "ann="+info).end()
		a.enter("other", strconv.Itoa(i), "1", info)
	}
	for i, text := range b.members("other") {
		if want := strconv.Itoa(i) + "=" + infos[i]; text != want {
			f.Errorf("Members: %q, want %q", abbreviate(text), abbreviate(want))
		}
	}

	// nil is as good as empty.
	for _, info := range [][]byte{nil, {}} {
		s := layer.Session{Key: "ann", ID: "1", Owner: a.owner, Info: info}
		if err := a.presence.Enter(f.Context(), "room", s); err != nil {
			f.Errorf("Enter: %v", err)
		}
	}
	b.quiet("room", w)
}

// testPresenceInfoBufferReused: the caller may change the info once Enter returned.
func testPresenceInfoBufferReused(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	buffer := make([]byte, 0, 8)
	var want []string
	for i := range 100 {
		buffer = strconv.AppendInt(buffer[:0], int64(i), 10)
		s := layer.Session{Key: "ann", ID: "1", Owner: a.owner, Info: buffer}
		if err := a.presence.Enter(f.Context(), "room", s); err != nil {
			f.Errorf("Enter: %v", err)
		}
		clear(buffer[:cap(buffer)])
		want = append(want, fmt.Sprintf("+ann=%d", i))
	}
	w.expect(want...)
	b.expectMembers("room", "ann=99")
}

// testPresenceNames: channels, keys, sessions and owners are told apart by every
// byte of their names.
func testPresenceNames(f *fixture) {
	a, b := f.process("near"), f.process("far")
	names := channelNames()
	watches := make([]*watch, len(names))
	for i, name := range names {
		watches[i] = b.watch(name)
		a.enter(name, name, "1", strconv.Itoa(i))
	}
	for i, name := range names {
		watches[i].expect(fmt.Sprintf("+%s=%d", name, i))
		a.expectMembers(name, fmt.Sprintf("%s=%d", name, i))
		watches[i].end()
	}

	// All keys on one channel, through two sessions each: one stays.
	want := make(map[string]string)
	for i, name := range names {
		a.enter("keys", name, name, "")
		a.enter("keys", name, "stays", strconv.Itoa(i))
		want[name] = strconv.Itoa(i)
	}
	for _, name := range names {
		a.leave("keys", name, name, 0)
	}
	b.startWatch("keys").waitState(textsOfMembers(want))
	b.expectMembers("keys", textsOfMembers(want)...)

	// All sessions of one key, and all owners.
	for i, name := range names {
		owner := &process{f: f, layer: a.layer, presence: a.presence, owner: name}
		owner.renew(late)
		owner.enter("owners", "ann", "1", strconv.Itoa(i))
		a.enter("sessions", "ann", name, strconv.Itoa(i))
	}
	owners, sessions := b.startWatch("owners"), b.startWatch("sessions")
	for i, name := range slices.Backward(names) {
		owner := &process{f: f, layer: b.layer, presence: b.presence, owner: name}
		owner.release()
		a.leave("sessions", "ann", name, 0)
		change := "-ann"
		if i > 0 {
			change = fmt.Sprintf("+ann=%d", i-1)
		}
		owners.expect(change)
		sessions.expect(change)
	}
}

func textsOfMembers(members map[string]string) []string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		texts = append(texts, key+"="+members[key])
	}
	return texts
}

// testPresenceApartFromPublish: who watches gets no messages, and who subscribes is
// told of nobody.
func testPresenceApartFromPublish(f *fixture) {
	a, b := f.process("a"), f.process("b")
	in, w := f.collect(b.layer, "room"), b.watch("room")
	f.publish(a.layer, "room", "before")
	a.enter("room", "ann", "1", "x")
	f.publish(a.layer, "room", "between")
	a.leave("room", "ann", "1", 0)
	f.publish(a.layer, "room", "after")
	in.expect("before", "between", "after")
	w.expect("+ann=x", "-ann")
	b.quiet("room", w)
	f.publish(a.layer, "room", "end")
	in.expect("before", "between", "after", "end")
}

// testPresenceLeaveOfNobody: to end a session that isn't there is no error, and
// changes nothing.
func testPresenceLeaveOfNobody(f *fixture) {
	a, b := f.process("a"), f.process("b")
	w := b.watch("room")
	a.leave("nobody was here", "ann", "1", f.harness.Patience)
	a.expectMembers("nobody was here")
	a.enter("room", "ann", "1", "x")
	a.leave("room", "ann", "2", 0)
	a.leave("room", "bob", "1", f.harness.Patience)
	b.leave("room", "ann", "1", 0) // a session of another owner
	w.expect("+ann=x")
	a.quiet("room", w)
	a.expectMembers("room", "ann=x")
	a.leave("room", "ann", "1", 0)
	a.leave("room", "ann", "1", f.harness.Patience)
	w.expect("-ann")
	a.quiet("room", w)
	a.expectMembers("room")
}

// testPresenceNothingLost: many come and go at once, through two processes. Who
// watches is told of everything, in an order that makes sense, and all agree in the
// end.
func testPresenceNothingLost(f *fixture) {
	const workers, rounds = 8, 60
	processes := []*process{f.process("a"), f.process("b")}
	var watches []*watch
	for _, p := range processes {
		watches = append(watches, p.watch("room"), p.watch("room"))
	}
	want := map[string]string{"shared": "x"}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range workers {
		p := processes[i%2]
		own, id := fmt.Sprintf("worker %d", i), strconv.Itoa(i)
		wg.Go(func() {
			for n := range rounds {
				p.enter("room", own, "1", strconv.Itoa(n))
				p.enter("room", "shared", id, "x")
				p.enter("room", own, "2", strconv.Itoa(n/2))
				p.leave("room", own, "1", 0)
				p.leave("room", "shared", id, 0)
				p.leave("room", own, "2", 0)
			}
			if i%2 == 0 {
				p.enter("room", own, "1", "stays")
				p.enter("room", "shared", id, "x")
				mu.Lock()
				want[own] = "stays"
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	texts := textsOfMembers(want)
	for _, p := range processes {
		p.expectMembers("room", texts...)
	}
	for _, w := range watches {
		w.waitState(texts)
	}
	processes[0].enter("room", "end", "1", "")
	for _, w := range watches {
		w.waitState(textsOfMembers(with(want, "end", "")))
	}
}

func with(members map[string]string, key, info string) map[string]string {
	members = maps.Clone(members)
	members[key] = info
	return members
}

// testPresenceWatchAmidChanges: between what Watch tells first and what comes after
// nothing is lost or told twice.
func testPresenceWatchAmidChanges(f *fixture) {
	const watchers = 40
	a, b := f.process("a"), f.process("b")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, p := range []*process{a, b} {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("%d %d", i, n%7)
				p.enter("room", key, "1", strconv.Itoa(n%3))
				if n%2 == 0 {
					p.leave("room", key, "1", 0)
				}
			}
		})
	}
	var watches []*watch
	for i := range watchers {
		watches = append(watches, []*process{a, b}[i%2].startWatch("room"))
	}
	close(stop)
	wg.Wait()
	a.enter("room", "end", "1", "")
	want := b.members("room")
	for _, w := range watches {
		w.waitState(want)
	}
}
