package chanx

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/schema"
)

// Reason is the machine-readable part of an error that a client sees. The
// framework uses the ones below; an application may add its own.
type Reason string

// The reasons of the protocol.
const (
	Malformed          Reason = "malformed"           // not a JSON object, or no action
	UnknownAction      Reason = "unknown_action"      // no handler for the action
	Invalid            Reason = "invalid"             // the payload breaks its schema
	UnknownTopic       Reason = "unknown_topic"       // no topic has that name
	Unauthorized       Reason = "unauthorized"        // this client may not join that topic
	NotSubscribed      Reason = "not_subscribed"      // a frame for a topic that was not joined
	Unauthenticated    Reason = "unauthenticated"     // it is not known who the client is
	Forbidden          Reason = "forbidden"           // it is known, and may not
	NotFound           Reason = "not_found"           // what the message names does not exist
	Conflict           Reason = "conflict"            // the message contradicts the state of things
	RateLimited        Reason = "rate_limited"        // too many messages at once
	TooLarge           Reason = "too_large"           // more than the server takes
	Unavailable        Reason = "unavailable"         // try again later
	UnsupportedVersion Reason = "unsupported_version" // an envelope version other than 1
	Internal           Reason = "internal"            // the server failed; the details are in its log
)

// Violation is one way in which a message breaks its schema. Path is a JSON
// Pointer into the frame, such as "/payload/text".
type Violation = schema.Violation

// Error is the one error type that reaches clients. Every other error that a
// handler returns is logged and reaches the client as [Internal], without its
// text; but one that wraps [layer.ErrUnavailable], as those of publishing do while
// the layer has lost its server, is [Unavailable].
type Error struct {
	Reason     Reason      `json:"reason"`
	Detail     string      `json:"detail"`           // one sentence for a person
	Violations []Violation `json:"errors,omitempty"` // what is wrong, for [Invalid]

	cause error
}

// Errorf makes an error for the client. The formatted text is its detail, which
// the client sees; an error given with %w is kept as the cause and its text is
// part of the detail, so wrap only what a client may read.
func Errorf(reason Reason, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Reason: reason, Detail: err.Error(), cause: errors.Unwrap(err)}
}

// Error returns the reason and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Detail
}

// Unwrap returns the error that was wrapped, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Status returns the HTTP status that says the same as the reason: what a
// handshake that open refuses is answered with.
func (e *Error) Status() int {
	switch e.Reason {
	case Unauthenticated:
		return http.StatusUnauthorized
	case Forbidden, Unauthorized:
		return http.StatusForbidden
	case NotFound, UnknownTopic:
		return http.StatusNotFound
	case Malformed, Invalid, UnknownAction, UnsupportedVersion, NotSubscribed:
		return http.StatusBadRequest
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case RateLimited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	case Internal:
		return http.StatusInternalServerError
	}
	return http.StatusUnprocessableEntity // a reason of the application
}

// asError returns what a client may see of err: the [*Error] in it, or one for
// the violations in it, or [Unavailable] where the layer has lost its server, which
// it says and logs itself, or [Internal] and false.
func asError(err error) (_ *Error, public bool) {
	if e, ok := errors.AsType[*Error](err); ok && !ofPublisher(err, e) {
		return e, true
	}
	if e, ok := errors.AsType[*schema.InvalidError](err); ok {
		return invalid("the message is not valid", e.Violations, ""), true
	}
	if isAway(err) {
		return &Error{Reason: Unavailable, Detail: awayDetail, cause: err}, true
	}
	return &Error{Reason: Internal, Detail: internalDetail, cause: err}, false
}

// publishError is what publishing returns. The [*Error] in it tells the publisher
// what is wrong with an event; the client whose message led to the publishing
// has nothing to do with it, and is told no more than of any other failure.
type publishError struct {
	action string
	err    error
}

func (e *publishError) Error() string {
	return fmt.Sprintf("chanx: publishing %q: %v", e.action, e.err)
}

func (e *publishError) Unwrap() error { return e.err }

// ofPublisher reports whether e stands in err only as a publisher's.
func ofPublisher(err error, e *Error) bool {
	p, ok := errors.AsType[*publishError](err)
	if !ok {
		return false
	}
	inner, ok := errors.AsType[*Error](p.err)
	return ok && inner == e
}

const (
	internalDetail = "the server failed"
	awayDetail     = "this can't be done now: try again later"
)

// isAway reports whether an error is for want of the layer's server.
func isAway(err error) bool { return errors.Is(err, layer.ErrUnavailable) }

// levelOf is the level at which an error is logged: level, but for debugging only where
// it is for want of the layer's server, which the layer has logged once for everybody.
func levelOf(err error, level slog.Level) slog.Level {
	if isAway(err) {
		return slog.LevelDebug
	}
	return level
}

// invalid makes an error of violations whose paths are relative to prefix.
func invalid(detail string, vs []Violation, prefix string) *Error {
	moved := make([]Violation, len(vs))
	for i, v := range vs {
		v.Path = prefix + v.Path
		moved[i] = v
	}
	return &Error{Reason: Invalid, Detail: detail, Violations: moved}
}
