package chitest

import (
	"bytes"
	"net/http"
)

// buffering holds an answer back until its end, as careless middleware does. Only
// where it unwraps can a connection be taken over.
func buffering(unwraps bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &buffer{header: w.Header(), inner: w}
			if unwraps {
				next.ServeHTTP(struct {
					*buffer
					unwrapper
				}{b, unwrapper{w}}, r)
			} else {
				next.ServeHTTP(b, r)
			}
			b.end()
		})
	}
}

type buffer struct {
	header http.Header
	inner  http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffer) end() {
	if b.status != 0 {
		b.inner.WriteHeader(b.status)
	}
	if b.body.Len() > 0 {
		_, _ = b.inner.Write(b.body.Bytes())
	}
}

type unwrapper struct{ inner http.ResponseWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.inner }
