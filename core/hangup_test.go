package chanx_test

import (
	"bufio"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// gone gives away a connection whose client has hung up.
type gone struct{ http.ResponseWriter }

func (g gone) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(g.ResponseWriter).Hijack()
	if err == nil {
		_ = conn.Close()
	}
	return conn, brw, err
}

// A client that hangs up in the middle of its handshake is nobody's failure, and
// gets no answer.
func TestHangUpDuringUpgrade(t *testing.T) {
	l := newLab(t, labOptions{})
	var complaints syncBuffer
	served := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(served)
		l.mux.ServeHTTP(gone{w}, r)
	}))
	server.Config.ErrorLog = log.New(&complaints, "", 0)
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := upgradeRequest("/ws").Write(conn); err != nil {
		t.Fatal(err)
	}
	<-served
	if got := complaints.String() + l.errors.String(); got != "" {
		t.Errorf("logged: %s", got)
	}
	if n := l.hub.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}
