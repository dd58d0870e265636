package layertest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// Faults of history, beside those of network.
const (
	noHistory        fault = "has no history"
	skipsNumbers     fault = "leaves out every hundredth number"
	startsAtZero     fault = "gives the first entry the number 0"
	numbersByProcess fault = "numbers the entries of each process by themselves"
	readsByProcess   fault = "reads what its own process appended"
	ownOrder         fault = "shows its own process an entry before those in between"
	ignoresLimit     fault = "reads more than the limit"
	readsNewest      fault = "reads the newest where there are more than the limit"
	headOfPage       fault = "takes the last entry that was read for the channel's last"
	gapAtHead        fault = "has a gap where nothing follows"
	gapTooSoon       fault = "has a gap before the first entry that is kept"
	readsOverGaps    fault = "reads what is kept behind a gap"
	gapWithoutHead   fault = "does not tell the last position where there is a gap"
	ignoresEpoch     fault = "reads after a position of another epoch"
	readsBeyond      fault = "reads after a position beyond the last"
	needsFollowers   fault = "keeps nothing while nobody follows"
	followsHistory   fault = "delivers what is kept to who follows"
	followsOneBack   fault = "follows from a position one too low"
	followsOneOn     fault = "follows from a position one too high"
	followsLate      fault = "follows from a position a moment ago"
	keepsOneLess     fault = "keeps one entry too few"
	keepsOneMore     fault = "keeps one entry too many"
	keepsOld         fault = "keeps entries beyond their age until the next Append"
	forgetsYoung     fault = "forgets entries at half their age"
	firstRetention   fault = "keeps to the first retention"
	firstAge         fault = "keeps to the age of an entry's own retention"
	comesBack        fault = "shows again what was forgotten"
	forgetsAtOnce    fault = "forgets a channel with its last entry"
	epochKept        fault = "begins another sequence under the same epoch"
	numbersKept      fault = "goes on with its numbers under another epoch"
	forgetsFollowed  fault = "forgets a channel that somebody follows"
	readFoldsCase    fault = "reads from channels whose names differ in case"
	readCutsData     fault = "cuts what is kept at 64 KiB"
	keepsBuffer      fault = "keeps the publisher's buffer for readers"
	reusesBuffer     fault = "reads into a buffer of its own"
	sharesChannels   fault = "delivers to subscribers what is appended"
	keepsPublished   fault = "keeps what is published"
	acceptsAll       fault = "accepts retentions of nothing and limits of nothing"
	limitIsGap       fault = "takes a limit of nothing for a gap"
	readHasNoContext fault = "reads with a context that has ended"
	readHasNoClose   fault = "reads after Close"
	readBlocks       fault = "does not read inside a handler"
	closeForgets     fault = "forgets with Close what the process appended"
)

const history = "history"

// stored is a channel of network with history.
type stored struct {
	epoch   string
	last    uint64
	entries []storedEntry
	keep    layer.Retention
	used    time.Time // by the last Append
}

type storedEntry struct {
	layer.Entry
	at     time.Time
	by     *handle
	age    time.Duration
	hidden bool
}

// layerAlone hides what a handle can do beyond a layer.
type layerAlone struct{ layer.Layer }

// stored returns the history of a channel, as it is now. It has the network's lock.
func (h *handle) stored(c channel) *stored {
	n := h.network
	s := n.stored[c]
	if s != nil {
		s.expire(n.fault)
		followed := slices.ContainsFunc(n.subs, func(sub *networkSub) bool { return sub.channel == c })
		if s.forgotten(n.fault, followed) {
			n.forgotten++
			s = &stored{epoch: s.epoch, last: s.last}
			if n.fault != epochKept {
				s.epoch = fmt.Sprint("epoch", n.forgotten)
			}
			if n.fault != numbersKept {
				s.last = 0
			}
			n.stored[c] = s
		}
	}
	if s == nil {
		s = &stored{epoch: "epoch"}
		if n.stored == nil {
			n.stored = make(map[channel]*stored)
		}
		n.stored[c] = s
	}
	return s
}

func (s *stored) forgotten(f fault, followed bool) bool {
	idle := time.Since(s.used)
	switch {
	case s.last == 0 || len(s.entries) > 0 || followed && f != forgetsFollowed:
		return false
	case f == forgetsAtOnce:
		return idle >= s.keep.Age
	}
	return idle >= 2*s.keep.Age
}

// expire forgets entries that are too old.
func (s *stored) expire(f fault) {
	if f == comesBack {
		for i := range s.entries {
			s.entries[i].hidden = time.Since(s.entries[i].at) >= s.keep.Age
		}
		return
	}
	young := slices.IndexFunc(s.entries, func(e storedEntry) bool {
		age := s.keep.Age
		switch f {
		case keepsOld:
			return true
		case forgetsYoung:
			age /= 2
		case firstAge:
			age = e.age
		}
		return time.Since(e.at) < age
	})
	if young < 0 {
		young = len(s.entries)
	}
	s.entries = s.entries[young:]
}

