package chanx

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/schema"
)

// The actions of what subscribers are told of who is there.
const (
	actionPresenceState  = "presence_state"
	actionPresenceJoined = "presence_joined"
	actionPresenceLeft   = "presence_left"
)

// Member is who is present on a topic: a key, such as a user's id, that counts
// once however many connections it has, and what others may know of it.
type Member[I any] struct {
	Key  string `json:"key" doc:"Who it is"`
	Info I      `json:"info"`
}

// PresenceState is the message that tells a new subscriber who is present, itself
// included, sorted by key.
type PresenceState[I any] struct {
	Members []Member[I] `json:"members"`
}

// Action returns "presence_state".
func (PresenceState[I]) Action() string { return actionPresenceState }

// PresenceJoined is the message that tells the subscribers of a topic that a
// member has come, or that its info is another one now.
type PresenceJoined[I any] struct {
	Key  string `json:"key" doc:"Who it is"`
	Info I      `json:"info"`
}

// Action returns "presence_joined".
func (PresenceJoined[I]) Action() string { return actionPresenceJoined }

// PresenceLeft is the message that tells the subscribers of a topic that a member
// has gone.
type PresenceLeft struct {
	Key string `json:"key" doc:"Who it was"`
}

// Action returns "presence_left".
func (PresenceLeft) Action() string { return actionPresenceLeft }

// PresenceOptions configure how a topic tracks who is there. The zero value, and
// nil, mean the defaults.
type PresenceOptions struct {
	// Grace is how long a member is still present after its last connection has
	// ended, so that nobody is told of a reconnect; 10 s by default, negative for
	// none. Who unsubscribes leaves at once.
	Grace time.Duration
}

// Presence is who is there on the topics of a pattern: see [TrackPresence].
type Presence[I any] struct{ t *topic }

// presence is how a topic tracks who is there.
type presence struct {
	layer  layer.Presence
	grace  time.Duration
	member func(state any) (key string, info []byte, err error)
	info   *schema.Schema
	own    []*messageType // what subscribers are told
}

// TrackPresence makes a topic track who is there. member says who a subscriber is,
// as soon as its subscription is opened: the key that it goes by, which is not
// empty, and what others may know of it. Subscribers get [PresenceState] once, and
// then [PresenceJoined] and [PresenceLeft]; their own coming and going included
// where they are there already, with another connection.
//
// TrackPresence panics where the hub's layer can't do that.
func TrackPresence[I, S any](t *Topic[S], member func(S) (key string, info I), opts *PresenceOptions) *Presence[I] {
	s := t.handlerSet()
	s.mustBeOpen("TrackPresence")
	if opts == nil {
		opts = &PresenceOptions{}
	}
	switch {
	case t.t.presence != nil:
		panic(fmt.Sprintf("chanx: %s tracks presence already", s.title))
	case member == nil:
		panic(fmt.Sprintf("chanx: %s tracks presence without a function that says who somebody is", s.title))
	}
	p := &presence{grace: max(0, cmp.Or(opts.Grace, 10*time.Second))}
	var ok bool
	if p.layer, ok = s.hub.layer.(layer.Presence); !ok {
		panic(fmt.Sprintf("chanx: %s tracks presence, which the hub's layer, a %T, can't", s.title, s.hub.layer))
	}
	var err error
	if p.info, err = s.hub.types.schemas.Of(reflect.TypeFor[I]()); err != nil {
		panic(fmt.Sprintf("chanx: %s: the info of members: %v", s.title, err))
	}
	p.member = func(state any) (string, []byte, error) {
		key, info := member(state.(S))
		b, err := p.info.AppendJSON(nil, info)
		if err != nil {
			return "", nil, err
		}
		if vs := p.info.Validate(b); len(vs) > 0 { // nobody could read it; which is not the client's fault
			return "", nil, errors.New("the info is not valid: " + (&schema.InvalidError{Violations: vs}).Error())
		}
		return key, b, nil
	}
	p.own = []*messageType{messageOf[PresenceState[I]](s), messageOf[PresenceJoined[I]](s), messageOf[PresenceLeft](s)}
	for _, mt := range p.own {
		s.outgoing = append(s.outgoing, &route{out: mt})
	}
	t.t.presence = p
	return &Presence[I]{t.t}
}

// takes reports whether a message of the application's goes by the name of one of
// the framework's.
func (p *presence) takes(m MessageInfo) bool {
	return slices.ContainsFunc(p.own, func(own *messageType) bool { return m.Action == own.action && m.Type != own.goType })
}

// Members returns who is present on a topic, such as "room:lobby", on all
// processes, sorted by key.
func (p *Presence[I]) Members(ctx context.Context, topic string) ([]Member[I], error) {
	if err := p.t.check(topic); err != nil {
		return nil, err
	}
	members, err := p.t.presence.layer.Members(ctx, p.t.channel(topic))
	if err != nil {
		return nil, fmt.Errorf("chanx: members of %q: %w", topic, err)
	}
	all := make([]Member[I], len(members))
	for i, m := range members {
		all[i].Key = m.Key
		if err := p.t.presence.info.Decode(m.Info, &all[i].Info); err != nil {
			return nil, fmt.Errorf("chanx: members of %q: the info of %q: %w", topic, m.Key, err)
		}
	}
	return all, nil
}

