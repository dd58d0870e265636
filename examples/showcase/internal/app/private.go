package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

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

const aboutPrivate = `Only for who brings a valid JSON Web Token.

1. Get one: ` + "`GET /token?sub=ada`" + `.
2. Bring it as ` + "`Authorization: Bearer …`" + `, or, from a browser, as the subprotocol ` + "`bearer.…`" + `.
3. Before it expires, bring another one of the same subject with ` + "`authentication`" + `: else the
   connection ends with the code **4410**.`

// Private is one client that is known.
type Private struct{ *chanx.Conn }

// newPrivate makes a consumer that stands behind the framework's own middleware:
// the handshake's token is for that to verify. The authenticator is for tokens that
// come later, before the first one expires.
func newPrivate(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Private] {
	opts.Doc.Security = []string{bearerScheme} // which the middleware asks for
	opts.Authenticator = &chanx.Authenticator{Verify: verify}
	private := chanx.NewConsumer(hub, "private", openPrivate, opts)
	withPing(private)
	chanx.Reply(private, (*Private).WhoAmI, chanx.Summary("Ask who the server takes you for"),
		chanx.Examples(WhoAmI{}, Identity{"ada"}))
	return private
}

// openPrivate relies on the framework's middleware: who has no valid token has
// not come so far.
func openPrivate(_ context.Context, conn *chanx.Conn) (*Private, error) {
	if _, ok := chanx.Identity[User](conn); !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "bring a token")
	}
	return &Private{conn}, nil
}

// WhoAmI answers with the client's identity, as the latest token has it.
func (p *Private) WhoAmI(context.Context, WhoAmI) (Identity, error) {
	user, _ := chanx.Identity[User](p.Conn)
	return Identity(user), nil
}
