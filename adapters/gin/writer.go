package chanxgin

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"
)

// writer is a context's writer until the connection is taken over.
type writer struct {
	http.ResponseWriter

	c *gin.Context
}

// Unwrap is for error messages, which name what is in the way.
func (w writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection, from where gin's own writers have it: these take
// note of an attempt as of an answer, and say 200 if it failed.
func (w writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.c.Writer.Written() {
		return nil, nil, errors.New("middleware has answered already, and didn't abort")
	}
	nc, brw, err := hijack(w.ResponseWriter)
	if err == nil {
		w.c.Writer = upgraded{w.c.Writer}
	}
	return nc, brw, err
}

func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	g, ok := w.(gin.ResponseWriter)
	if !ok {
		return http.NewResponseController(w).Hijack()
	}
	own, ok := g.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		if inner := embedded(g); inner != nil {
			return hijack(inner)
		}
		return g.Hijack()
	}
	nc, brw, err := hijack(own.Unwrap())
	if err == nil {
		g.WriteHeader(http.StatusSwitchingProtocols)
		settle(g)
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
