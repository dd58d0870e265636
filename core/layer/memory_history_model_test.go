package layer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// Random calls, with time passing in between, against the plainest possible model.
func TestMemoryHistoryModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, seed)
				for range 300 {
					m.step()
				}
				m.end()
			})
		})
	}
}

type model struct {
	*testing.T
	random   *rand.Rand
	memory   *layer.Memory
	channels []*modelChannel
	appended int
}

// modelChannel is what is known of a channel.
type modelChannel struct {
	name      string
	epoch     string // of the latest entry or follower
	last      uint64
	keep      layer.Retention
	entries   []modelEntry
	used      time.Time // when there were an entry or a follower for the last time
	followers []*modelFollower
	epochs    map[string]bool // that are over
}

type modelEntry struct {
	layer.Entry
	at time.Time
}

type modelFollower struct {
	layer.Subscription
	got, want []layer.Entry
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{T: t, random: rand.New(rand.NewPCG(seed, 0)), memory: layer.NewMemory()}
	for i := range 3 {
		m.channels = append(m.channels, &modelChannel{name: strconv.Itoa(i), epochs: make(map[string]bool)})
	}
	return m
}

func (m *model) step() {
	c := m.channels[m.random.IntN(len(m.channels))]
	switch m.random.IntN(20) {
	case 0:
		m.follow(c)
	case 1, 2:
		m.unfollow(c)
	case 3, 4, 5, 6:
		m.read(c)
	case 7, 8, 9:
		<-time.After(m.duration())
	default:
		m.append(c)
	}
	for _, c := range m.channels {
		m.expire(c)
		for i, f := range c.followers {
			if !slices.EqualFunc(f.got, f.want, equalEntries) {
				m.Fatalf("channel %s, follower %d: got %v, want %v", c.name, i, f.got, f.want)
			}
		}
	}
}

func (m *model) duration() time.Duration {
	return time.Duration(m.random.Int64N(1 << m.random.IntN(42))) // about 0 to an hour
}

func (m *model) append(c *modelChannel) {
	data := []byte(strconv.Itoa(m.appended))
	m.appended++
	keep := layer.Retention{Entries: 1 + m.random.IntN(1<<m.random.IntN(8)), Age: 1 + m.duration()}
	if m.random.IntN(3) > 0 && c.keep.Entries > 0 {
		keep = c.keep
	}
	if err := m.memory.Append(m.Context(), c.name, data, keep); err != nil {
		m.Fatal(err)
	}
	_, head, _ := m.memory.Read(m.Context(), c.name, layer.Position{}, 1)
	m.expire(c)
	m.checkEpoch(c, head)
	c.last++
	c.keep = keep
	c.used = time.Now()
	e := layer.Entry{Position: layer.Position{Epoch: c.epoch, Seq: c.last}, Data: slices.Clone(data)}
	if head != e.Position {
		m.Fatalf("channel %s: appended %v, want %v", c.name, head, e.Position)
	}
	for _, f := range c.followers {
		f.want = append(f.want, e)
	}
	clear(data)
	m.expire(c)
	c.entries = append(c.entries, modelEntry{e, c.used})
	c.entries = c.entries[max(len(c.entries)-keep.Entries, 0):]
}

// checkEpoch has what the layer says of a channel that it knows: if it has another
// epoch the channel was forgotten, which must have been right.
func (m *model) checkEpoch(c *modelChannel, head layer.Position) {
	if head.Epoch == c.epoch {
		return
	}
	if c.epochs[head.Epoch] {
		m.Fatalf("channel %s: epoch %q once more", c.name, head.Epoch)
	}
	if c.last > 0 {
		c.epochs[c.epoch] = true
		if idle := time.Since(c.used); len(c.entries) > 0 || len(c.followers) > 0 || idle < c.keep.Age {
			m.Fatalf("channel %s: forgotten with %d entries, %d followers, after %v", c.name, len(c.entries), len(c.followers), idle)
		}
	} else if len(c.followers) > 0 {
		m.Fatalf("channel %s: another epoch while somebody follows", c.name)
	}
	c.epoch, c.last, c.entries = head.Epoch, 0, nil
}

// expire forgets what is too old.
func (m *model) expire(c *modelChannel) {
	c.entries = slices.DeleteFunc(c.entries, func(e modelEntry) bool {
		ends := e.at.Add(c.keep.Age)
		if time.Now().Before(ends) {
			return false
		}
		if ends.After(c.used) {
			c.used = ends
		}
		return true
	})
	if len(c.followers) > 0 {
		c.used = time.Now()
	}
}

