package layer_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/layer"
)

// presenceModel is what Presence promises, as simply as it can be said.
type presenceModel struct {
	now      time.Duration
	leases   map[string]time.Duration // when they end, by owner
	sessions []modelSession           // in the order in which they entered or changed
	graces   map[string]modelGrace    // by key
	told     []string
}

type modelSession struct{ key, id, owner, info string }

type modelGrace struct {
	end  time.Duration
	info string
}

func (m *presenceModel) members() map[string]string {
	members := make(map[string]string)
	for key, g := range m.graces {
		members[key] = g.info
	}
	for _, s := range m.sessions {
		members[s.key] = s.info
	}
	return members
}

// change tells what is different after f.
func (m *presenceModel) change(f func()) {
	before := m.members()
	f()
	after := m.members()
	var change layer.PresenceChange
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if info, present := before[key]; !present || info != after[key] {
			change.Joined = append(change.Joined, layer.Member{Key: key, Info: []byte(after[key])})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, present := after[key]; !present {
			change.Left = append(change.Left, key)
		}
	}
	if len(change.Joined)+len(change.Left) > 0 {
		m.told = append(m.told, changeText(change))
	}
}

func (m *presenceModel) find(s modelSession) int {
	return slices.IndexFunc(m.sessions, func(other modelSession) bool {
		other.info = s.info
		return other == s
	})
}

// enter reports whether the owner had a lease.
func (m *presenceModel) enter(s modelSession) bool {
	if _, ok := m.leases[s.owner]; !ok {
		return false
	}
	i := m.find(s)
	if i >= 0 && m.sessions[i].info == s.info {
		return true
	}
	m.change(func() {
		if i >= 0 {
			m.sessions = slices.Delete(m.sessions, i, i+1)
		}
		m.sessions = append(m.sessions, s)
		delete(m.graces, s.key)
	})
	return true
}

func (m *presenceModel) leave(s modelSession, grace time.Duration) {
	i := m.find(s)
	if i < 0 {
		return
	}
	m.change(func() {
		info := m.sessions[i].info
		m.sessions = slices.Delete(m.sessions, i, i+1)
		last := !slices.ContainsFunc(m.sessions, func(other modelSession) bool { return other.key == s.key })
		if last && grace > 0 {
			m.graces[s.key] = modelGrace{end: m.now + grace, info: info}
		}
	})
}

func (m *presenceModel) release(owner string) {
	delete(m.leases, owner)
	m.change(func() {
		m.sessions = slices.DeleteFunc(m.sessions, func(s modelSession) bool { return s.owner == owner })
	})
}

// next returns when a lease or grace ends next, and what happens then.
func (m *presenceModel) next() (end time.Duration, happens func()) {
	end = 1 << 62
	for owner, at := range m.leases {
		if at < end {
			end, happens = at, func() { m.release(owner) }
		}
	}
	for key, g := range m.graces {
		if g.end < end {
			end, happens = g.end, func() { m.change(func() { delete(m.graces, key) }) }
		}
	}
	return end, happens
}

// pass lets time pass.
func (m *presenceModel) pass(d time.Duration) {
	until := m.now + d
	for {
		end, happens := m.next()
		if end > until {
			break
		}
		m.now = end
		happens()
	}
	m.now = until
}

// distinct returns about d, such that nothing else ends at that time from now on.
func (m *presenceModel) distinct(d time.Duration) time.Duration {
	taken := make(map[time.Duration]bool)
	for _, end := range m.leases {
		taken[end] = true
	}
	for _, g := range m.graces {
		taken[g.end] = true
	}
	for taken[m.now+d] {
		d++
	}
	return d
}

// Whatever happens, Members and watchers show what the model says.
func TestMemoryPresenceModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			memory := layer.NewMemory()
			defer memory.Close()
			run := &modelRun{T: t, memory: memory, random: random, model: presenceModel{
				leases: make(map[string]time.Duration), graces: make(map[string]modelGrace),
			}}
			for range 150 {
				run.watch()
				run.trace = append(run.trace, run.step())
				synctest.Wait()
				run.compare()
				if t.Failed() {
					t.Fatalf("seed %d: after\n%q", seed, run.trace)
				}
			}
			run.end()
		})
	}
}

