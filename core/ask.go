package chanx

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// The kinds of query. Others are of newer versions, and nobody answers them here.
const (
	queryCount       = "count"
	queryMembers     = "members"     // of a consumer's group
	querySubscribers = "subscribers" // of a topic
	queryDisconnect  = "disconnect"
)

// query is what a hub asks all others. Names may be any bytes.
type query struct {
	ID       uint64 `json:"id"` // of the hub that asks
	Kind     string `json:"kind"`
	Of       []byte `json:"of,omitempty"`   // a consumer or a topic, by its name
	Name     []byte `json:"name,omitempty"` // of the group, or of the one topic
	Limit    int    `json:"limit,omitzero"` // of members
	Identity []byte `json:"identity,omitempty"`
	Code     int    `json:"code,omitzero"` // to close with
	Reason   string `json:"reason,omitempty"`
}

// answer is what a hub answers, with whom it knows of.
type answer struct {
	ID      uint64        `json:"id"` // of the query
	Total   int           `json:"total"`
	Members []GroupMember `json:"members,omitempty"`
	Peers   []string      `json:"peers,omitempty"`
	Settled bool          `json:"settled,omitzero"` // these are all that there are
}

const (
	askTimeout = 2 * time.Second // for the others to answer, where the context says nothing
	maxQueries = 256             // that wait to be answered
)

// ask is a query that waits for answers. The cluster guards it.
type ask struct {
	answers map[string]*answer // by hub
	gone    map[string]bool    // hubs that have said goodbye meanwhile
	news    chan struct{}      // of one element: something has changed
}

func (a *ask) wake() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

func (a *ask) take(note *hubNote) {
	a.answers[note.From] = note.Answer
	a.wake()
}

func (a *ask) dismiss(hub string) {
	a.gone[hub] = true
	a.wake()
}

// askAll asks all hubs, and returns their answers, by hub: that of this one, own, is
// among them. It ends when all have answered that are known, and at the deadline.
func (h *Hub) askAll(ctx context.Context, q *query, own *answer) (map[string]*answer, Coverage, error) {
	c := h.cluster
	if c == nil {
		return map[string]*answer{h.id: own}, Coverage{Processes: 1}, nil
	}
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, askTimeout)
		defer cancel()
	}
	a := c.open(q, own)
	defer c.close(q)
	err := h.listen(ctx)
	if err == nil {
		err = c.sayWithin(ctx, hubsChannel, hubQuery, &hubNote{Query: q})
	}
	if err == nil {
		err = c.await(ctx, a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	missing, sure := c.missing(a)
	return a.answers, Coverage{Processes: len(a.answers), Missing: missing, Unsure: !sure}, err
}

func (c *cluster) open(q *query, own *answer) *ask {
	a := &ask{answers: map[string]*answer{c.hub.id: own}, gone: map[string]bool{}, news: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastAsk++
	q.ID = c.lastAsk
	c.asks[q.ID] = a
	return a
}

func (c *cluster) close(q *query) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asks, q.ID)
}

// await waits until nobody's answer is missing, or until the deadline, which is no
// error.
func (c *cluster) await(ctx context.Context, a *ask) error {
	for {
		c.mu.Lock()
		missing, sure := c.missing(a)
		settlesIn, settles := c.settlesIn()
		ended := c.ended
		c.mu.Unlock()
		if ended {
			return ErrClosed
		}
		if len(missing) == 0 && sure {
			return nil
		}
		var settled <-chan time.Time
		if settles && !sure {
			settled = time.After(settlesIn)
		}
		select {
		case <-a.news:
		case <-settled:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil
			}
			return ctx.Err()
		}
	}
}

// missing returns the hubs that have not answered, of those that this hub or one that
// has answered knows of, sorted; and whether they are all that there are. The cluster
// is locked.
func (c *cluster) missing(a *ask) (missing []string, sure bool) {
	sure = c.settled()
	all := map[string]bool{}
	for _, peer := range c.known() {
		all[peer] = true
	}
	for _, answer := range a.answers {
		sure = sure || answer.Settled
		for _, peer := range answer.Peers {
			all[peer] = true
		}
	}
	for peer := range all {
		if a.answers[peer] != nil || a.gone[peer] {
			delete(all, peer)
		}
	}
	return slices.Sorted(maps.Keys(all)), sure
}

// enqueue makes a query wait to be answered. The cluster is locked.
func (c *cluster) enqueue(note hubNote) {
	if note.Query == nil || c.ended || len(c.queries) >= maxQueries {
		return
	}
	c.queries = append(c.queries, note)
	if !c.answering {
		c.answering = true
		c.hub.tasks.Go(c.answerAll)
	}
}

// answerAll answers the queries that wait, and ends.
func (c *cluster) answerAll() {
	for {
		c.mu.Lock()
		if len(c.queries) == 0 {
			c.queries, c.answering = nil, false
			c.mu.Unlock()
			return
		}
		note := c.queries[0]
		c.queries = c.queries[1:]
		known, settled := c.known(), c.settled()
		c.mu.Unlock()
		a := c.hub.answer(note.Query)
		if a == nil { // a newer version asks what this one does not know
			continue
		}
		a.ID, a.Peers, a.Settled = note.Query.ID, known, settled
		c.say(connChannel(note.From), hubAnswer, &hubNote{Answer: a})
	}
}

// answer answers a query for this process, nil for one of a kind that is not known.
func (h *Hub) answer(q *query) *answer {
	switch q.Kind {
	case queryCount:
		return &answer{Total: h.Connections()}
	case queryMembers, querySubscribers:
		total, members := h.membersHere(q)
		return &answer{Total: total, Members: members}
	case queryDisconnect:
		if q.check() != nil {
			return nil
		}
		return &answer{Total: h.disconnectHere(string(q.Identity), CloseCode(q.Code), q.Reason)}
	}
	return nil
}
