package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// status is a process as the page shows it.
type status struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
	PID  int    `json:"pid"` // 0 while it is down
}

// routes serves what the pages ask of the supervisor:
//
//	GET /                          sends a browser to a process that runs
//	GET /processes                 which there are
//	POST /processes/{name}/kill    ends one at once, as a crash does
//	POST /processes/{name}/stop    lets one end by itself
//	POST /processes/{name}/start   starts it again
//	POST /broker/stop, /start      the server of the layer, where it is the supervisor's
//
// It answers the pages of the processes, and programs on this machine: a page of
// another origin is refused, and so is a name that somebody else made point here.
func (s *supervisor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /processes", s.list)
	for action, do := range map[string]func(*http.Request, *child) error{
		"kill":  func(_ *http.Request, c *child) error { c.kill(); return nil },
		"stop":  func(_ *http.Request, c *child) error { c.stop(); return nil },
		"start": func(r *http.Request, c *child) error { return c.start(r.Context()) },
	} {
		mux.HandleFunc("POST /processes/{name}/"+action, func(w http.ResponseWriter, r *http.Request) {
			i := slices.IndexFunc(s.children, func(c *child) bool { return c.name == r.PathValue("name") })
			if i < 0 {
				http.NotFound(w, r)
				return
			}
			s.done(w, r, do(r, s.children[i]))
		})
	}
	if s.broker != nil {
		mux.HandleFunc("POST /broker/stop", func(w http.ResponseWriter, r *http.Request) { s.done(w, r, s.broker.stop()) })
		mux.HandleFunc("POST /broker/start", func(w http.ResponseWriter, r *http.Request) { s.done(w, r, s.broker.start()) })
	}
	return s.guard(mux)
}

// guard refuses who is not of this example.
func (s *supervisor) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, origin := w.Header(), r.Header.Get("Origin")
		ours := origin == s.url || slices.ContainsFunc(s.children, func(c *child) bool { return c.url != "" && c.url == origin })
		if r.Host != strings.TrimPrefix(s.url, "http://") || origin != "" && !ours {
			http.Error(w, "not for other pages", http.StatusForbidden)
			return
		}
		h.Set("Vary", "Origin")
		h.Set("Cache-Control", "no-store")
		if origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		next.ServeHTTP(w, r)
	})
}

// home sends a browser to a page.
func (s *supervisor) home(w http.ResponseWriter, r *http.Request) {
	for _, c := range s.children {
		if c.url != "" && c.pid() != 0 {
			http.Redirect(w, r, c.url, http.StatusTemporaryRedirect)
			return
		}
	}
	http.Error(w, "no process runs", http.StatusServiceUnavailable)
}

func (s *supervisor) list(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Processes []status `json:"processes"`
		Broker    *bool    `json:"broker"` // whether it runs; null where it is somebody else's
	}{Processes: []status{}}
	for _, c := range s.children {
		answer.Processes = append(answer.Processes, status{c.name, c.url, c.pid()})
	}
	if s.broker != nil {
		runs := s.broker.runs()
		answer.Broker = &runs
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the client is gone, or the value is ours
}

// done answers with how everything is then.
func (s *supervisor) done(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.list(w, r)
}
