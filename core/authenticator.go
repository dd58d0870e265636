package chanx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Authenticator finds out who a client is from a token, for applications that have
// no middleware for that: see [ConsumerOptions]. It is asked where the adapter's
// Identity option finds nobody. A handshake may bring the token
//
//   - in a header,
//   - as a subprotocol "bearer.<token>", which is how a browser can send one; the
//     answer names it as the subprotocol unless the consumer accepts another one
//     that is offered,
//   - in a cookie, which counts only without an Origin header, on pages of the
//     request's own host, and on those that Origins name otherwise than by "*" or
//     "null", since a browser sends cookies from every page,
//   - in the query, where logs of proxies may keep it.
//
// The first token that is found, in this order, is the one that counts. A token is
// text of at most 16 KiB. A refusal because of it is [Unauthenticated], with the
// header WWW-Authenticate.
//
// A client can bring a new token on the live connection, before the old one
// expires, by a frame "authentication": see [Credential]. The token is given to
// Verify, with the client's other messages held back meanwhile, and what that
// returns takes the place of what was known of the client. That is so for clients
// whom the adapter's Identity option has found, too.
type Authenticator struct {
	// Verify returns whose token it is: what [Identity] gives, or a [Credential]
	// where it expires or has a subject. nil is nobody, and refuses the token.
	//
	// An [*Error] is what the client is told; for a token that has expired there is
	// [ErrExpired]. Any other error refuses the token as not valid and is logged at
	// debug level, without the token; one that comes of a deadline is [Unavailable]
	// in place of that, and a warning. The context ends after
	// [Limits].HandshakeTimeout and has the values of the handshake's.
	//
	// Verify is called from many goroutines at once. It must not be nil.
	Verify func(ctx context.Context, token string) (any, error)
	// Header is the header that the token is in: "Authorization" by default, where
	// it has the scheme Bearer in front. Any other has the token as its whole value.
	Header string
	// Cookie is the name of the cookie that the token may be in; "" for none.
	Cookie string
	// Query is the name of the parameter that the token may be in; "" for none.
	Query string
	// Optional lets in who brings no token, as nobody. By default that is refused.
	Optional bool
}

const (
	bearerProtocol = "bearer." // what a token has in front as a subprotocol
	maxToken       = 16 << 10
)

// mustBeValid panics with what is wrong with an authenticator.
func (a *Authenticator) mustBeValid(consumer string) {
	if a.Verify == nil {
		panic(fmt.Sprintf("chanx: consumer %q: the authenticator needs Verify", consumer))
	}
	for _, name := range []string{a.Header, a.Cookie} {
		if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }) {
			panic(fmt.Sprintf("chanx: consumer %q: the authenticator reads a header or a cookie %q, which can't be called so", consumer, name))
		}
	}
}

// token returns the token that a handshake brings. The error says that it brings
// none.
func (a *Authenticator) token(r *http.Request, origins []string) (string, error) {
	token := a.inHeader(r)
	if token == "" {
		token = OfferedToken(r.Header.Values("Sec-WebSocket-Protocol")...)
	}
	foreign := false
	if token == "" && a.Cookie != "" {
		if cookie, err := r.Cookie(a.Cookie); err == nil && cookie.Value != "" {
			if foreign = !ownPage(r, origins); !foreign {
				token = cookie.Value
			}
		}
	}
	if token == "" && a.Query != "" {
		token = r.URL.Query().Get(a.Query)
	}
	switch {
	case token != "":
		return strings.Clone(token), nil
	case foreign:
		return "", Errorf(Unauthenticated, "a token is needed, and the cookie does not count on pages of %q", r.Header.Get("Origin"))
	}
	return "", Errorf(Unauthenticated, "a token is needed")
}

// OfferedToken returns the token that a client offers as a subprotocol
// "bearer.<token>", which is how a browser can send one, from the values of the
// handshake's header Sec-WebSocket-Protocol; "" where it offers none. It is for
// telling middleware where to look; an [Authenticator] looks there by itself. The
// consumer has to accept the subprotocol: "bearer.*" in
// [ConsumerOptions].Subprotocols.
func OfferedToken(values ...string) string {
	for _, protocol := range protocols(values) {
		if token, ok := strings.CutPrefix(protocol, bearerProtocol); ok && token != "" {
			return token
		}
	}
	return ""
}

const standardHeader = "Authorization"

