package asyncapi

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/page"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// Handler serves the document and its page to GET and HEAD: at a path that ends in
// ".json" the document as JSON, at one that ends in ".yaml" the document as YAML,
// and at any other the page, which reads the document at its own path with ".json"
// behind. [Paths] says what to mount. What stands in front of these endings makes
// no difference, so that prefixes may be taken off, by the program or by a proxy.
// opts may be nil.
//
// Answers have an ETag, by which clients ask whether anything has changed, and are
// compressed for clients that accept gzip, unless a middleware has said that it
// does that. The page has a strict Content-Security-Policy.
//
// The document is made at the first request for it, and stays as it is then: mount
// every consumer before the server serves. Only where it has no fixed servers does
// it depend on the request: it names the server that this came to. An error of
// [Generate] is a 500, and is logged with [slog.Default].
//
// The handler is safe for concurrent use. A nil hub panics at once, and so do
// options that are wrong.
func Handler(hub *chanx.Hub, opts *Options) http.Handler {
	if hub == nil {
		panic("chanx: there is no AsyncAPI document without a hub: the one given is nil")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := o.validate(); err != nil {
		panic("chanx: " + err.Error())
	}
	h := &handler{
		options:  o,
		versions: versions{document: sync.OnceValues(func() (*spec.Document, error) { return build(hub, &o) })},
	}
	if !o.NoPage {
		p := o.Page
		if p == nil {
			p = page.Default()
		}
		h.page = newContent("text/html; charset=utf-8", p.HTML)
		h.policy = policyOf(p, o.Servers)
	}
	return h
}

// handler serves one hub's documentation.
type handler struct {
	options  Options
	versions versions
	page     *content // nil without
	policy   string   // of the page
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	// Some routers take no notice of capitals and of a slash at the end.
	switch path := strings.ToLower(strings.TrimSuffix(r.URL.Path, "/")); {
	case strings.HasSuffix(path, ".json"):
		h.serveDocument(w, r, version.asJSON)
	case strings.HasSuffix(path, ".yaml"):
		h.serveDocument(w, r, version.asYAML)
	case h.page == nil:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Security-Policy", h.policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		h.page.serve(w, r)
	}
}

// serveDocument serves the document in a format.
func (h *handler) serveDocument(w http.ResponseWriter, r *http.Request, format func(version) (*content, error)) {
	var at origin
	if h.options.Servers == nil {
		at = originOf(r, h.options.TrustedProxies)
	}
	c, err := format(h.versions.at(at))
	if err != nil {
		slog.ErrorContext(r.Context(), "chanx: no AsyncAPI document", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	c.serve(w, r)
}
