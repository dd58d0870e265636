package wsconn

import (
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// The close codes that a [CloseError] of this package's own making has.
const (
	codeNoStatus      = 1005
	codeAbnormal      = 1006
	codeProtocolError = 1002
	codeInvalidData   = 1007
	codeTooBig        = 1009
)

// maxReason is how many bytes of text a close frame can carry.
const maxReason = 123

// CloseError is how a connection ended, and with which code it is to be closed.
type CloseError struct {
	// Code is the peer's where Remote, 1005 if its close frame had none. Else it
	// is 1002 for frames that break the protocol, 1007 for data that can't be
	// inflated or a close reason that isn't UTF-8, 1009 for a message beyond the
	// limit, and 1006 where no close frame can follow: the peer vanished (Err
	// wraps io.EOF or the socket's error) or Close was called (net.ErrClosed).
	Code   int
	Reason string // at most 123 bytes, fit for a close frame
	Remote bool   // the peer sent a close frame
	Err    error  // the cause; nil where Remote
}

func (e *CloseError) Error() string {
	s := "websocket closed with " + strconv.Itoa(e.Code)
	if e.Remote {
		s = "websocket closed by the peer with " + strconv.Itoa(e.Code)
	}
	if e.Reason != "" {
		s += " " + strconv.Quote(e.Reason)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *CloseError) Unwrap() error { return e.Err }

// fault says what an error of the parser, or of reading on its behalf, means for
// the connection.
func (c *Conn) fault(err error) error {
	if c.closed.Load() {
		return &CloseError{Code: codeAbnormal, Err: net.ErrClosed}
	}
	if lost := c.in.err; lost != nil {
		if errors.Is(lost, os.ErrDeadlineExceeded) { // the library's patience with a control frame, see tap.Close
			return &CloseError{Code: codeProtocolError, Reason: "control frame not completed in time", Err: err}
		}
		return &CloseError{Code: codeAbnormal, Err: fmt.Errorf("connection lost: %w", lost)}
	}
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		if !utf8.ValidString(ce.Reason) {
			return &CloseError{Code: codeInvalidData, Reason: "close reason is not UTF-8", Err: err}
		}
		return &CloseError{Code: int(ce.Code), Reason: ce.Reason, Remote: true}
	}
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return &CloseError{Code: codeTooBig, Reason: "message larger than " + strconv.FormatInt(c.limit, 10) + " bytes", Err: err}
	}
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return &CloseError{Code: codeInvalidData, Reason: "data can't be inflated", Err: err}
	}
	return &CloseError{Code: codeProtocolError, Reason: innermost(err), Err: err}
}

// silent says that the peer sends nothing more after an end with err.
func silent(err error) bool {
	ce, ok := errors.AsType[*CloseError](err)
	return ok && (ce.Remote || errors.Is(ce.Err, io.EOF))
}

// innermost is the text of the first cause, cut to what a close frame carries.
func innermost(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	s := err.Error()
	if len(s) > maxReason {
		s = s[:maxReason]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}
