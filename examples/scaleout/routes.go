package main

import (
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
)

//go:embed page
var page embed.FS

// routes serves the page and the clients of an app process:
//
//	GET /              the page
//	GET /page/{file}   what belongs to it
//	GET /config.json   which processes there are
//	GET /healthz       how this one is, for the pages of the others too
//	GET /ws?user=NAME  a client
func routes(d *desk, o options) http.Handler {
	config, err := json.Marshal(map[string]any{"self": o.name, "peers": o.peers, "control": o.control})
	if err != nil {
		panic(err) // texts only
	}
	mux := http.NewServeMux()
	files := http.FileServerFS(page)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, "page/index.html")
	})
	mux.Handle("GET /page/{file}", files)
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(config)
	})
	mux.Handle("GET /healthz", shared(o, d.hub.HealthHandler()))
	chanxchi.Handle(mux, "GET /ws", d.seats, &chanxchi.Options{Identity: userOf})
	return secure(o, mux)
}

// userOf believes a client who it is; an application has middleware for that.
func userOf(r *http.Request) (any, error) { return User(r.URL.Query().Get("user")), nil }

// secure lets the page load its own files, and talk to the processes and to their
// supervisor: nothing inline, and no other host.
func secure(o options, next http.Handler) http.Handler {
	talk := []string{"connect-src", "'self'"}
	for _, url := range urls(o.peers) {
		talk = append(talk, url, "ws"+strings.TrimPrefix(url, "http"))
	}
	if o.control != "" {
		talk = append(talk, o.control)
	}
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " + strings.Join(talk, " ") +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// shared lets the pages of the other processes read an answer.
func shared(o options, next http.Handler) http.Handler {
	origins := urls(o.peers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); slices.Contains(origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		next.ServeHTTP(w, r)
	})
}