// header is the canonical name of the header that the token is in.
func (a *Authenticator) header() string {
	return http.CanonicalHeaderKey(cmp.Or(a.Header, standardHeader))
}

// inHeader returns the token in the header, "" where there is none.
func (a *Authenticator) inHeader(r *http.Request) string {
	name := a.header()
	value := strings.TrimSpace(r.Header.Get(name))
	if name != standardHeader {
		return value
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// ownPage reports whether a request comes from no browser, or from a page that the
// application knows. Every page can come from "null".
func ownPage(r *http.Request, origins []string) bool {
	named := slices.DeleteFunc(slices.Clone(origins), func(o string) bool { return o == "*" || o == "null" })
	return checkOrigin(r, named) == nil
}

// checkToken says what is wrong with a token that nobody needs to look at.
func checkToken(token string) error {
	switch {
	case len(token) > maxToken:
		return Errorf(Unauthenticated, "the token is longer than %d bytes", maxToken)
	case !utf8.ValidString(token) || strings.ContainsFunc(token, unicode.IsControl):
		return Errorf(Unauthenticated, "the token is not text")
	}
	return nil
}

// identify finds out who the client is.
func (c *Conn) identify(ctx context.Context, h *Handshake) error {
	var found any
	var err error
	if h.Identify != nil {
		if found, err = h.Identify(); err != nil {
			return err
		}
	}
	credential := credentialOf(found)
	if credential == nil && c.consumer.authenticator != nil {
		credential, err = c.authenticate(ctx, h.Request)
	}
	if err == nil && credential.expired() {
		err = ErrExpired
	}
	if err == nil {
		c.credential.Store(credential)
	}
	return err
}

// authenticate asks the consumer's authenticator. nil is nobody.
func (c *Conn) authenticate(ctx context.Context, r *http.Request) (*Credential, error) {
	a := c.consumer.authenticator
	token, err := a.token(r, c.consumer.origins())
	if err != nil {
		if a.Optional {
			err = nil
		}
		return nil, challenged(err, "Bearer")
	}
	credential, err := c.verify(ctx, token)
	return credential, challenged(err, `Bearer error="invalid_token"`)
}

// verify asks whose token it is, which is never nobody's without an error.
func (c *Conn) verify(ctx context.Context, token string) (*Credential, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	var found any
	err := contain(func() (err error) {
		found, err = c.consumer.authenticator.Verify(ctx, token)
		return err
	})
	credential := credentialOf(found)
	switch {
	case err != nil:
		return nil, c.unverified(ctx, token, err)
	case credential == nil:
		return nil, Errorf(Unauthenticated, invalidToken)
	case credential.expired():
		return nil, ErrExpired
	}
	return credential, nil
}

const invalidToken = "the token is not valid"

// unverified is what a client is told of an error of Verify. The text of what is
// logged does not have the token.
func (c *Conn) unverified(ctx context.Context, token string, err error) error {
	if p, ok := errors.AsType[*panicError](err); ok {
		return &panicError{strings.ReplaceAll(fmt.Sprint(p.value), token, hiddenToken), p.stack}
	}
	if e, ok := errors.AsType[*Error](err); ok && !ofPublisher(err, e) {
		return e
	}
	level, refusal := slog.LevelDebug, &Error{Reason: Unauthenticated, Detail: invalidToken}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		level, refusal = slog.LevelWarn, &Error{Reason: Unavailable, Detail: "checking the token took too long"}
	case errors.Is(err, context.Canceled): // as a rule because the client went away
		refusal = &Error{Reason: Unavailable, Detail: "checking the token was given up"}
	}
	if text := err.Error(); strings.Contains(text, token) {
		err = errors.New(strings.ReplaceAll(text, token, hiddenToken))
	}
	refusal.cause = err
	c.hub.log.Log(ctx, level, "chanx: a token was refused", "conn", c.ID(), "consumer", c.consumer.name, "error", err)
	return refusal
}

const hiddenToken = "[token]"

// challenge is the cause of a refusal that says how a client may authenticate.
type challenge struct {
	header string // WWW-Authenticate
	cause  error
}

func (c *challenge) Error() string { return c.cause.Error() }
func (c *challenge) Unwrap() error { return c.cause }

// challenged gives a refusal of somebody unknown a challenge.
func challenged(err error, header string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Reason != Unauthenticated {
		return err
	}
	refusal := *e
	refusal.cause = &challenge{header, err}
	return &refusal
}
