package chanxchi_test

import (
	"bytes"
	"errors"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

type wrapper = func(http.Handler) http.Handler

// tagged leaves a value in the request's context.
func tagged(tag string) wrapper { return middleware.WithValue(tagKey{}, tag) }

func plain(t *testing.T, h http.Handler, method, target string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w.Code
}

// behind mounts answered clients on chi behind a middleware.
func behind(hub *chanx.Hub, mw ...wrapper) chi.Router {
	r := chi.NewRouter()
	r.Use(mw...)
	chanxchi.Handle(r, "/ws", peers(hub, "peers"), nil)
	return r
}

// Several loggers, with something that wraps the writer in between, say what the
// client saw: neither 000 nor 200.
func TestLogger(t *testing.T) {
	inBubble(t, func(t *testing.T, hub *chanx.Hub) {
		var out bytes.Buffer
		logger := middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(&out, "", 0), NoColor: true})
		r := behind(hub, logger, middleware.Compress(5), logger)
		asked(t, r, "/ws")
		synctest.Wait() // for the logger to have written
		if got := strings.Count(out.String(), " - 101 "); got != 2 {
			t.Errorf("the log has 101 %d times:\n%s", got, out.String())
		}
		out.Reset()
		plain(t, r, http.MethodGet, "/ws")
		if got := strings.Count(out.String(), " - 426 "); got != 2 {
			t.Errorf("the log has 426 %d times:\n%s", got, out.String())
		}
	})
}

// The program's own page has the status and the headers of the refusal.
func TestErrorHandler(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		header string
		body   string
	}{
		"unavailable": {chanx.Errorf(chanx.Unavailable, "come back later"), http.StatusServiceUnavailable, "Retry-After", "no: unavailable: come back later"},
		"a failure":   {errors.New("the database is at 10.0.0.1"), http.StatusInternalServerError, "Cache-Control", "no: internal: the server failed"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, hub *chanx.Hub) {
				r := chi.NewRouter()
				chanxchi.Handle(r, "/ws", peers(hub, "peers"), &chanxchi.Options{
					Identity: func(*http.Request) (any, error) { return nil, c.err },
					ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
						status, _, _ := chanx.Refusal(err)
						http.Error(w, "no: "+err.Error(), status)
						if r.URL.Path != "/ws" {
							t.Errorf("the request is of %s", r.URL)
						}
					},
				})
				refusal := chanxtest.Refused(t, r, "/ws", c.status, nil)
				if strings.TrimSpace(refusal.Body) != c.body || refusal.Header.Get(c.header) == "" {
					t.Errorf("the refusal is %v %s", refusal.Header, refusal.Body)
				}
			})
		})
	}
}
