package app

import (
	"context"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

// LoungeParams are the parameters of the lounge's address.
type LoungeParams struct {
	Name string `query:"name" required:"false" maxLength:"100" pattern:"^[^:]*$" doc:"Who you are" example:"ada"`
}

const aboutLounge = `Topics with history, and with who is there.

Say who you are with ` + "`name`" + `: who doesn't can't come to a *lobby*. A client that was away asks for
what it has missed with ` + "`recover`" + `.`

// Lounge is one client with a name, however it writes it.
type Lounge struct {
	*chanx.Conn

	Guest
	key    string // what it goes by, "" for who doesn't say
	online *online
	seen   bool // others were told that it is online
}

func newLounge(hub *chanx.Hub, online *online, opts *chanx.ConsumerOptions, topics ...chanx.Subscribable) *chanx.Consumer[*Lounge] {
	lounge := chanx.NewConsumer(hub, "lounge", func(_ context.Context, conn *chanx.Conn) (*Lounge, error) {
		params, err := chanx.Bind[LoungeParams](conn)
		return &Lounge{Conn: conn, Guest: Guest(params), key: strings.ToLower(params.Name), online: online}, err
	}, opts)
	chanx.Params[LoungeParams](lounge)
	withPing(lounge)
	chanx.Topics(lounge, topics...)
	chanx.OnOpen(lounge, (*Lounge).came)
	chanx.OnClose(lounge, (*Lounge).left)
	return lounge
}

func (l *Lounge) came(ctx context.Context) error {
	l.seen = l.key != ""
	if l.seen {
		l.online.came(ctx, l.key, l.ID())
	}
	return nil
}

func (l *Lounge) left(ctx context.Context, _ *chanx.CloseError) {
	if l.seen {
		l.online.left(ctx, l.ID())
	}
}
