package chanxecho

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/labstack/echo/v4"
)

// writer is what a handshake is served on: the response as it is when the handler
// starts. Behind a Timeout that has passed, echo's own would be another request's.
type writer struct {
	http.ResponseWriter
	response *echo.Response
	request  *http.Request
}

// Unwrap is for messages that say which middleware is in the way.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection, and tells echo of the 101 that follows.
func (w *writer) Hijack() (nc net.Conn, brw *bufio.ReadWriter, err error) {
	if err := w.request.Context().Err(); errors.Is(err, context.DeadlineExceeded) { // somebody may have answered
		return nil, nil, err
	}
	nc, brw, err = http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if v := recover(); v != nil {
			_ = nc.Close()
			err = fmt.Errorf("a function of echo's Response.Before panicked: %v", v)
		}
	}()
	settle(w.response, spent{w.Header()})
	return nc, brw, nil
}

// settle marks every response that middleware may know, one inside the other, as
// answered with 101, so that logs say so and error handlers keep off.
func settle(w http.ResponseWriter, rest spent) {
	for w != nil {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		inner := u.Unwrap()
		if r, ok := w.(*echo.Response); ok {
			commit(r, rest)
		}
		w = inner
	}
}

// commit is WriteHeader with 101 but for the writing: what waits for an answer with
// Response.Before is done, and may set cookies.
func commit(r *echo.Response, rest spent) {
	defer func() { r.Status, r.Committed = http.StatusSwitchingProtocols, true }()
	r.Writer = rest
	r.WriteHeader(http.StatusSwitchingProtocols)
}

// spent is what is left of a response once its connection is a socket: it drops
// what is written all the same.
type spent struct{ header http.Header }

func (s spent) Header() http.Header         { return s.header }
func (s spent) WriteHeader(int)             {}
func (s spent) Write(p []byte) (int, error) { return len(p), nil }
func (s spent) Flush()                      {}

// refusal is the error that has echo's error handler answer a handshake that is
// refused with err. The headers of the answer are set already.
func refusal(h http.Header, err error) *echo.HTTPError {
	status, header, body := chanx.Refusal(err)
	header.Del(echo.HeaderContentType) // the error handler's to say
	maps.Copy(h, header)
	he := &echo.HTTPError{Code: status, Message: strings.TrimSpace(string(body)), Internal: err}
	if e, ok := errors.AsType[*chanx.Error](err); ok {
		he.Message = message{e, body}
	}
	return he
}

// message is an [*chanx.Error] of which echo makes the JSON that clients get
// everywhere: of another error it would make its text.
type message struct {
	err  *chanx.Error
	json []byte
}

func (m message) Error() string { return m.err.Error() }

// MarshalJSON returns what [chanx.Refusal] has.
func (m message) MarshalJSON() ([]byte, error) { return m.json, nil }

// ownError returns the error of echo's that an identity is refused with, or nil.
func ownError(err error) *echo.HTTPError {
	if _, ok := errors.AsType[*chanx.Error](err); ok {
		return nil
	}
	own, _ := errors.AsType[*echo.HTTPError](err)
	return own
}

// reasoned is err in chanx's words where own, the error of echo's in it, says who
// may not connect. A consumer that announces its authentication tells the client.
func reasoned(own *echo.HTTPError, err error) error {
	switch {
	case own == nil:
	case own.Code == http.StatusUnauthorized:
		return chanx.Errorf(chanx.Unauthenticated, "%v", own.Message)
	case own.Code == http.StatusForbidden:
		return chanx.Errorf(chanx.Forbidden, "%v", own.Message)
	}
	return err
}