// roster is who is present on a topic, as far as this process knows.
type roster struct {
	members map[string][]byte // info by key
	changed chan struct{}     // closed and replaced with every change
}

// watch takes a change of who is present from the layer.
func (g *group) watch(change layer.PresenceChange) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.present == nil {
		g.present = &roster{map[string][]byte{}, make(chan struct{})}
	}
	r := g.present
	left := change.Left
	if change.All {
		there := map[string]bool{}
		for _, m := range change.Joined {
			there[m.Key] = true
		}
		for key := range r.members {
			if !there[key] {
				left = append(left, key)
			}
		}
		slices.Sort(left)
	}
	for _, m := range change.Joined {
		if info, in := r.members[m.Key]; in && bytes.Equal(info, m.Info) {
			continue
		}
		g.awaitSpace() // before the change, of which who joins meanwhile is told by a frame
		key := strings.Clone(m.Key)
		r.members[key] = bytes.Clone(m.Info)
		g.appendOwn(actionPresenceJoined, appendMember(nil, layer.Member{Key: key, Info: m.Info}), 0)
	}
	for _, key := range left {
		g.awaitSpace()
		delete(r.members, key)
		g.appendOwn(actionPresenceLeft, append(wire.AppendString([]byte(`{"key":`), key), '}'), 0)
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

func appendMember(b []byte, m layer.Member) []byte {
	b = append(wire.AppendString(append(b, `{"key":`...), m.Key), `,"info":`...)
	return append(append(b, m.Info...), '}')
}

// awaitPresent waits until the process knows of a member.
func (g *group) awaitPresent(ctx context.Context, key string) error {
	for {
		g.mu.Lock()
		_, in := g.present.members[key]
		changed := g.present.changed
		g.mu.Unlock()
		if in {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter makes the client present on the topic.
func (s *Subscription) enter(ctx context.Context) error {
	p, hub := s.topic.presence, s.conn.hub
	if p == nil {
		return nil
	}
	session := layer.Session{ID: hub.keeper.session(), Owner: hub.id}
	err := contain(func() (err error) { session.Key, session.Info, err = p.member(s.state); return err })
	if err == nil && session.Key == "" {
		err = errors.New("the function that TrackPresence got returns an empty key")
	}
	if err != nil {
		return fmt.Errorf("presence on %q: %w", s.name, err)
	}
	guest := &guest{layer: p.layer, channel: s.topic.channel(s.name), session: session}
	if err = hub.keeper.enter(ctx, guest); err == nil {
		if err = s.group.awaitPresent(ctx, session.Key); err != nil {
			hub.keeper.leave(ctx, guest, 0)
		}
	}
	if err != nil {
		return &Error{Reason: Unavailable, Detail: "the topic can't be subscribed to now", cause: fmt.Errorf("presence on %q: %w", s.name, err)}
	}
	s.guest = guest
	return nil
}

// present notes who is there for the client to be told. The group is locked.
func (s *Subscription) present(g *group) {
	if s.guest == nil {
		return
	}
	s.guest.members = make([]layer.Member, 0, len(g.present.members))
	for key, info := range g.present.members {
		s.guest.members = append(s.guest.members, layer.Member{Key: key, Info: info})
	}
}

// tellPresent tells the client who was there when it joined.
func (s *Subscription) tellPresent() {
	if s.guest == nil {
		return
	}
	members := s.guest.members
	s.guest.members = nil
	slices.SortFunc(members, func(a, b layer.Member) int { return strings.Compare(a.Key, b.Key) })
	b := []byte(`{"members":[`)
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(b, m)
	}
	c := s.conn
	frames := c.consumer.appendFrame(nil, wire.Head{Action: actionPresenceState, Topic: s.name}, append(b, "]}"...))
	_ = c.send(c.form(frames), "")
}

// leaveTimeout is how long the end of a connection, or of a subscription, waits for
// the layer to learn of it. What it has not learned by then it is told later.
const leaveTimeout = 5 * time.Second

// exitAll ends the presence of a connection's subscriptions, within one time for all
// of them.
func exitAll(subs []*Subscription, how *CloseError) {
	if len(subs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(subs[0].conn.ctx), leaveTimeout)
	defer cancel()
	for _, s := range subs {
		s.exit(ctx, how)
	}
}

// exit ends the client's presence: at once where it does not want to be there any
// more, else after the topic's grace.
func (s *Subscription) exit(ctx context.Context, how *CloseError) {
	if s.guest == nil {
		return
	}
	grace := s.topic.presence.grace
	if how.Code == CloseUnsubscribed {
		grace = 0
	}
	s.conn.hub.keeper.leave(ctx, s.guest, grace)
}
