package chanxfiber_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/valyala/fasthttp"
)

type exit struct{}

func (exit) Action() string { return "exit" }

// A handler that ends its goroutine, as t.Fatal does, ends its connection: fasthttp
// has room for another one.
func TestHandlerEndsItsGoroutine(t *testing.T) {
	for name, set := range map[string]func(*fasthttp.Server){
		"the usual":         func(*fasthttp.Server) {},
		"KeepHijackedConns": func(s *fasthttp.Server) { s.KeepHijackedConns = true },
	} {
		t.Run(name, func(t *testing.T) {
			hub, app := newHub(t), newApp()
			app.Server().MaxConnsPerIP = 1
			set(app.Server())
			consumer := peers(hub, "peers")
			chanx.On(consumer, func(*peer, context.Context, exit) error { runtime.Goexit(); return nil })
			chanxfiber.Handle(app, "/ws", consumer, nil)
			address := serve(t, app)
			r := dialRaw(t, address)
			r.write(handshake("/ws", connection) + masked(`{"action":"exit"}`))
			r.upgraded()
			r.ended()
			r.Close()
			for range 100 {
				next := dialRaw(t, address)
				next.write(handshake("/ws", connection))
				resp, _ := next.response()
				<-time.After(10 * time.Millisecond)
				if next.Close(); resp.StatusCode == http.StatusSwitchingProtocols {
					return
				}
			}
			t.Error("the connection still counts")
		})
	}
}
