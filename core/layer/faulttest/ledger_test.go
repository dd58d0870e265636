package faulttest_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// line is the messages of one publisher on one channel, numbered from 1.
type line struct{ publisher, channel string }

// attempt is a call that published a message.
type attempt struct {
	at   time.Time // when it returned
	took time.Duration
	err  string // "" where it was taken over
}

// kind says what happened to a client on a channel.
type kind int

const (
	got       kind = iota // a message came
	joined                // from here on it gets what is published; what came before, it was not there for
	toldGap               // the server has said that something is missing
	recovered             // the server has said that nothing is missing
)

// happening is something that a client saw on a channel.
type happening struct {
	kind  kind
	at    time.Time
	node  string // that the client was connected to
	from  string // who published
	n     uint64
	epoch string // of a channel with history
	seq   uint64
	late  time.Duration // after it was published
	end   bool          // the publisher's last message
}

// ledger is what was published, and what every client got. All its methods may be
// called from many goroutines at once.
type ledger struct {
	mu       sync.Mutex
	attempts map[line][]attempt
	clients  map[string]map[string][]happening // by client and channel
	refusals map[string]int                    // subscriptions that an error answered, by its reason
}

func newLedger() *ledger {
	return &ledger{attempts: map[line][]attempt{}, clients: map[string]map[string][]happening{}, refusals: map[string]int{}}
}

// published takes note of the next message of a line.
func (l *ledger) published(of line, a attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts[of] = append(l.attempts[of], a)
}

// saw takes note of what a client saw on a channel.
func (l *ledger) saw(client, channel string, h happening) {
	l.mu.Lock()
	defer l.mu.Unlock()
	channels := l.clients[client]
	if channels == nil {
		channels = map[string][]happening{}
		l.clients[client] = channels
	}
	channels[channel] = append(channels[channel], h)
}

// knows reports whether a client is on all of some channels.
func (l *ledger) knows(client string, channels []string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, channel := range channels {
		if len(l.clients[client][channel]) == 0 {
			return false
		}
	}
	return true
}

// unreached says which client got nothing, of what passes, of which publisher on
// which channel.
func (l *ledger) unreached(clients, channels, publishers []string, pass func(happening) bool) (missing []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, client := range clients {
		for _, channel := range channels {
			have := map[string]bool{}
			for _, h := range l.clients[client][channel] {
				if h.kind == got && pass(h) {
					have[h.from] = true
				}
			}
			for _, p := range publishers {
				if !have[p] {
					missing = append(missing, client+" of "+p+" on "+channel)
				}
			}
		}
	}
	return missing
}

// counts are the results of a scenario, for its channels of one sort.
type counts struct {
	Acked      int // taken over by the layer
	Errors     int // that returned an error
	Arrived    int // of these, that reached somebody even so
	Deliveries int // to clients
	Lost       int // deliveries of messages that were taken over, which did not come to be and of which the client was not told
	Told       int // the same, but the client was told
	Duplicates int
	Reordered  int
	Phantoms   int // messages that nobody published
	Gaps       int // with history: numbers that aren't the next one, without a word
	LocalLost  int // without history: messages of a client's own process that did not come, whatever the call returned
	Recovered  int // with history: how often a client was told that it has got everything
	Reset      int // and how often that it hasn't, the first time apart

	Longest time.Duration  // call
	Latest  time.Duration  // delivery, after the message was published, of those that were not replayed
	Again   time.Duration  // from the end of the fault until every client had got something of every publisher, on every channel
	Missed  map[string]int // by process, the messages that were taken over and did not come, once for each channel
	Unheard map[string]int // by process, the messages that did not come, whatever the call returned
}

// tally counts what happened on some channels. Publishers in broken were killed:
// what they have published last is not known. nodeOf is the process of a publisher.
func (l *ledger) tally(channels []string, history bool, broken map[string]bool, nodeOf func(publisher string) string, restored time.Time) counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := counts{Missed: map[string]int{}, Unheard: map[string]int{}}
	for _, channel := range channels {
		t := &tallier{counts: &c, ledger: l, channel: channel, history: history, broken: broken, nodeOf: nodeOf, restored: restored,
			arrived: map[line]map[uint64]bool{}, missed: map[string]map[line]int{}, unheard: map[string]map[line]int{}}
		t.run()
	}
	return c
}

// tallier counts what happened on one channel.
type tallier struct {
	*counts
	*ledger
	channel  string
	history  bool
	broken   map[string]bool
	nodeOf   func(string) string
	restored time.Time

	arrived map[line]map[uint64]bool
	missed  map[string]map[line]int // by process, as the client of it that missed most has it
	unheard map[string]map[line]int
}