type modelRun struct {
	*testing.T
	memory  *layer.Memory
	random  *rand.Rand
	model   presenceModel
	trace   []string
	watches []modelWatch
}

type modelWatch struct {
	log *changeLog
	layer.Subscription
}

// watch begins and ends watches now and then.
func (r *modelRun) watch() {
	if r.random.IntN(10) == 0 {
		log := &changeLog{}
		r.watches = append(r.watches, modelWatch{log, watch(r.T, r.memory, "room", log)})
		all := layer.PresenceChange{All: true}
		members := r.model.members()
		for _, key := range slices.Sorted(maps.Keys(members)) {
			all.Joined = append(all.Joined, layer.Member{Key: key, Info: []byte(members[key])})
		}
		if diff := cmp.Diff([]string{changeText(all)}, log.take()); diff != "" {
			r.Errorf("told first (-want +got):\n%s", diff)
		}
	}
	if len(r.watches) > 0 && r.random.IntN(20) == 0 {
		i := r.random.IntN(len(r.watches))
		if err := r.watches[i].Unsubscribe(); err != nil {
			r.Error(err)
		}
		r.watches = slices.Delete(r.watches, i, i+1)
	}
}

// step does something to both, and says what.
func (r *modelRun) step() string {
	s := modelSession{
		key:   string("abc"[r.random.IntN(3)]),
		id:    string("12"[r.random.IntN(2)]),
		owner: string("xyz"[r.random.IntN(3)]),
		info:  string("pq"[r.random.IntN(2)]),
	}
	session := layer.Session{Key: s.key, ID: s.id, Owner: s.owner, Info: []byte(s.info)}
	about := []time.Duration{0, time.Second, 3 * time.Second, 8 * time.Second}[r.random.IntN(4)]
	d := r.model.distinct(about)
	ctx := r.Context()
	var err error
	switch n := r.random.IntN(20); {
	case n < 8:
		if err = r.memory.Enter(ctx, "room", session); !r.model.enter(s) {
			if !errors.Is(err, layer.ErrNoLease) {
				r.Errorf("Enter without a lease: %v", err)
			}
			err = nil
		}
		r.must(err)
		return fmt.Sprintf("enter %v", s)
	case n < 13:
		err = r.memory.Leave(ctx, "room", session, d)
		r.model.leave(s, d)
		r.must(err)
		return fmt.Sprintf("leave %v %v", s, d)
	case n < 16:
		d = r.model.distinct(about + time.Second)
		_, had := r.model.leases[s.owner]
		r.model.leases[s.owner] = r.model.now + d
		fresh, err := r.memory.Renew(ctx, s.owner, d)
		if r.must(err); fresh == had {
			r.Errorf("Renew: %t, want %t", fresh, !had)
		}
		return fmt.Sprintf("renew %s %v", s.owner, d)
	case n < 17:
		r.must(r.memory.Release(ctx, s.owner))
		r.model.release(s.owner)
		return "release " + s.owner
	}
	d = r.model.distinct(about/2 + 1)
	<-time.After(d)
	r.model.pass(d)
	return fmt.Sprint("pass ", d)
}

// must fails the test if there is an error.
func (r *modelRun) must(err error) {
	r.Helper()
	if err != nil {
		r.Error(err)
	}
}

func (r *modelRun) compare() {
	for _, w := range r.watches {
		if diff := cmp.Diff(r.model.told, w.log.take()); diff != "" {
			r.Errorf("told (-want +got):\n%s", diff)
		}
	}
	r.model.told = nil
	members, err := r.memory.Members(r.Context(), "room")
	r.must(err)
	got := make(map[string]string)
	for _, m := range members {
		got[m.Key] = string(m.Info)
	}
	if diff := cmp.Diff(r.model.members(), got); diff != "" {
		r.Errorf("Members (-want +got):\n%s", diff)
	}
}

// end lets all leases and graces run out, after which nothing is left.
func (r *modelRun) end() {
	<-time.After(time.Minute)
	r.model.pass(time.Minute)
	synctest.Wait()
	r.compare()
	for _, w := range r.watches {
		r.must(w.Unsubscribe())
	}
	if rosters, owners := r.memory.Rosters(); rosters+owners != 0 {
		r.Errorf("%d channels and %d owners are left", rosters, owners)
	}
}

