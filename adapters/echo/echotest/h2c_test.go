package echotest

import (
	"io"
	"net"
	"net/http"
	"testing"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/http2"
)

// A server of HTTP/2 without TLS serves sockets on HTTP/1.1, and says so to those
// who come with the other.
func TestH2C(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HideBanner, e.HidePort, e.Listener = true, true, l
	chanxecho.Handle(e, "/members", members(t), &chanxecho.Options{Identity: func(echo.Context) (any, error) { return "ann", nil }})
	served := make(chan error, 1)
	go func() { served <- e.StartH2CServer("", &http2.Server{}) }() //nolint:staticcheck // deprecated, and what echo asks for
	defer func() {
		_ = e.Close()
		<-served
	}()

	client := &http.Client{Transport: &http.Transport{Protocols: new(http.Protocols)}}
	client.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/members", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusUpgradeRequired || string(body) != "this is a WebSocket endpoint\n" {
		t.Errorf("HTTP/%d is answered with %s %s", response.ProtoMajor, response.Status, body)
	}
	if got := chanxtest.Request[identity](chanxtest.DialURL(t, "ws://"+l.Addr().String()+"/members", nil), whoami{}).User; got != "ann" {
		t.Errorf("ann is %q", got)
	}
}
