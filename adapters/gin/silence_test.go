package chanxgin_test

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/gin-gonic/gin"
)

// journal is what several goroutines log.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// Whatever middleware does once the connection is upgraded, the logger says 101,
// and neither gin, which runs in its debug mode, nor the server says any more.
func TestSilence(t *testing.T) {
	for name, mw := range map[string]gin.HandlerFunc{
		"nothing":    func(*gin.Context) {},
		"JSON":       func(c *gin.Context) { c.JSON(http.StatusInternalServerError, gin.H{"error": "too late"}) },
		"stream":     func(c *gin.Context) { c.SSEvent("late", "news"); c.Writer.Flush() },
		"status":     func(c *gin.Context) { c.AbortWithStatus(http.StatusInternalServerError) },
		"string":     func(c *gin.Context) { _, _ = c.Writer.WriteString("late") },
		"hijack":     func(c *gin.Context) { _, _, _ = c.Writer.Hijack() },
		"if nothing": func(c *gin.Context) { ifNothing(c) },
		"panic":      func(*gin.Context) { panic("late") },
	} {
		t.Run(name, func(t *testing.T) {
			logs := handshakeLogs(t, mw)
			if got := logs["gin's logger"]; got != "Switching Protocols\n" {
				t.Errorf("gin's logger says %q", got)
			}
			if got := logs["gin"] + logs["server"]; got != "" {
				t.Errorf("more is said: %s", got)
			}
		})
	}
}

// ifNothing is middleware that answers where nobody has.
func ifNothing(c *gin.Context) {
	if !c.Writer.Written() {
		c.String(http.StatusNotFound, "nothing")
	}
}

// handshakeLogs returns what is logged of one handshake with a middleware that does
// something behind the handler.
func handshakeLogs(t *testing.T, mw gin.HandlerFunc) map[string]string {
	t.Helper()
	hub := newHub()
	var ginLog, serverLog, logger journal
	recovery := gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.JSON(http.StatusInternalServerError, "panic") })
	r := behind(hub, logTo(&logger), recovery, afterwards(mw))
	handled := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(handled)
		r.ServeHTTP(w, req)
	}))
	server.Config.ErrorLog = log.New(&serverLog, "", 0)
	server.Start()
	defer server.Close()

	out := gin.DefaultWriter
	gin.DefaultWriter = &ginLog
	gin.SetMode(gin.DebugMode)
	defer func() {
		gin.DefaultWriter = out
		gin.SetMode(gin.TestMode)
	}()
	c := chanxtest.DialURL(t, strings.Replace(server.URL, "http", "ws", 1)+"/ws", nil)
	<-handled
	chanxtest.Request[answer](c, ask{})
	c.Close(chanx.CloseNormal, "")
	if err := hub.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	return map[string]string{"gin": ginLog.String(), "gin's logger": logger.String(), "server": serverLog.String()}
}