func (s *stored) trim(f fault) {
	n := s.keep.Entries
	switch f {
	case keepsOneLess:
		n--
	case keepsOneMore:
		n++
	}
	if s.entries = s.entries[max(len(s.entries)-n, 0):]; f == keepsOld {
		s.expire(none)
	}
}

func (h *handle) Append(ctx context.Context, name string, data []byte, keep layer.Retention) error {
	if err := h.check(ctx); err != nil {
		return err
	}
	f, c := h.network.fault, h.channel(history, name)
	if (keep.Entries <= 0 || keep.Age <= 0) && f != acceptsAll {
		return errors.New("a retention of nothing")
	}
	delivered := data
	switch {
	case f == dropsEmpty && len(data) == 0:
		return nil
	case f == truncates:
		delivered = data[:min(len(data), 64<<10)]
	}
	if f != aliases {
		delivered = bytes.Clone(delivered)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	s := h.stored(c)
	if f != firstRetention || s.keep.Entries == 0 {
		s.keep = keep
	}
	s.last++
	switch {
	case f == skipsNumbers && s.last%100 == 0:
		s.last++
	case f == startsAtZero && s.last == 1 && s.used.IsZero():
		s.last--
	}
	e := storedEntry{
		Entry: layer.Entry{Position: layer.Position{Epoch: s.epoch, Seq: s.last}, Data: delivered},
		at:    time.Now(), by: h, age: keep.Age,
	}
	s.used = e.at
	h.push(c, name, s, e)
	switch f {
	case readCutsData:
		e.Data = e.Data[:min(len(e.Data), 64<<10)]
	case keepsBuffer:
		e.Data = data
	}
	s.entries = append(s.entries, e)
	s.trim(f)
	return nil
}

// push delivers an entry to those who follow. It has the network's lock.
func (h *handle) push(c channel, name string, s *stored, e storedEntry) {
	f := h.network.fault
	followed := false
	for _, sub := range h.network.subs {
		switch {
		case sub.channel == c && (f != ownProcessOnly || sub.handle == h):
			followed = true
			got := e.Entry
			if f == numbersByProcess {
				h.appended++
				got.Seq = h.appended
			}
			if f == ownOrder && sub.handle == h {
				sub.push(got)
				sub.overtake()
				continue
			}
			h.give(sub, got)
		case f == sharesChannels && sub.channel == h.channel("", name):
			sub.push(e.Data)
		}
	}
	if f == needsFollowers && !followed {
		s.last--
	}
}

// overtake puts the newest message before the others that wait.
func (s *networkSub) overtake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.queue); n > 1 {
		s.queue[n-1], s.queue[n-2] = s.queue[n-2], s.queue[n-1]
	}
}

