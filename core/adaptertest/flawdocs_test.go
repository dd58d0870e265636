package adaptertest_test

import (
	"compress/gzip"
	"net/http"
	"testing"

	"github.com/chanx-go/chanx/core/adaptertest"
)

// lastLines leaves one line of every header.
func lastLines(h http.Header) {
	for name, lines := range h {
		h[name] = lines[len(lines)-1:]
	}
}

// headerWriter changes the header before it goes out.
type headerWriter struct {
	http.ResponseWriter

	change func(h http.Header)
}

func (w headerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w headerWriter) WriteHeader(status int) {
	w.change(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// written is a flaw of the headers that go out.
func written(change func(h http.Header)) flaw {
	return flaw{wrap: func(_ adaptertest.Options, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(headerWriter{w, change}, r)
		})
	}}
}

// compressing is a writer that compresses whatever comes.
type compressing struct {
	http.ResponseWriter

	zip *gzip.Writer
}

func (w compressing) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Encoding", "gzip")
	w.ResponseWriter.WriteHeader(status)
}

func (w compressing) Write(p []byte) (int, error) { return w.zip.Write(p) }

// compressedTwice has a middleware that compresses for everybody who asks, and
// neither says so nor looks.
func compressedTwice(a *adaptertest.Adapter) {
	a.Middleware = append(a.Middleware, adaptertest.Middleware{Kind: "gzip", Name: "blind", Use: func(_ testing.TB, a adaptertest.App) {
		server := &a.(*flawedApp).server
		next := server.Handler
		server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") == "" {
				next.ServeHTTP(w, r)
				return
			}
			zip := gzip.NewWriter(w)
			defer zip.Close()
			next.ServeHTTP(compressing{w, zip}, r)
		})
	}})
}
