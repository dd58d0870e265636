package chanxecho

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"

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
	u, ok := w.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		return
	}
	inner := u.Unwrap()
	if r, ok := w.(*echo.Response); ok {
		defer func() { r.Status, r.Committed = http.StatusSwitchingProtocols, true }()
		r.Writer = rest
		r.WriteHeader(http.StatusSwitchingProtocols) // for what waits with Response.Before, and may set cookies
	}
	settle(inner, rest)
}

// spent is what is left of a response once its connection is a socket: it drops
// what is written all the same.
type spent struct{ header http.Header }

func (s spent) Header() http.Header         { return s.header }
func (s spent) WriteHeader(int)             {}
func (s spent) Write(p []byte) (int, error) { return len(p), nil }
func (s spent) Flush()                      {}

// refuse has echo's error handler answer a handshake that is refused with err. What
// is no handshake, or can't be upgraded, gets the same line of text everywhere.
func (w *writer) refuse(err error) error {
	e, ok := errors.AsType[*chanx.Error](err)
	if !ok && w.request.Context().Err() == nil { // else the response may be another's
		chanx.Refuse(w.response, err)
		return nil
	}
	status, header, body := chanx.Refusal(err)
	if !ok {
		return echo.NewHTTPError(status).WithInternal(err)
	}
	header.Del(echo.HeaderContentType) // the error handler's to say
	maps.Copy(w.Header(), header)
	return &echo.HTTPError{Code: status, Message: message{e, body}, Internal: err}
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

// own returns the error of echo's in what an identity is refused with, and err in
// chanx's words where that says who may not connect: a consumer that announces its
// authentication tells the client.
func own(err error) (*echo.HTTPError, error) {
	he, ok := errors.AsType[*echo.HTTPError](err)
	if _, public := errors.AsType[*chanx.Error](err); public || !ok {
		return nil, err
	}
	switch he.Code {
	case http.StatusUnauthorized:
		err = chanx.Errorf(chanx.Unauthenticated, "%v", he.Message)
	case http.StatusForbidden:
		err = chanx.Errorf(chanx.Forbidden, "%v", he.Message)
	}
	return he, err
}
