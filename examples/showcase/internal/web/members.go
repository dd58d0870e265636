package web

import (
	"net/http"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// members tells who is present on a topic, as any part of a program can find out.
func members(a *app.App) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guests, err := a.Guests.Members(r.Context(), r.PathValue("topic"))
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, chanx.PresenceState[app.Guest]{Members: guests})
	}
}
