// Package auth is the code of docs/authentication.md.
package auth

import (
	"context"
	"errors"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/go-chi/chi/v5"
	"github.com/golang-jwt/jwt/v5"
)

// User is who a client is.
type User struct {
	Name  string
	Admin bool
}

// Claims are what a token says.
type Claims struct {
	jwt.RegisteredClaims
	Admin bool `json:"admin"`
}

// Tokens verifies JSON Web Tokens.
type Tokens struct{ Key []byte }

// Verify returns whose token it is, and how long it is good.
func (t *Tokens) Verify(_ context.Context, token string) (any, error) {
	var claims Claims
	key := func(*jwt.Token) (any, error) { return t.Key, nil }
	_, err := jwt.ParseWithClaims(token, &claims, key, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if errors.Is(err, jwt.ErrTokenExpired) {
		return nil, chanx.ErrExpired
	}
	if err != nil {
		return nil, err // logged at debug level; the client is told that the token is not valid
	}
	return chanx.Credential{
		Identity: User{Name: claims.Subject, Admin: claims.Admin},
		Subject:  claims.Subject,
		Expires:  claims.ExpiresAt.Time,
	}, nil
}

// Remove deletes an order.
type Remove struct {
	ID int `json:"id" minimum:"1"`
}

// Action names the message on the wire.
func (Remove) Action() string { return "remove" }

// Removed says that an order is gone.
type Removed struct {
	ID int `json:"id"`
}

// Action names the message on the wire.
func (Removed) Action() string { return "removed" }

// Desk is one client that is known.
type Desk struct{ *chanx.Conn }

func openDesk(ctx context.Context, conn *chanx.Conn) (*Desk, error) {
	user, ok := chanx.Identity[User](conn)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	return &Desk{conn}, conn.Join(ctx, "user:"+user.Name)
}

// remove asks who the client is now: a refresh may have brought other rights.
func (d *Desk) remove(_ context.Context, m Remove) (Removed, error) {
	if user, _ := chanx.Identity[User](d.Conn); !user.Admin {
		return Removed{}, chanx.Errorf(chanx.Forbidden, "only admins remove orders")
	}
	return Removed(m), nil
}

// NewDesk makes a consumer for clients that bring a token.
func NewDesk(hub *chanx.Hub, tokens *Tokens) *chanx.Consumer[*Desk] {
	desk := chanx.NewConsumer(hub, "desk", openDesk, &chanx.ConsumerOptions{
		Authenticator: &chanx.Authenticator{Verify: tokens.Verify, Cookie: "token"},
	})
	chanx.Reply(desk, (*Desk).remove)
	return desk
}

// sessionKey is where the login middleware leaves the session.
type sessionKey struct{}

// Router mounts a desk behind the application's own middleware.
func Router(desk *chanx.Consumer[*Desk], login func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(login)
	chanxchi.Handle(r, "/desk", desk, &chanxchi.Options{Identity: identity})
	return r
}

// identity is what the middleware has found out, in the framework's words.
func identity(r *http.Request) (any, error) {
	session, ok := r.Context().Value(sessionKey{}).(*Session)
	if !ok {
		return nil, nil // nobody: the authenticator is asked
	}
	return chanx.Credential{Identity: session.User, Subject: session.User.Name, Expires: session.Expires}, nil
}
