package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Secret signs the JSON Web Tokens that [App.Private] asks for, with HS256. It is
// no secret at all: whoever tries the showcase can make a token with it.
const Secret = "showcase"

// TokenPrefix is in front of a token that a client offers as a subprotocol, since
// a browser can't send it in a header.
const TokenPrefix = "bearer."

// User is who a token was made out to.
type User struct{ Subject string }

// WhoAmI asks for the [Identity].
type WhoAmI struct{}

// Action names the message.
func (WhoAmI) Action() string { return "whoami" }

// Identity is who the client is.
type Identity struct {
	Subject string `json:"sub" doc:"Who the token was made out to"`
}

// Action names the message.
func (Identity) Action() string { return "identity" }

// Private is one client that is known.
type Private struct {
	*chanx.Conn

	user User
}

func newPrivate(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Private] {
	opts.Subprotocols = []string{TokenPrefix + "*"}
	private := chanx.NewConsumer(hub, "private", openPrivate, opts)
	withPing(private)
	chanx.Reply(private, (*Private).WhoAmI, chanx.Summary("Ask who the server takes you for"))
	return private
}

// openPrivate relies on the framework's middleware: who has no valid token has
// not come so far.
func openPrivate(_ context.Context, conn *chanx.Conn) (*Private, error) {
	user, ok := chanx.Identity[User](conn)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "bring a token")
	}
	return &Private{conn, user}, nil
}

// WhoAmI answers with the client's identity.
func (p *Private) WhoAmI(context.Context, WhoAmI) (Identity, error) {
	return Identity(p.user), nil
}
