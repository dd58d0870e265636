// Package chiguide is the code of docs/chi.md.
package chiguide

import (
	"encoding/json"
	"errors"
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"
)

// NewRouter is the whole application.
func NewRouter(hub *chanx.Hub, tokens *jwtauth.JWTAuth) http.Handler {
	readers := notes.NewReaders(hub)

	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer)

	r.Route("/teams/{team:[a-z]+}", func(r chi.Router) {
		r.Use(jwtauth.Verify(tokens, jwtauth.TokenFromHeader, jwtauth.TokenFromCookie, subprotocolToken))
		r.Use(jwtauth.Authenticator(tokens))
		r.Post("/notes", addNote(readers))
		chanxchi.Handle(r, "/live", readers, &chanxchi.Options{Identity: member})
	})

	chanxchi.Docs(r, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return r
}

// NewMux is an application without chi.
func NewMux(hub *chanx.Hub) *http.ServeMux {
	mux := http.NewServeMux()
	chanxchi.Handle(mux, "GET /teams/{team}/live", notes.NewReaders(hub), nil)
	chanxchi.Docs(mux, "/asyncapi", hub, nil)
	return mux
}

// addNote tells everybody who reads a team's notes of a new one.
func addNote(readers *chanx.Consumer[*notes.Reader]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var note notes.Note
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&note); err != nil {
			http.Error(w, "the note is not JSON", http.StatusBadRequest)
			return
		}
		note.By = subject(r)
		err := readers.Publish(r.Context(), note, chi.URLParam(r, "team"))
		if invalid, ok := errors.AsType[*chanx.Error](err); ok {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(invalid.Status())
			_ = json.NewEncoder(w).Encode(invalid)
			return
		}
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}
}
