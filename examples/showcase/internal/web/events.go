package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// eventBytes is the size of the largest event that is taken.
const eventBytes = 64 << 10

// event is the body of a request that publishes one.
type event struct {
	Action  string          `json:"action"`
	Payload json.RawMessage `json:"payload"`
}

// events publishes an event to a group, as any part of a program can that is not
// itself a connection.
func events(a *app.App) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e, err := readEvent(http.MaxBytesReader(w, r.Body, eventBytes))
		if err == nil {
			err = a.Publish(r.Context(), r.PathValue("group"), e.Action, e.Payload)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

func readEvent(body io.Reader) (event, error) {
	var e event
	text, err := io.ReadAll(body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return e, chanx.Errorf(chanx.TooLarge, "an event has %d bytes at most", tooLarge.Limit)
	}
	if err != nil {
		return e, chanx.Errorf(chanx.Malformed, "the body could not be read")
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, chanx.Errorf(chanx.Malformed, "the body must be a JSON object with an action: %w", err)
	}
	if e.Action == "" {
		return e, chanx.Errorf(chanx.Malformed, "the body has no action")
	}
	return e, nil
}

// refuse answers with an error as a client of a socket would get it. An event
// that can't be published is well-formed but can't be processed: 422.
func refuse(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*chanx.Error](err)
	if !ok {
		e = &chanx.Error{Reason: chanx.Unavailable, Detail: "try again later"}
	}
	status := e.Status()
	if e.Reason == chanx.Invalid || e.Reason == chanx.UnknownAction {
		status = http.StatusUnprocessableEntity
	}
	answer(w, status, e)
}