func (h *handle) Read(ctx context.Context, name string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	f := h.network.fault
	if err := h.check(ctx); err != nil && f != readHasNoClose && (f != readHasNoContext || ctx.Err() == nil) {
		return nil, layer.Position{}, err
	}
	switch {
	case limit > 0 || f == acceptsAll:
	case f == limitIsGap:
		return nil, layer.Position{}, layer.ErrGap
	default:
		return nil, layer.Position{}, errors.New("a limit of nothing")
	}
	if f == readBlocks && gate.Inside() {
		<-ctx.Done()
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	s := h.stored(h.readChannel(name))
	head := layer.Position{Epoch: s.epoch, Seq: s.last}
	entries, ok := s.after(f, after, head)
	if !ok {
		if f == gapWithoutHead {
			head = layer.Position{}
		}
		return nil, head, fmt.Errorf("%w here", layer.ErrGap)
	}
	var page []layer.Entry
	for _, e := range entries {
		if f != readsByProcess || e.by == h {
			page = append(page, e.Entry)
		}
	}
	switch {
	case len(page) <= limit || f == ignoresLimit:
	case f == readsNewest:
		page = page[len(page)-limit:]
	default:
		page = page[:max(limit, 0)]
	}
	if len(page) > 0 && f == headOfPage {
		head = page[len(page)-1].Position
	}
	if f == reusesBuffer {
		h.network.reuse(page)
	}
	return page, head, nil
}

// after returns what follows a position, unless there is a gap.
func (s *stored) after(f fault, after, head layer.Position) ([]storedEntry, bool) {
	visible := slices.DeleteFunc(slices.Clone(s.entries), func(e storedEntry) bool { return e.hidden })
	gone := s.last - uint64(len(visible))
	if f == skipsNumbers && len(visible) > 0 {
		gone = visible[0].Seq - 1
	}
	switch {
	case after.Epoch != head.Epoch && (f != ignoresEpoch || after.Epoch == ""):
		return nil, false
	case after.Seq > head.Seq && f != readsBeyond,
		f == gapAtHead && after.Seq == head.Seq && s.last > 0,
		f == gapTooSoon && after.Seq == gone && gone > 0 && gone < head.Seq:
		return nil, false
	case after.Seq < gone && f != readsOverGaps:
		return nil, false
	}
	i := slices.IndexFunc(visible, func(e storedEntry) bool { return e.Seq > after.Seq })
	if i < 0 {
		return nil, true
	}
	return visible[i:], true
}

func (h *handle) readChannel(name string) channel {
	if h.network.fault != readFoldsCase {
		return h.channel(history, name)
	}
	var found channel
	for c := range h.network.stored {
		if c.carries == history && (c.name == name || strings.EqualFold(c.name, name) && c.name > found.name) {
			found = c
		}
	}
	return found
}

// reuse moves the data of a page into the same memory as that of other pages.
func (n *network) reuse(page []layer.Entry) {
	n.buffer = append(n.buffer[:0], make([]byte, 1<<10)...)
	at := n.buffer
	for i := range page {
		used := copy(at, page[i].Data)
		page[i].Data, at = at[:used], at[used:]
	}
}

func (h *handle) Follow(ctx context.Context, name string, handler func(layer.Entry)) (layer.Position, layer.Subscription, error) {
	f, c := h.network.fault, h.channel(history, name)
	var at layer.Position
	if f == followsLate {
		h.network.mu.Lock()
		s := h.stored(c)
		at = layer.Position{Epoch: s.epoch, Seq: s.last}
		h.network.mu.Unlock()
		<-time.After(time.Millisecond)
	}
	sub, err := h.subscribe(ctx, c, func(message any) { handler(message.(layer.Entry)) }, func(sub *networkSub) {
		s := h.stored(c)
		switch f {
		case followsLate:
			return
		case followsHistory:
			for _, e := range s.entries {
				sub.push(e.Entry)
			}
		}
		at = layer.Position{Epoch: s.epoch, Seq: s.last}
		switch {
		case f == followsOneBack && at.Seq > 0:
			at.Seq--
		case f == followsOneOn && at.Seq > 0:
			at.Seq++
		}
	})
	return at, sub, err
}

// The suite finds each broken rule of history.
func TestHistoryFaults(t *testing.T) {
	t.Parallel()
	findFaults(t, map[fault]string{
		noHistory:        "History",
		skipsNumbers:     "History/Numbers",
		startsAtZero:     "History/Numbers",
		numbersByProcess: "History/Numbers",
		readsByProcess:   "History/Numbers",
		ownOrder:         "History/OneOrder",
		ignoresLimit:     "History/Paging",
		readsNewest:      "History/Paging",
		headOfPage:       "History/Paging",
		gapAtHead:        "History/Paging",
		gapTooSoon:       "History/Gaps",
		readsOverGaps:    "History/Gaps",
		gapWithoutHead:   "History/Gaps",
		ignoresEpoch:     "History/Gaps",
		readsBeyond:      "History/Gaps",
		needsFollowers:   "History/NobodyFollows",
		followsHistory:   "History/NobodyFollows",
		followsOneBack:   "History/FollowAmidAppends",
		followsOneOn:     "History/FollowAmidAppends",
		followsLate:      "History/Replay",
		keepsOneLess:     "History/KeptEntries",
		keepsOneMore:     "History/KeptEntries",
		keepsOld:         "History/KeptAge",
		forgetsYoung:     "History/KeptAge",
		firstRetention:   "History/KeptChanges",
		firstAge:         "History/KeptAgeChanges",
		comesBack:        "History/KeptAgeChanges",
		forgetsAtOnce:    "History/ComesBack",
		epochKept:        "History/Forgotten",
		numbersKept:      "History/Forgotten",
		forgetsFollowed:  "History/NotForgotten",
		readFoldsCase:    "History/ReadNames",
		readCutsData:     "History/ReadData",
		keepsBuffer:      "History/ReadData",
		reusesBuffer:     "History/EntriesStay",
		sharesChannels:   "History/ApartFromPublish",
		keepsPublished:   "History/ApartFromPublish",
		acceptsAll:       "History/Refuses",
		limitIsGap:       "History/Refuses",
		readHasNoContext: "History/ReadContextEnded",
		readHasNoClose:   "History/ReadClosed",
		readBlocks:       "History/ReadInHandler",
		closeForgets:     "History/CloseLeavesEntries",
	})
}

// The suite holds Append and Follow to the rules of Publish and Subscribe, too.
func TestFollowFaults(t *testing.T) {
	t.Parallel()
	tests := make(map[fault]string)
	for fault, name := range layerFaults() {
		tests[fault] = "History/" + name
	}
	findFaults(t, tests)
}
