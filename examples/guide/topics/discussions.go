package topics

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
)

// User is who the login has found out.
type User struct {
	ID, Name string
	Reads    map[int]bool // discussions
}

// Service has what subscriptions need.
type Service struct {
	Discussions *chanx.Topic[*Discussion]
	Readers     *chanx.Presence[Reader]
	Inboxes     *chanx.Topic[*chanx.Subscription]
	Prices      *chanx.Topic[*chanx.Subscription]

	saved atomic.Int64
}

// DiscussionParams are the parameters of the pattern.
type DiscussionParams struct {
	ID int `topic:"id" minimum:"1"`
}

// Discussion is one client's subscription to one discussion.
type Discussion struct {
	*chanx.Subscription
	service *Service
	user    User
	id      int
}

// Reader is what others may know of who reads along.
type Reader struct {
	Name string `json:"name"`
}

// NewService makes the topics.
func NewService(hub *chanx.Hub) *Service {
	s := &Service{}
	s.Discussions = s.discussions(hub)
	s.Readers = chanx.TrackPresence(s.Discussions, func(d *Discussion) (string, Reader) {
		return d.user.ID, Reader{Name: d.user.Name}
	}, nil)
	s.Inboxes = inboxes(hub)
	s.Prices = chanx.NewTopic[*chanx.Subscription](hub, "price", "price:{symbol}", nil, nil)
	chanx.Forward[Price](s.Prices)
	return s
}

func (s *Service) discussions(hub *chanx.Hub) *chanx.Topic[*Discussion] {
	discussions := chanx.NewTopic(hub, "discussion", "discussion:{id}", s.openDiscussion, &chanx.TopicOptions{
		History: &chanx.History{Frames: 500, Age: 24 * time.Hour},
	})
	chanx.Params[DiscussionParams](discussions)
	chanx.Reply(discussions, (*Discussion).say)
	chanx.Forward[Said](discussions)
	chanx.OnEvent(discussions, (*Discussion).closed)
	return discussions
}

func (s *Service) openDiscussion(_ context.Context, sub *chanx.Subscription) (*Discussion, error) {
	params, err := chanx.Bind[DiscussionParams](sub)
	if err != nil {
		return nil, err // invalid; says that the id is no number
	}
	user, _ := chanx.Identity[User](sub.Conn())
	if !user.Reads[params.ID] {
		return nil, chanx.Errorf(chanx.Unauthorized, "this discussion is not open to you")
	}
	return &Discussion{sub, s, user, params.ID}, nil
}

func (d *Discussion) say(ctx context.Context, m Say) (Saved, error) {
	id := int(d.service.saved.Add(1))
	event := Said{ID: id, From: d.user.Name, Text: m.Text}
	return Saved{ID: id}, d.service.Discussions.Publish(ctx, event, d.Topic())
}

func (d *Discussion) closed(context.Context, Closed) error {
	d.Unsubscribe() // the client gets "unsubscribed" without a ref
	return nil
}

func inboxes(hub *chanx.Hub) *chanx.Topic[*chanx.Subscription] {
	inboxes := chanx.NewTopic(hub, "inbox", "inbox:{user}", openInbox, nil)
	chanx.Forward[Mail](inboxes)
	chanx.OnOpen(inboxes, joined)
	chanx.OnClose(inboxes, left)
	chanx.Outgoing[Notice](inboxes)
	return inboxes
}

func openInbox(_ context.Context, sub *chanx.Subscription) (*chanx.Subscription, error) {
	if user, ok := chanx.Identity[User](sub.Conn()); !ok || user.ID != sub.Param("user") {
		return nil, chanx.Errorf(chanx.Unauthorized, "this is not your inbox")
	}
	return sub, nil
}

func joined(sub *chanx.Subscription, ctx context.Context) error {
	return sub.BroadcastOthers(ctx, Notice{Text: "you are here with another device too"})
}

func left(sub *chanx.Subscription, ctx context.Context, how *chanx.CloseError) {
	if how.Code == chanx.CloseUnsubscribed {
		return // the connection goes on
	}
	_ = sub.Broadcast(ctx, Notice{Text: "another device has gone"})
}

// Routes mounts all topics on one connection, and discussions on a route of
// their own.
func (s *Service) Routes(hub *chanx.Hub, mux *http.ServeMux, identity func(*http.Request) (any, error)) {
	opts := &chanxchi.Options{Identity: identity}
	live := chanx.NewConsumer[*chanx.Conn](hub, "live", nil, nil)
	chanx.Topics(live, s.Discussions, s.Inboxes, s.Prices)
	chanxchi.Handle(mux, "/live", live, opts)
	chanxchi.Handle(mux, "/discussions/{id}", s.Discussions.Alone(nil), opts)
}

// Welcome publishes from anywhere in the program.
func (s *Service) Welcome(ctx context.Context, user User, discussion int) error {
	if err := s.Inboxes.Publish(ctx, Mail{From: "us"}, "inbox:"+user.ID); err != nil {
		return err
	}
	event := Said{From: "us", Text: "Welcome, " + user.Name}
	return s.Discussions.PublishParams(ctx, event, discussion) // to "discussion:5"
}

// Tick tells a price, and which one it is.
func (s *Service) Tick(ctx context.Context, cents int, count uint64) error {
	return s.Prices.Publish(ctx, chanx.WithSeq(Price{Cents: cents}, count), "price:GOLD")
}

// Audience counts who reads a discussion, whatever process they are connected to.
func (s *Service) Audience(ctx context.Context, topic string) (int, error) {
	readers, err := s.Readers.Members(ctx, topic) // such as "discussion:5"
	if err != nil {
		return 0, err
	}
	return len(readers), nil
}
