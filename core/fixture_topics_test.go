package chanx_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// listener is the state of a subscription in the tests.
type listener struct {
	*chanx.Subscription
	lab  *lab
	user string
	as   string
}

// person is what others may know of somebody who is present.
type person struct {
	Name string `json:"name"`
}

// quit makes the server unsubscribe its sender.
type quit struct{}

func (quit) Action() string { return "quit" }

// labTopics are the topics of a lab.
type labTopics struct {
	room     *chanx.Topic[*listener]
	log      *chanx.Topic[*listener]
	tape     *chanx.Topic[*listener]
	ledger   *chanx.Topic[*listener]
	people   *chanx.Topic[*listener]
	number   *chanx.Topic[*listener]
	presence *chanx.Presence[person]
}

// labLog is the history of the lab's log.
var labLog = chanx.History{Frames: 5, Age: time.Hour}

// registerTopics gives a lab topics: room:{room} can do something of everything;
// log:{name} keeps a short history, tape:{name} a long one, and so does
// ledger:{name}, whose events go through handlers; people:{room} tracks presence; number:{id} has a typed parameter. The
// room is also served at /room/{room} and the log at /log/{name}.
func registerTopics(l *lab) {
	makeTopics(l)
	mountTopics(l)
}

func mountTopics(l *lab) {
	l.mux.Handle("/room/{room}", chanx.Mount(l.topics.room.Alone(nil), "/room/{room}"))
	l.mux.Handle("/log/{name}", chanx.Mount(l.topics.log.Alone(nil), "/log/{name}"))
}

func makeTopics(l *lab) {
	open := func(ctx context.Context, s *chanx.Subscription) (*listener, error) { return l.listen(ctx, s) }
	t := &l.topics
	t.room = chanx.NewTopic(l.hub, "room", "room:{room}", open, nil)
	registerRoom(t.room)
	t.log = chanx.NewTopic(l.hub, "log", "log:{name}", open, &chanx.TopicOptions{History: &labLog})
	chanx.On(t.log, (*listener).say, chanx.Sends[said]())
	chanx.Forward[note](t.log)
	t.tape = chanx.NewTopic(l.hub, "tape", "tape:{name}", open, &chanx.TopicOptions{History: &chanx.History{}})
	chanx.Forward[note](t.tape)
	t.ledger = chanx.NewTopic(l.hub, "ledger", "ledger:{name}", open, &chanx.TopicOptions{History: &chanx.History{}})
	chanx.On(t.ledger, (*listener).say, chanx.Sends[said]())
	chanx.Forward[note](t.ledger)
	chanx.MapEvent(t.ledger, (*listener).alarm)
	chanx.OnEvent(t.ledger, (*listener).hush)
	t.people = chanx.NewTopic(l.hub, "people", "people:{room}", open, nil)
	chanx.On(t.people, (*listener).say, chanx.Sends[said]())
	t.presence = chanx.TrackPresence(t.people, (*listener).member, nil)
	t.number = chanx.NewTopic(l.hub, "number", "number:{id}", func(_ context.Context, s *chanx.Subscription) (*listener, error) {
		p, err := chanx.Bind[numberParams](s)
		return &listener{Subscription: s, lab: l, user: strings.Repeat("i", p.ID)}, err
	}, nil)
	chanx.Params[numberParams](t.number)
	chanx.Reply(t.number, (*listener).ping)
	chanx.Forward[note](t.number)
	chanx.Topics(l, t.room, t.log, t.tape, t.ledger, t.people, t.number)
}

type numberParams struct {
	ID int `topic:"id" minimum:"1" maximum:"20"`
}

