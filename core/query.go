package chanx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Coverage says of which processes a result is.
type Coverage struct {
	// Processes is how many have answered, this one included.
	Processes int `json:"processes"`
	// Missing are the ids of the hubs of which it is known that they have
	// connections, and that have not answered in time, sorted.
	Missing []string `json:"missing,omitempty"`
	// Unsure is true where neither this process nor one that has answered has been
	// there for long enough to know who else is: others may be missing.
	Unsure bool `json:"unsure,omitzero"`
}

// Partial reports whether the result may lack something of other processes.
func (c Coverage) Partial() bool { return len(c.Missing) > 0 || c.Unsure }

// ConnectionCount is how many connections there are on all processes.
type ConnectionCount struct {
	Coverage

	Total int              `json:"total"`
	Hubs  []HubConnections `json:"hubs"` // sorted by hub
}

// HubConnections is how many connections a hub has.
type HubConnections struct {
	Hub         string `json:"hub"`
	Connections int    `json:"connections"`
}

// GroupMembers are the connections in a group, or the subscribers of a topic, on all
// processes.
type GroupMembers struct {
	Coverage

	Total   int           `json:"total"`   // also of those that are not listed
	Members []GroupMember `json:"members"` // sorted by connection; which ones, where they are more than the limit, is left open
}

// GroupMember is one connection in a group.
type GroupMember struct {
	ConnID   string `json:"conn"`
	Identity string `json:"identity,omitempty"` // as [HubOptions].IdentityKey says; "" for nobody
	Hub      string `json:"hub"`
}

// Disconnection says what [Hub.Disconnect] has done.
type Disconnection struct {
	Coverage

	Connections int `json:"connections"` // that were closed
}

const (
	defaultMembers = 1000
	maxMembers     = 5000
	maxMemberBytes = 256 << 10 // of keys and ids in one process's answer
	maxReason      = 123       // bytes in a close frame
)

// CountConnections asks all processes how many connections they have, those included
// whose handshake is under way. It waits until every process has answered that is
// known to have some, or until the deadline of ctx, which is after 2 s where it has
// none: what has come until then is returned, with the [Coverage] that says what is
// missing. With an error, which is the layer's, or that of a context that was
// cancelled, the result is good for what it covers, too: for this process at the
// least.
//
// A hub with a layer of its own asks nobody.
func (h *Hub) CountConnections(ctx context.Context) (ConnectionCount, error) {
	q := &query{Kind: queryCount}
	answers, coverage, err := h.askAll(ctx, q, h.answer(q))
	count := ConnectionCount{Coverage: coverage, Hubs: make([]HubConnections, 0, len(answers))}
	for hub, a := range answers {
		count.Total += a.Total
		count.Hubs = append(count.Hubs, HubConnections{hub, a.Total})
	}
	slices.SortFunc(count.Hubs, func(a, b HubConnections) int { return strings.Compare(a.Hub, b.Hub) })
	return count, queryError("counting the connections", err)
}

// Members asks all processes who is in a group of the consumer: on the terms of
// [Hub.CountConnections]. It lists up to limit of them, 5,000 at the most; 0 means
// 1,000.
func (c *Consumer[C]) Members(ctx context.Context, group string, limit int) (GroupMembers, error) {
	return c.c.hub.askMembers(ctx, &query{Kind: queryMembers, Of: []byte(c.c.name), Name: []byte(group), Limit: limit})
}

// Subscribers asks all processes who is subscribed to a topic, such as "room:lobby",
// over whichever consumer: like [Consumer.Members]. It needs no presence, and lists
// connections; who is there, and what others may know of them, says [Presence].
func (t *Topic[S]) Subscribers(ctx context.Context, topic string, limit int) (GroupMembers, error) {
	if err := t.t.check(topic); err != nil {
		return GroupMembers{}, err
	}
	return t.t.hub.askMembers(ctx, &query{Kind: querySubscribers, Of: []byte(t.t.name), Name: []byte(topic), Limit: limit})
}

func (h *Hub) askMembers(ctx context.Context, q *query) (GroupMembers, error) {
	q.Limit = limitOf(q.Limit)
	answers, coverage, err := h.askAll(ctx, q, h.answer(q))
	all := GroupMembers{Coverage: coverage, Members: []GroupMember{}}
	for _, a := range answers {
		all.Total += a.Total
		all.Members = append(all.Members, a.Members...)
	}
	slices.SortFunc(all.Members, func(a, b GroupMember) int { return strings.Compare(a.ConnID, b.ConnID) })
	if len(all.Members) > q.Limit {
		all.Members = slices.Clip(all.Members[:q.Limit])
	}
	return all, queryError(fmt.Sprintf("members of %q", q.Name), err)
}

// limitOf is how many members are listed at the most.
func limitOf(limit int) int {
	if limit <= 0 {
		return defaultMembers
	}
	return min(limit, maxMembers)
}