func (m *model) read(c *modelChannel) {
	after := layer.Position{Epoch: c.epoch, Seq: uint64(max(int(c.last)-50+m.random.IntN(53), 0))}
	if m.random.IntN(10) == 0 {
		after.Epoch += "x"
	}
	limit := 1 + m.random.IntN(60)
	entries, head, err := m.memory.Read(m.Context(), c.name, after, limit)
	m.checkEpoch(c, head)
	if want := (layer.Position{Epoch: c.epoch, Seq: c.last}); head != want {
		m.Fatalf("channel %s: the last entry is %v, want %v", c.name, head, want)
	}
	gone := c.last - uint64(len(c.entries))
	if gap := after.Epoch != c.epoch || after.Seq > c.last || after.Seq < gone; gap {
		if !errors.Is(err, layer.ErrGap) || entries != nil {
			m.Fatalf("channel %s: Read after %v, with %v kept: %v, %v", c.name, after, c.entries, entries, err)
		}
		return
	}
	var want []layer.Entry
	for _, e := range c.entries[after.Seq-gone:] {
		want = append(want, e.Entry)
	}
	want = want[:min(limit, len(want))]
	if err != nil || !slices.EqualFunc(entries, want, equalEntries) {
		m.Fatalf("channel %s: Read after %v: %v, %v, want %v", c.name, after, entries, err, want)
	}
}

func (m *model) follow(c *modelChannel) {
	f := &modelFollower{}
	at, s, err := m.memory.Follow(m.Context(), c.name, func(e layer.Entry) {
		e.Data = slices.Clone(e.Data)
		f.got = append(f.got, e)
	})
	if err != nil {
		m.Fatal(err)
	}
	m.checkEpoch(c, at)
	if want := (layer.Position{Epoch: c.epoch, Seq: c.last}); at != want {
		m.Fatalf("channel %s: followed from %v, want %v", c.name, at, want)
	}
	f.Subscription = s
	c.followers = append(c.followers, f)
}

func (m *model) unfollow(c *modelChannel) {
	if len(c.followers) == 0 {
		return
	}
	i := m.random.IntN(len(c.followers))
	if err := c.followers[i].Unsubscribe(); err != nil {
		m.Error(err)
	}
	c.used = time.Now()
	c.followers = slices.Delete(c.followers, i, i+1)
}

// end lets everybody leave and time pass: nothing remains.
func (m *model) end() {
	longest := time.Duration(0)
	for _, c := range m.channels {
		for len(c.followers) > 0 {
			m.unfollow(c)
		}
		longest = max(longest, c.keep.Age)
	}
	<-time.After(3*longest + time.Second)
	if n := m.memory.Histories(); n != 0 {
		m.Errorf("%d channels are left", n)
	}
}

func equalEntries(a, b layer.Entry) bool {
	return a.Position == b.Position && string(a.Data) == string(b.Data)
}

// Concurrent calls of all kinds on channels that are forgotten all the time: an
// entry's position is that of no other, and nobody sees a gap.
func TestMemoryHistoryConcurrent(t *testing.T) {
	t.Parallel()
	const workers, steps = 4, 2000
	m := layer.NewMemory()
	var seen sync.Map // what was appended, by channel and position
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range steps {
				channel := strconv.Itoa(random.IntN(3))
				switch random.IntN(6) {
				case 0:
					followAndLeave(t, m, &seen, channel, fmt.Sprint(w, "/", i))
				case 1, 2:
					_, head, _ := m.Read(t.Context(), channel, layer.Position{}, 1)
					head.Seq -= min(head.Seq, random.Uint64N(5))
					entries, _, err := m.Read(t.Context(), channel, head, 3)
					if err != nil && !errors.Is(err, layer.ErrGap) {
						t.Error(err)
					}
					checkEntries(t, &seen, channel, head, entries)
				case 3:
					<-time.After(time.Duration(random.IntN(3)) * time.Millisecond)
				default:
					age := time.Duration(1 + random.IntN(int(time.Millisecond)))
					appendTo(t, m, channel, fmt.Sprint(w, " ", i), layer.Retention{Entries: 5, Age: age})
				}
			}
		})
	}
	wg.Wait()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// followAndLeave follows for the time of an Append, at least.
func followAndLeave(t *testing.T, m *layer.Memory, seen *sync.Map, channel, data string) {
	t.Helper()
	var entries []layer.Entry
	at, s := follow(t, m, channel, func(e layer.Entry) { entries = append(entries, e) })
	appendTo(t, m, channel, data, layer.Retention{Entries: 2, Age: time.Microsecond})
	unfollow(t, s)
	checkEntries(t, seen, channel, at, entries)
	if !slices.ContainsFunc(entries, func(e layer.Entry) bool { return string(e.Data) == data }) {
		t.Errorf("the follower of %s did not get its own entry", channel)
	}
}

func checkEntries(t *testing.T, seen *sync.Map, channel string, after layer.Position, entries []layer.Entry) {
	t.Helper()
	for i, e := range entries {
		if e.Epoch != after.Epoch || e.Seq != after.Seq+uint64(i)+1 {
			t.Errorf("channel %s: %v is the entry number %d after %v", channel, e.Position, i+1, after)
		}
		data := string(e.Data)
		if other, _ := seen.LoadOrStore(fmt.Sprint(channel, e.Position), data); other != data {
			t.Errorf("channel %s: %q and %q are both at %v", channel, data, other, e.Position)
		}
	}
}