// Many do everything at once, also inside handlers; each watcher is told of changes
// that fit one after the other, and of no others.
func TestMemoryPresenceConcurrently(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			memory := layer.NewMemory()
			defer memory.Close()
			var wg sync.WaitGroup
			var mirrors []*mirror
			for i := range 4 {
				mirrors = append(mirrors, watchMirror(t, memory, fmt.Sprint("room", i%2), uint64(i)))
			}
			for i := range uint64(6) {
				wg.Go(func() {
					random := rand.New(rand.NewPCG(seed, i))
					for range 200 {
						anything(t, memory, random)
						if random.IntN(8) == 0 {
							<-time.After(time.Duration(random.IntN(1000)) * time.Millisecond)
						}
					}
				})
			}
			wg.Wait()
			synctest.Wait()
			for _, w := range mirrors {
				w.compare(t, memory)
			}
			<-time.After(time.Minute)
			synctest.Wait()
			for _, w := range mirrors {
				w.compare(t, memory)
				if err := w.Unsubscribe(); err != nil {
					t.Error(err)
				}
			}
			if rosters, owners := memory.Rosters(); rosters+owners != 0 {
				t.Errorf("seed %d: %d channels and %d owners are left", seed, rosters, owners)
			}
		})
	}
}

// anything does something to one of two channels.
func anything(t *testing.T, memory *layer.Memory, random *rand.Rand) {
	owner := string("xyz"[random.IntN(3)])
	channel := fmt.Sprint("room", random.IntN(2))
	s := layer.Session{
		Key: string("abcd"[random.IntN(4)]), ID: string("123"[random.IntN(3)]),
		Owner: owner, Info: []byte{"pqr"[random.IntN(3)]},
	}
	d := time.Duration(random.IntN(4)) * time.Second
	var err error
	switch n := random.IntN(20); {
	case n < 9:
		if err = memory.Enter(t.Context(), channel, s); errors.Is(err, layer.ErrNoLease) {
			_, err = memory.Renew(t.Context(), owner, d+time.Second)
		}
	case n < 16:
		err = memory.Leave(t.Context(), channel, s, d)
	case n < 18:
		_, err = memory.Renew(t.Context(), owner, d+time.Second)
	case n < 19:
		err = memory.Release(t.Context(), owner)
	default:
		var sub layer.Subscription
		nested := rand.New(rand.NewPCG(random.Uint64(), 2))
		handler := func(layer.PresenceChange) {
			if nested.IntN(2) == 0 {
				anything(t, memory, nested)
			}
		}
		if sub, err = memory.Watch(t.Context(), channel, handler); err == nil {
			err = sub.Unsubscribe()
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// mirror follows who is on a channel, and changes it now and then itself.
type mirror struct {
	layer.Subscription
	channel string
	mu      sync.Mutex
	members map[string]string
}

func watchMirror(t *testing.T, memory *layer.Memory, channel string, seed uint64) *mirror {
	t.Helper()
	w := &mirror{channel: channel, members: make(map[string]string)}
	random := rand.New(rand.NewPCG(seed, 1))
	var err error
	w.Subscription, err = memory.Watch(t.Context(), channel, func(c layer.PresenceChange) {
		w.apply(t, c)
		if random.IntN(5) == 0 {
			anything(t, memory, random)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *mirror) apply(t *testing.T, c layer.PresenceChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range c.Joined {
		if info, present := w.members[m.Key]; present && info == string(m.Info) {
			t.Errorf("%s joined again", m.Key)
		}
		w.members[m.Key] = string(m.Info)
	}
	for _, key := range c.Left {
		if _, present := w.members[key]; !present {
			t.Errorf("%s left, who was not present", key)
		}
		delete(w.members, key)
	}
}

func (w *mirror) compare(t *testing.T, memory *layer.Memory) {
	t.Helper()
	members, err := memory.Members(t.Context(), w.channel)
	if err != nil {
		t.Error(err)
	}
	got := make(map[string]string)
	for _, m := range members {
		got[m.Key] = string(m.Info)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if diff := cmp.Diff(got, w.members); diff != "" {
		t.Errorf("a watcher's view (-Members +view):\n%s", diff)
	}
}
