package chanx

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Hubs that have connections know of each other: each says that it is there when
// its first connection comes, from time to time while it has some, and when it goes.
// So whoever asks them all something knows whose answer is missing.

// hubsChannel is the layer's name for all hubs that have connections.
const hubsChannel = "hubs"

const (
	beatInterval = 10 * time.Second          // about how often a hub says that it is there
	beatJitter   = time.Second               // more or less
	peerLife     = 3 * beatInterval          // after its last word a hub is taken for dead
	greeting     = time.Second               // within this the others answer a hub that is new
	settling     = greeting + greeting/2     // after this it has heard of all of them
	resettling   = beatInterval + beatJitter // so it has after an outage of the layer, when nobody greets
	sayTimeout   = 2 * time.Second           // for the layer to take what a hub says
)

// The actions of what hubs say to each other. Others are of newer versions, and are
// ignored.
const (
	hubHere   = "here"
	hubBye    = "bye"
	hubQuery  = "query"
	hubAnswer = "answer"
)

// hubNote is what a hub says to others.
type hubNote struct {
	From   string  `json:"from"`
	New    bool    `json:"new,omitzero"` // it is here now, and wants to know who else is
	Query  *query  `json:"query,omitempty"`
	Answer *answer `json:"answer,omitempty"`
}

// cluster is what a hub knows of the others on its layer, and what it asks them. It
// has a subscription while the hub has connections, and no goroutine but while there
// is something to do. A hub with a layer of its own has none.
type cluster struct {
	hub *Hub

	mu        sync.Mutex
	on        bool               // it listens, or is about to
	ended     bool               // the hub is shut down
	sub       layer.Subscription // nil while it doesn't listen
	timer     *time.Timer        // of the next word
	due       time.Time
	said      time.Time            // when it last said that it is there
	since     time.Time            // when it began to listen
	peers     map[string]time.Time // when each was heard of
	asks      map[uint64]*ask
	lastAsk   uint64
	queries   []hubNote // that wait to be answered
	answering bool      // somebody answers them
}

func newCluster(h *Hub) *cluster {
	return &cluster{hub: h, peers: map[string]time.Time{}, asks: map[uint64]*ask{}}
}

// wake makes the hub be there for others, when its first connection comes.
func (c *cluster) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.on || c.ended {
		return
	}
	c.on = true
	c.hub.tasks.Go(c.join)
}

// join begins to listen to the others.
func (c *cluster) join() {
	ctx, cancel := context.WithTimeout(context.Background(), c.hub.limits.HandshakeTimeout)
	defer cancel()
	sub, err := c.hub.layer.Subscribe(ctx, hubsChannel, c.hear)
	if err != nil {
		c.hub.log.Warn("chanx: this process can't hear of the others yet", "error", err)
	}
	c.mu.Lock()
	ended := c.ended
	if !ended {
		c.sub, c.since = sub, time.Now()
		c.schedule(beatInterval)
	}
	c.mu.Unlock()
	switch {
	case err != nil: // again with the next beat
	case ended:
		_ = sub.Unsubscribe()
	default:
		c.say(hubsChannel, hubHere, &hubNote{New: true})
	}
}

// schedule makes the next beat come after a time. The cluster is locked.
func (c *cluster) schedule(after time.Duration) {
	c.due = time.Now().Add(after)
	if c.timer == nil {
		c.timer = time.AfterFunc(after, c.beat)
		return
	}
	c.timer.Reset(after)
}

// beat says that the hub is there, and makes it leave once it has no connections.
func (c *cluster) beat() {
	c.mu.Lock()
	if c.ended || !c.on {
		c.mu.Unlock()
		return
	}
	c.hub.tasks.begin()
	defer c.hub.tasks.done()
	listens, deserted := c.sub != nil, c.hub.live.Load() == 0
	for peer, heard := range c.peers {
		if time.Since(heard) > peerLife {
			delete(c.peers, peer)
		}
	}
	if listens && !deserted {
		c.said = time.Now()
		c.schedule(beatInterval + rand.N(2*beatJitter) - beatJitter)
	}
	c.mu.Unlock()
	switch {
	case deserted:
		c.leave()
	case !listens:
		c.join()
	default:
		c.say(hubsChannel, hubHere, &hubNote{})
	}
}

