package app

import (
	"context"
	"errors"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/golang-jwt/jwt/v5"
)

// Secret signs the JSON Web Tokens that [App.Private] asks for, with HS256. It is
// no secret at all: whoever tries the showcase can make a token with it.
const Secret = "showcase"

// User is who a token was made out to.
type User struct{ Subject string }

// Holder returns whose a token is that has been verified: a [User], until the token
// expires. The error, which is [chanx.Unauthenticated], says what the token lacks.
func Holder(subject string, expires time.Time) (any, error) {
	switch {
	case subject == "":
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token does not say whose it is")
	case expires.IsZero():
		return nil, chanx.Errorf(chanx.Unauthenticated, "the token does not say when it expires")
	}
	return chanx.Credential{Identity: User{Subject: subject}, Subject: subject, Expires: expires}, nil
}

// HolderOf is [Holder] for claims as golang-jwt has them.
func HolderOf(claims jwt.Claims) (any, error) {
	subject, _ := claims.GetSubject() // "" where it is no text
	var end time.Time
	if expires, err := claims.GetExpirationTime(); err == nil && expires != nil {
		end = expires.Time
	}
	return Holder(subject, end)
}

// verify returns whose a token is that comes on the live connection, and insists on
// what the middleware of each framework insists on in the handshake.
func verify(_ context.Context, token string) (any, error) {
	key := func(*jwt.Token) (any, error) { return []byte(Secret), nil }
	verified, err := jwt.Parse(token, key, jwt.WithValidMethods([]string{"HS256"}))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return nil, chanx.ErrExpired
	}
	if err != nil {
		return nil, err
	}
	return HolderOf(verified.Claims)
}
