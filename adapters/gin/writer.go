package chanxgin

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"

	"github.com/gin-gonic/gin"
)

// writer is a context's writer until the connection is taken over. It looks
// beneath gin's own before open runs, and so knows the request's connection from
// others whatever becomes of the context meanwhile.
type writer struct {
	http.ResponseWriter

	c    *gin.Context
	own  []gin.ResponseWriter // gin's; an engine in an engine has its own
	base http.ResponseWriter  // what these were given
}

// servedBy is the key under which a context has its writer.
type servedBy struct{}

func newWriter(c *gin.Context) *writer {
	w := &writer{ResponseWriter: c.Writer, c: c, base: c.Writer}
	for {
		g, ok := w.base.(gin.ResponseWriter)
		if !ok {
			break
		}
		if own, ok := g.(interface{ Unwrap() http.ResponseWriter }); ok {
			w.own, w.base = append(w.own, g), own.Unwrap()
		} else if inner := embedded(g); inner != nil {
			w.base = inner
		} else {
			break
		}
	}
	c.Set(servedBy{}, w)
	return w
}

// over reports whether gin has the context for another request already: there is
// middleware that times out and does not wait for its handlers.
func (w *writer) over() bool {
	now, _ := w.c.Get(servedBy{})
	return now != w
}

// Unwrap is for error messages, which name what is in the way.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection from beneath gin's own writers: these take note of
// an attempt as of an answer, and say 200 if it failed.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch {
	case w.over():
		return nil, nil, errors.New("the request is over: middleware didn't wait for it")
	case w.c.Writer.Written():
		return nil, nil, errors.New("middleware has answered already, and didn't abort")
	}
	nc, brw, err := http.NewResponseController(w.base).Hijack()
	if err == nil {
		for _, own := range slices.Backward(w.own) {
			own.WriteHeader(http.StatusSwitchingProtocols)
			settle(own)
		}
		w.c.Writer = upgraded{w.c.Writer}
	}
	return nc, brw, err
}

// embedded is what middleware has wrapped: it does so by embedding, as gin's
// interface has many methods, and that hides Unwrap. nil if it did otherwise.
func embedded(w gin.ResponseWriter) http.ResponseWriter {
	v := reflect.Indirect(reflect.ValueOf(w))
	if v.Kind() != reflect.Struct {
		return nil
	}
	f := v.FieldByName("ResponseWriter")
	if !f.IsValid() || !f.CanInterface() {
		return nil
	}
	inner, _ := reflect.TypeAssert[http.ResponseWriter](f)
	return inner
}

// settle makes gin's own writer take note that there is nothing to be written any
// more, which hijacking it does, in vain.
func settle(w gin.ResponseWriter) {
	defer func() { _ = recover() }() // gin takes it for granted that what it wraps can be hijacked
	_, _, _ = w.Hijack()             //nolint:dogsled // all of it is in vain
}

// upgraded is a context's writer after that. The answer was 101, and what
// middleware writes behind the handler is dropped: there is nobody to read it.
type upgraded struct{ gin.ResponseWriter }

func (upgraded) Status() int                       { return http.StatusSwitchingProtocols }
func (upgraded) Written() bool                     { return true }
func (upgraded) Size() int                         { return -1 } // no body: gin-contrib/gzip would end one
func (upgraded) WriteHeader(int)                   {}
func (upgraded) WriteHeaderNow()                   {}
func (upgraded) Write(p []byte) (int, error)       { return len(p), nil }
func (upgraded) WriteString(s string) (int, error) { return len(s), nil }
func (upgraded) Flush()                            {}

func (upgraded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrHijacked
}
