package chanxfiber_test

import (
	"net/http"
	"strings"
	"testing"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	"github.com/gofiber/fiber/v2"
)

// Headers that are longer than fiber's buffer come as far as fiber alone.
func TestLongHeaders(t *testing.T) {
	for size, status := range map[int]int{0: http.StatusRequestHeaderFieldsTooLarge, 16 << 10: http.StatusSwitchingProtocols} {
		hub, app := newHub(t), newApp(fiber.Config{ReadBufferSize: size})
		chanxfiber.Handle(app, "/ws", peers(hub, "peers"), nil)
		r := dialRaw(t, serve(t, app))
		r.write(handshake("/ws", connection, "Cookie: token="+strings.Repeat("x", 8<<10)))
		if resp, body := r.response(); resp.StatusCode != status {
			t.Errorf("with a buffer of %d bytes the answer is %s %s", size, resp.Status, body)
		}
		r.Close()
		shut(t, hub)
	}
}