// leave ends what join has begun. A connection that has come meanwhile begins it
// anew.
func (c *cluster) leave() {
	c.mu.Lock()
	sub := c.sub
	c.sub = nil
	clear(c.peers)
	c.mu.Unlock()
	c.part(sub)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = false
	if c.hub.live.Load() > 0 && !c.ended {
		c.on = true
		c.hub.tasks.Go(c.join)
	}
}

// part tells the others that the hub has gone.
func (c *cluster) part(sub layer.Subscription) {
	if sub == nil {
		return
	}
	c.say(hubsChannel, hubBye, &hubNote{})
	if err := sub.Unsubscribe(); err != nil {
		c.hub.log.Warn("chanx: unsubscribing failed", "error", err)
	}
}

// end ends everything when the hub is shut down.
func (c *cluster) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	sub := c.sub
	c.sub, c.queries = nil, nil
	if c.timer != nil {
		c.timer.Stop()
	}
	for _, a := range c.asks {
		a.wake()
	}
	c.hub.tasks.Go(func() { c.part(sub) })
}

// say gives a note to the layer. What others don't hear they hear the next time, or
// miss: nobody is told.
func (c *cluster) say(channel, action string, note *hubNote) {
	ctx, cancel := context.WithTimeout(context.Background(), sayTimeout)
	defer cancel()
	if err := c.sayWithin(ctx, channel, action, note); err != nil {
		c.hub.log.Debug("chanx: the other processes could not be told", "what", action, "error", err)
	}
}

func (c *cluster) sayWithin(ctx context.Context, channel, action string, note *hubNote) error {
	note.From = c.hub.id
	payload, err := json.Marshal(note, jsontext.AllowInvalidUTF8(true)) // in an identity, which others are shown
	if err != nil {
		return err
	}
	e := envelope.Envelope{Hub: true, Action: []byte(action), Payload: payload}
	return c.hub.layer.Publish(ctx, channel, e.Append(nil))
}

// hear takes what a hub says to all of them.
func (c *cluster) hear(data []byte) {
	var e envelope.Envelope
	if err := e.Parse(data); err != nil {
		c.hub.skip(&Observation{Kind: Skipped, Err: err}, &c.hub.told)
		return
	}
	c.heed(&e)
}

// heed takes what a hub says, to all or to this one.
func (c *cluster) heed(e *envelope.Envelope) {
	var note hubNote
	if err := json.Unmarshal(e.Payload, &note); err != nil {
		c.hub.skip(&Observation{Kind: Skipped, Action: string(e.Action), Err: err}, &c.hub.told)
		return
	}
	if note.From == c.hub.id || note.From == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch string(e.Action) {
	case hubHere:
		c.met(&note)
	case hubBye:
		delete(c.peers, note.From)
		for _, a := range c.asks {
			a.dismiss(note.From)
		}
	case hubQuery:
		c.enqueue(note)
	case hubAnswer:
		if note.Answer != nil && c.asks[note.Answer.ID] != nil {
			c.asks[note.Answer.ID].take(&note)
		}
	}
}

// met notes that a hub is there. One that is new is told of this one soon, together
// with others that are: within the time of a greeting, and not more than once in it.
// The cluster is locked.
func (c *cluster) met(note *hubNote) {
	if c.sub == nil || c.ended {
		return
	}
	c.peers[note.From] = time.Now()
	if soon := max(rand.N(greeting), greeting-time.Since(c.said)); note.New && time.Until(c.due) > soon {
		c.schedule(soon)
	}
}

// known returns the hubs that were heard of lately. The cluster is locked.
func (c *cluster) known() []string {
	known := make([]string, 0, len(c.peers))
	for peer, heard := range c.peers {
		if time.Since(heard) <= peerLife {
			known = append(known, peer)
		}
	}
	return known
}

// settlesIn returns after which time the hub knows of all others, 0 or less where it
// does, and false where it does not come to know. The cluster is locked.
func (c *cluster) settlesIn() (time.Duration, bool) {
	if c.sub == nil {
		return 0, false
	}
	at := c.since.Add(settling)
	if r, ok := c.hub.layer.(layer.Reporter); ok {
		switch h := r.Health(); {
		case !h.Connected:
			return 0, false
		case h.Outages > 0:
			if again := h.Since.Add(resettling); again.After(at) {
				at = again
			}
		}
	}
	return time.Until(at), true
}

// settled reports whether the hub knows of all others. The cluster is locked.
func (c *cluster) settled() bool {
	in, ok := c.settlesIn()
	return ok && in <= 0
}
