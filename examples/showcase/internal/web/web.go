// Package web is what the showcase serves beside its sockets: a page to try them
// in a browser, and a few routes of plain HTTP. It needs no web framework; every
// one can serve it.
package web

import (
	"encoding/json"
	"net/http"

	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// Handler serves
//
//	GET /                the page
//	GET /assets/{file}   what belongs to it
//	GET /routes.json     the sockets, with their messages: what the page is made from
//	GET /healthz         how the hub and its layer are: 200 until the program ends
//	GET /token?sub=NAME  a token for the private socket
//	POST /events/{group} an event for a group or a topic
//	GET /members/{topic} who is present on a topic
//
// The consumers must have been mounted before the first request.
func Handler(a *app.App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", asset("index.html"))
	mux.Handle("GET /assets/{file}", assets())
	mux.Handle("GET /routes.json", routes(a))
	mux.Handle("GET /healthz", a.Hub.HealthHandler())
	mux.Handle("GET /token", token())
	mux.Handle("POST /events/{group}", events(a))
	mux.Handle("GET /members/{topic}", members(a))
	return secure(http.NewCrossOriginProtection().Handler(mux)) // an event is this page's own to publish, or a program's
}

// policy lets the page load its own files and talk to its own server: nothing
// inline, and no other host.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// answer writes a JSON document that is of this moment only.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone, or the value is ours
}
