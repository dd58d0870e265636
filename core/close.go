package chanx

import (
	"errors"
	"fmt"
)

// CloseCode says why a connection ended. From 4000 to 4499 a client may
// reconnect, from 4500 to 4999 it must not.
type CloseCode int

// The close codes that the framework uses.
const (
	CloseNormal          CloseCode = 1000 // done
	CloseGoingAway       CloseCode = 1001 // the page or the server goes away
	CloseProtocolError   CloseCode = 1002 // the peer broke RFC 6455
	CloseUnsupportedData CloseCode = 1003 // a binary message where none is declared
	CloseNoStatus        CloseCode = 1005 // never sent: the peer's close frame had no code
	CloseAbnormal        CloseCode = 1006 // never sent: the connection broke
	ClosePolicy          CloseCode = 1008 // origin or policy
	CloseTooLarge        CloseCode = 1009 // a message beyond the limit
	CloseInternal        CloseCode = 1011 // the server failed
	CloseRestart         CloseCode = 1012 // the server restarts; the reason says when to come back
	CloseOverloaded      CloseCode = 1013 // try again later
	CloseTimeout         CloseCode = 4408 // no pong, or idle too long
	CloseTooSlow         CloseCode = 4409 // too slow to read what was queued for it
	CloseExpired         CloseCode = 4410 // credentials expired: refresh, then reconnect
	CloseUnauthenticated CloseCode = 4501 // it is not known who the client is
	CloseForbidden       CloseCode = 4503 // it is known, and may not

	CloseUnsubscribed CloseCode = 999 // never sent: a subscription has ended, and its connection goes on
)

// CloseError is how a connection ended. [Socket.Serve] returns one, [OnClose]
// handlers get it, and it is the cause of the connection's cancelled context.
type CloseError struct {
	Code   CloseCode
	Reason string
	Remote bool  // the client closed the connection
	Err    error // what went wrong underneath, or nil
}

// Error names code, reason and cause.
func (e *CloseError) Error() string {
	s := fmt.Sprintf("connection closed with %d", e.Code)
	if e.Code == CloseUnsubscribed {
		s = "unsubscribed"
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *CloseError) Unwrap() error { return e.Err }

// ErrClosed is returned for what can't be done on a connection that is closing or
// has ended.
var ErrClosed = errors.New("chanx: closed")