func registerRoom(r *chanx.Topic[*listener]) {
	chanx.Reply(r, (*listener).ping)
	chanx.Reply(r, (*listener).echo)
	chanx.On(r, (*listener).say, chanx.Sends[said]())
	chanx.On(r, (*listener).fail)
	chanx.Stream(r, (*listener).count)
	chanx.Reply(r, (*listener).later, chanx.Concurrent())
	chanx.On(r, (*listener).quit)
	chanx.Forward[note](r)
	chanx.MapEvent(r, (*listener).alarm)
	chanx.OnEvent(r, (*listener).hush)
	chanx.OnOpen(r, (*listener).joined)
	chanx.OnClose(r, (*listener).left)
}

// listen lets everybody in but into rooms whose name says how it fails.
func (l *lab) listen(ctx context.Context, s *chanx.Subscription) (*listener, error) {
	c, _ := chanx.State[*client](s.Conn())
	who := &listener{Subscription: s, lab: l}
	if c != nil {
		who.user, who.as = c.user, c.as
	}
	switch room := s.Param("room"); room {
	case "secret":
		_ = s.Send(ctx, said{"nobody may see this"})
		return nil, chanx.Errorf(chanx.Unauthorized, "you may not listen here")
	case "full", "panic", "hidden":
		return nil, failure(map[string]string{"full": "application"}[room] + map[string]string{"panic": room, "hidden": room}[room])
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case "welcoming":
		return who, s.Send(ctx, said{"welcome"})
	}
	return who, nil
}

func (s *listener) member() (key string, info person) {
	who := cmp.Or(s.user, "nobody")
	return who, person{cmp.Or(s.as, strings.ToUpper(who))}
}

func (s *listener) ping(context.Context, ping) (pong, error) { return pong{}, nil }

func (s *listener) echo(_ context.Context, m echo) (echoed, error) {
	return echoed{s.Topic() + " " + m.Text, m.N}, nil
}

func (s *listener) say(ctx context.Context, m say) error {
	if m.Others {
		return s.BroadcastOthers(ctx, said{m.Text})
	}
	return s.Broadcast(ctx, said{m.Text})
}

func (s *listener) fail(_ context.Context, m fail) error { return failure(m.How) }

func (s *listener) count(ctx context.Context, m count) iter.Seq2[number, error] {
	return (&client{lab: s.lab}).count(ctx, m)
}

func (s *listener) later(_ context.Context, m later) (number, error) {
	<-time.After(time.Duration(m.After) * time.Millisecond)
	return number{m.After}, nil
}

func (s *listener) quit(context.Context, quit) error {
	s.Unsubscribe()
	return nil
}

func (s *listener) alarm(_ context.Context, e alarm) (notice, error) {
	if err := failure(e.How); err != nil {
		return notice{}, err
	}
	return notice{s.Topic() + strings.Repeat("!", e.Level)}, nil
}

func (s *listener) hush(context.Context, hush) error {
	s.lab.journal.add("hush on " + s.Topic())
	return nil
}

func (s *listener) joined(ctx context.Context) error {
	s.lab.journal.add("joined " + s.Topic())
	if s.Param("room") == "polite" {
		return errors.Join(s.Send(ctx, said{"hello"}), s.BroadcastOthers(ctx, said{"somebody has come"}))
	}
	return nil
}

func (s *listener) left(ctx context.Context, how *chanx.CloseError) {
	s.lab.journal.add("left " + s.Topic() + ": " + how.Error())
	if s.Param("room") == "polite" {
		_ = s.Broadcast(ctx, said{"somebody has gone"})
	}
}

// publish publishes JSON to a group, or to a topic that is given as NAME@TOPIC.
func (l *lab) publish(ctx context.Context, where, action, payload string) error {
	name, topic, ok := strings.Cut(where, "@")
	if !ok {
		return l.PublishJSON(ctx, action, []byte(payload), where)
	}
	return l.topic(name).PublishJSON(ctx, action, []byte(payload), topic)
}

func (l *lab) topic(name string) *chanx.Topic[*listener] {
	t := &l.topics
	for _, topic := range []*chanx.Topic[*listener]{t.room, t.log, t.tape, t.ledger, t.people} {
		if topic.Name() == name {
			return topic
		}
	}
	panic("no topic " + name)
}