func (t *tallier) run() {
	for _, channels := range t.clients {
		t.client(channels[t.channel])
	}
	for of, attempts := range t.attempts {
		if of.channel != t.channel {
			continue
		}
		for i, a := range attempts {
			t.Longest = max(t.Longest, a.took)
			switch {
			case a.err == "":
				t.Acked++
			case t.arrived[of][uint64(i+1)]:
				t.Errors++
				t.Arrived++
			default:
				t.Errors++
			}
		}
	}
	for node, lines := range t.missed {
		for _, n := range lines {
			t.Missed[node] += n
		}
	}
	for node, lines := range t.unheard {
		for _, n := range lines {
			t.Unheard[node] += n
		}
	}
}

// client counts what one client got.
func (t *tallier) client(all []happening) {
	places := map[string]map[uint64]int{} // by publisher and number
	last := map[string]uint64{}
	first := map[string]time.Time{} // after the fault
	t.sequence(all)
	for i, h := range all {
		if h.kind != got {
			continue
		}
		t.Deliveries++
		of := line{h.from, t.channel}
		if places[h.from] == nil {
			places[h.from] = map[uint64]int{}
		}
		_, twice := places[h.from][h.n]
		switch {
		case twice:
			t.Duplicates++
		case h.n <= last[h.from]:
			t.Reordered++
		}
		if h.n > uint64(len(t.attempts[of])) && !t.broken[h.from] {
			t.Phantoms++
		}
		places[h.from][h.n] = i
		last[h.from] = max(last[h.from], h.n)
		if t.arrived[of] == nil {
			t.arrived[of] = map[uint64]bool{}
		}
		t.arrived[of][h.n] = true
		if h.at.After(t.restored) && first[h.from].IsZero() {
			first[h.from] = h.at
			t.Again = max(t.Again, h.at.Sub(t.restored))
		}
		t.Latest = max(t.Latest, h.late)
	}
	for of, attempts := range t.attempts {
		if of.channel == t.channel {
			t.missing(of, attempts, all, places[of.publisher])
		}
	}
}

// sequence follows the numbers that a channel with history has.
func (t *tallier) sequence(all []happening) {
	if !t.history {
		return
	}
	var at happening
	begun := false
	for _, h := range all {
		switch h.kind {
		case toldGap:
			if begun {
				t.Reset++
			}
			at, begun = h, true
		case recovered:
			t.Recovered++
			if begun && h.epoch != at.epoch {
				t.Gaps++ // it can't have got everything
				at = h
			}
		case got:
			if !begun || h.epoch != at.epoch || h.seq != at.seq+1 {
				t.Gaps++
			}
			at, begun = h, true
		case joined:
		}
	}
}

// missing counts what a client did not get of a line.
func (t *tallier) missing(of line, attempts []attempt, all []happening, places map[uint64]int) {
	missed, unheard, node := 0, 0, ""
	before := -1 // where the one before came
	for i := range attempts {
		n := uint64(i + 1)
		if at, ok := places[n]; ok {
			before = at
			continue
		}
		next := len(all)
		for m := n + 1; m <= uint64(len(attempts)); m++ {
			if at, ok := places[m]; ok {
				next = at
				break
			}
		}
		acked := attempts[i].err == ""
		if t.excused(all, before, next) {
			if acked && before >= 0 {
				t.Told++
			}
			continue
		}
		node = nodeAt(all, before)
		unheard++
		if acked {
			missed++
			t.Lost++
		}
		if !t.history && node == t.nodeOf(of.publisher) {
			t.LocalLost++
		}
	}
	raise(t.missed, node, of, missed)
	raise(t.unheard, node, of, unheard)
}

// raise sets a process's number for a line where it is higher.
func raise(m map[string]map[line]int, node string, of line, n int) {
	if n == 0 {
		return
	}
	if m[node] == nil {
		m[node] = map[line]int{}
	}
	m[node][of] = max(m[node][of], n)
}

// excused reports whether the client was told, or away, between two places.
func (t *tallier) excused(all []happening, before, next int) bool {
	for i := max(before, 0); i < next; i++ {
		switch all[i].kind {
		case toldGap:
			return true
		case joined:
			if !t.history {
				return true
			}
		case got, recovered:
		}
	}
	return before < 0 && len(all) == 0
}

// nodeAt returns the process to which a client was connected.
func nodeAt(all []happening, i int) string {
	if len(all) == 0 {
		return ""
	}
	return all[max(i, 0)].node
}

// refusedSubscription takes note of a subscription that an error answered.
func (l *ledger) refusedSubscription(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[reason]++
}

// last returns what came of the last calls of every publisher on every channel.
func (l *ledger) last(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for of, attempts := range l.attempts {
		for i := max(0, len(attempts)-n); i < len(attempts); i++ {
			a := attempts[i]
			lines = append(lines, fmt.Sprintf("%s on %s, the %d of %d: %s in %v", of.publisher, of.channel, i+1, len(attempts), cmp.Or(a.err, "taken over"), a.took))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// latest returns how late the latest message came that a client got since a time.
func (l *ledger) latest(client string, since time.Time) (late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, all := range l.clients[client] {
		for _, h := range all {
			if h.kind == got && h.at.After(since) {
				late = max(late, h.late)
			}
		}
	}
	return late
}
