package chanx

import (
	"fmt"
	"reflect"
	"time"
)

// Credential is an identity with what the framework has to know of it. An
// adapter's Identity option, [Handshake].Identify and [Authenticator].Verify may
// return one in place of a plain identity, which never expires and has no subject.
type Credential struct {
	// Identity is what [Identity] gives. Without it, and without a subject, the
	// client is nobody.
	Identity any
	// Subject names the client, as the claim "sub" of a token does. A client can
	// refresh its credentials with others of the same subject only; where neither
	// has one, their identities must be deeply equal.
	Subject string
	// Expires is when the connection is closed with [CloseExpired] if the client
	// has not refreshed its credentials before; never, if it is zero. It happens
	// within a second after that time, and not before. A handshake with credentials
	// that have expired already is refused as [Unauthenticated].
	Expires time.Time
}

// ErrExpired refuses credentials that were good once. It is an [*Error] with the
// reason [Unauthenticated]. Where the consumer announces its authentication the
// client is closed with [CloseExpired], so that it may come back with others.
var ErrExpired error = &Error{Reason: Unauthenticated, Detail: "the credentials have expired"}

// Identity returns what the authentication found out about the client, if it is
// a T: see the adapter's options, and [Authenticator]. After the client has
// refreshed its credentials it is what the new ones say.
func Identity[T any](c *Conn) (T, bool) {
	var nobody T
	credential := c.credential.Load()
	if credential == nil {
		return nobody, false
	}
	v, ok := credential.Identity.(T)
	return v, ok
}

// credentialOf makes a credential of what somebody has found out about a client,
// nil for nobody. A nil pointer is nobody too: most often it comes of a search
// that has found nothing.
func credentialOf(found any) *Credential {
	var c Credential
	switch v := found.(type) {
	case Credential:
		c = v
	case *Credential:
		if v != nil {
			c = *v
		}
	default:
		c.Identity = v
	}
	if v := reflect.ValueOf(c.Identity); v.Kind() == reflect.Pointer && v.IsNil() {
		c.Identity = nil
	}
	if c.Identity == nil && c.Subject == "" {
		return nil
	}
	return &c
}

// left returns for how long the credential is still good, and false for one that
// never expires. nil is good for ever.
func (c *Credential) left() (time.Duration, bool) {
	if c == nil || c.Expires.IsZero() {
		return 0, false
	}
	return time.Until(c.Expires), true
}

func (c *Credential) expired() bool {
	left, expires := c.left()
	return expires && left <= 0
}

// sameClient reports whether two credentials are one client's. nil is nobody's.
func (c *Credential) sameClient(other *Credential) bool {
	switch {
	case c == nil || other == nil:
		return false
	case c.Subject != "" || other.Subject != "":
		return c.Subject == other.Subject
	}
	return reflect.DeepEqual(c.Identity, other.Identity)
}

// incomparable says why no token that is verified as this one was could refresh the
// credentials old, whoever's it is, which is the program's mistake; "" where that is
// not so.
func (c *Credential) incomparable(old *Credential) string {
	if old == nil { // nobody: that is for connecting anew
		return ""
	}
	first, second := reflect.TypeOf(old.Identity), reflect.TypeOf(c.Identity)
	switch {
	case c.Subject != "" && old.Subject == "":
		return "Verify gives a subject, and the adapter's Identity option gave none: return a Credential with one there too"
	case c.Subject == "" && old.Subject != "":
		return "Verify gives no subject, and the credentials that the connection was opened with have one: return a Credential with it"
	case c.Subject == "" && first != second:
		return fmt.Sprintf("Verify gives a %v, and the connection was opened with a %v: return Credentials with the same subject", second, first)
	}
	return ""
}
