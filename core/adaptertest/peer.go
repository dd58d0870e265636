package adaptertest

import (
	"context"
	"errors"

	chanx "github.com/chanx-go/chanx/core"
)

// peer is a client of the suite's consumers.
type peer struct {
	*chanx.Conn

	bound bound
	hooks *hooks
}

// bound is what is bound from a handshake.
type bound struct {
	Query  string `json:"query" query:"q" default:""`
	Header string `json:"header" header:"X-Tag" default:""`
	Cookie string `json:"cookie" cookie:"tag" default:""`
}

// hooks are what a case wants to happen in a consumer. nil: the usual.
type hooks struct {
	options chanx.ConsumerOptions
	open    func(ctx context.Context, conn *chanx.Conn) error
	note    func(ctx context.Context, p *peer, text string) error
	closed  func(p *peer, why *chanx.CloseError)
}

// query asks for what the connection knows of its handshake.
type query struct {
	Params []string `json:"params" required:"false"`
}

func (query) Action() string { return "query" }

// facts are what a connection knows, long after its handshake.
type facts struct {
	User    string            `json:"user"`
	Tag     string            `json:"tag"` // that a middleware left in the request's context
	Values  map[string]string `json:"values"`
	Bound   bound             `json:"bound"`
	Ended   bool              `json:"ended"`   // the connection's context has
	Request bool              `json:"request"` // there is a request
}

func (facts) Action() string { return "facts" }

// say is what a client says, which everybody hears.
type say struct {
	Text string `json:"text"`
}

func (say) Action() string { return "say" }

// said is what everybody hears.
type said struct {
	Text string `json:"text"`
}

func (said) Action() string { return "said" }

// echo is answered with the same.
type echo struct {
	Text string `json:"text"`
}

func (echo) Action() string { return "echo" }

// note is what a case's hook handles.
type note struct {
	Text string `json:"text"`
}

func (note) Action() string { return "note" }

// noted answers a note.
type noted struct{}

func (noted) Action() string { return "noted" }

// news is an event.
type news struct {
	Text string `json:"text"`
}

func (news) Action() string { return "news" }

// tagKey is the key of the tag in a request's context.
type tagKey struct{}

// everybody is the group of all peers.
const everybody = "everybody"

func (p *peer) Query(ctx context.Context, q query) (facts, error) {
	f := facts{Values: map[string]string{}, Bound: p.bound, Ended: p.Context().Err() != nil, Request: p.Request() != nil}
	f.User, _ = chanx.Identity[string](p.Conn)
	f.Tag, _ = ctx.Value(tagKey{}).(string)
	for _, name := range q.Params {
		f.Values[name] = p.PathValue(name)
	}
	return f, nil
}

func (p *peer) Say(ctx context.Context, m say) error { return p.Broadcast(ctx, said(m), everybody) }

func (p *peer) Echo(_ context.Context, m echo) (echo, error) { return m, nil }

func (p *peer) Note(ctx context.Context, m note) (noted, error) {
	if p.hooks.note == nil {
		return noted{}, errors.New("no note was to come")
	}
	return noted{}, p.hooks.note(ctx, p, m.Text)
}

// peers makes a consumer of peers. h may be nil.
func (s *site) peers(name string, h *hooks) *chanx.Consumer[*peer] {
	if h == nil {
		h = &hooks{}
	}
	c := chanx.NewConsumer(s.hub, name, func(ctx context.Context, conn *chanx.Conn) (*peer, error) {
		p := &peer{Conn: conn, hooks: h}
		var err error
		if p.bound, err = chanx.Bind[bound](conn); err != nil {
			return nil, err
		}
		if h.open != nil {
			if err := h.open(ctx, conn); err != nil {
				return nil, err
			}
		}
		return p, p.Join(ctx, everybody)
	}, &h.options)
	chanx.Params[bound](c)
	chanx.Reply(c, (*peer).Query)
	chanx.On(c, (*peer).Say, chanx.Sends[said]())
	chanx.Reply(c, (*peer).Echo)
	chanx.Reply(c, (*peer).Note)
	chanx.Forward[news](c)
	if h.closed != nil {
		chanx.OnClose(c, func(p *peer, _ context.Context, why *chanx.CloseError) { h.closed(p, why) })
	}
	return c
}

// know asks what a connection knows.
func (c *client) know(params ...string) facts {
	c.Helper()
	if params == nil {
		params = []string{}
	}
	return ask[facts](c, "query", query{params})
}

// echoed fails the test where the connection doesn't work.
func (c *client) echoed(text string) {
	c.Helper()
	if got := ask[echo](c, "echo", echo{text}); got.Text != text {
		c.Fatalf("%q came back as %q", brief(text), brief(got.Text))
	}
}