// Disconnect closes every connection of an identity, on all processes: those of which
// [HubOptions].IdentityKey says that it is theirs. Handshakes that are under way are
// refused; who comes later is let in, if the application lets it. code is what they
// are closed with, 0 for [CloseForbidden], after which clients must not come back;
// reason, of up to 123 bytes, is what they are told. It answers on the terms of
// [Hub.CountConnections]; a process that is missing may still do it later.
func (h *Hub) Disconnect(ctx context.Context, identity string, code CloseCode, reason string) (Disconnection, error) {
	q := &query{Kind: queryDisconnect, Identity: []byte(identity), Code: int(cmp.Or(code, CloseForbidden)), Reason: reason}
	if err := q.check(); err != nil {
		return Disconnection{}, queryError(fmt.Sprintf("disconnecting %q", identity), err)
	}
	answers, coverage, err := h.askAll(ctx, q, h.answer(q))
	d := Disconnection{Coverage: coverage}
	for _, a := range answers {
		d.Connections += a.Total
	}
	return d, queryError(fmt.Sprintf("disconnecting %q", identity), err)
}

// check says what is wrong with a query to disconnect somebody.
func (q *query) check() error {
	switch code := CloseCode(q.Code); {
	case len(q.Identity) == 0:
		return errors.New("the identity is empty")
	case code < CloseNormal || code > 4999 || code == CloseNoStatus || code == CloseAbnormal:
		return fmt.Errorf("%d is no code to close with", code)
	case len(q.Reason) > maxReason || !utf8.ValidString(q.Reason):
		return fmt.Errorf("the reason must be UTF-8 of at most %d bytes", maxReason)
	}
	return nil
}

func queryError(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("chanx: %s: %w", what, err)
}

// membersHere returns how many are in a group or topic in this process, and up to
// the query's limit of them.
func (h *Hub) membersHere(q *query) (total int, members []GroupMember) {
	limit, size := limitOf(q.Limit), 0
	for _, g := range h.groupsHere(q) {
		n, conns := g.some(limit - len(members))
		total += n
		for _, c := range conns {
			m := GroupMember{c.ID(), h.identityOf(c), h.id}
			if size += len(m.ConnID) + len(m.Identity); size > maxMemberBytes {
				limit = len(members)
				break
			}
			members = append(members, m)
		}
	}
	return total, members
}

// groupsHere returns the groups that a query is about: of a topic, that of each
// consumer that has it.
func (h *Hub) groupsHere(q *query) (groups []*group) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := groupKey{name: string(q.Name)}
	if q.Kind == queryMembers {
		if c := h.consumers[string(q.Of)]; c != nil {
			groups = append(groups, c.registry.get(key))
		}
	} else if key.topic = h.topics[string(q.Of)]; key.topic != nil {
		for _, c := range h.consumers {
			groups = append(groups, c.registry.get(key))
		}
	}
	return slices.DeleteFunc(groups, func(g *group) bool { return g == nil })
}

// some returns how many members a group has here, and the connections of up to
// limit of them.
func (g *group) some(limit int) (total int, conns []*Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.members[:min(len(g.members), max(0, limit))] {
		conns = append(conns, m.conn)
	}
	return len(g.members), conns
}

// identityOf is the key of a connection's identity, "" for nobody.
func (h *Hub) identityOf(c *Conn) (key string) {
	credential := c.credential.Load()
	if credential == nil {
		return ""
	}
	err := contain(func() error {
		key = h.keyOf(credential)
		return nil
	})
	if err != nil && h.told.first(toldIdentity) {
		h.logPanic("chanx: the key of an identity can't be had", err)
	}
	return key
}

func (h *Hub) keyOf(c *Credential) string {
	if h.options.IdentityKey != nil {
		return h.options.IdentityKey(c.Identity)
	}
	if c.Subject != "" {
		return c.Subject
	}
	switch identity := c.Identity.(type) {
	case string:
		return identity
	case interface{ IdentityKey() string }:
		return identity.IdentityKey()
	}
	return ""
}

// expulsion is what becomes of handshakes that were under way when an identity was
// disconnected.
type expulsion struct {
	identity string
	last     uint64 // serial of the last connection that it is for
	at       time.Time
	reason   string
}

// maxExpulsions bounds how many are remembered, each for the time of a handshake.
const maxExpulsions = 1024

// disconnectHere closes the connections of an identity in this process, and returns
// how many.
func (h *Hub) disconnectHere(identity string, code CloseCode, reason string) (closed int) {
	h.mu.Lock()
	recent := slices.DeleteFunc(slices.Clone(*h.expelled.Load()), func(e expulsion) bool { return time.Since(e.at) > 2*h.limits.HandshakeTimeout })
	if len(recent) >= maxExpulsions {
		recent = recent[1:]
	}
	recent = append(recent, expulsion{identity, h.serial.Load(), time.Now(), reason})
	h.expelled.Store(&recent)
	h.mu.Unlock()
	for _, c := range h.all() { // who is identified only after this finds the expulsion
		if h.identityOf(c) == identity && c.closing.Load() == nil {
			c.Close(code, reason)
			closed++
		}
	}
	return closed
}

// expelledMeanwhile is the refusal of a handshake during which its client was
// disconnected, nil for others.
func (h *Hub) expelledMeanwhile(c *Conn) error {
	recent := *h.expelled.Load()
	if len(recent) == 0 {
		return nil
	}
	identity := h.identityOf(c)
	for _, e := range recent {
		if identity != "" && e.identity == identity && c.serial <= e.last {
			return &Error{Reason: Forbidden, Detail: cmp.Or(e.reason, "the client was disconnected")}
		}
	}
	return nil
}
