package asyncapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"sync"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// Handler serves the document at whatever path it is mounted, to GET and HEAD,
// with an ETag by which clients ask whether it has changed. opts may be nil.
//
// The document is made at the first request, and stays as it is then: mount every
// consumer before the server serves. It is safe for concurrent use. A nil hub
// panics at once.
func Handler(hub *chanx.Hub, opts *Options) http.Handler {
	if hub == nil {
		panic("chanx: there is no AsyncAPI document without a hub: the one given is nil")
	}
	type made struct {
		text []byte
		tag  string
	}
	document := sync.OnceValues(func() (made, error) {
		text, err := Generate(hub, opts)
		sum := sha256.Sum256(text)
		return made{text, `"` + hex.EncodeToString(sum[:12]) + `"`}, err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		d, err := document()
		if err != nil {
			slog.ErrorContext(r.Context(), "chanx: no AsyncAPI document", "error", err)
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", d.tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.text))
	})
}
