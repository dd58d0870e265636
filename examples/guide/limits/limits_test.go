package limits_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/limits"
)

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counter limits.Counter
		ticker := limits.NewTicker(limits.NewHub(slog.New(slog.DiscardHandler), &counter))
		handler := chanx.Mount(ticker, "/")

		c := chanxtest.Dial(t, handler, "/", &chanxtest.DialOptions{Origin: "https://app.example.com"})
		if n := counter.Open.Load(); n != 1 {
			t.Errorf("%d connections are open", n)
		}
		if err := ticker.Publish(t.Context(), limits.Price{Symbol: "ACME", Value: 1.5}, "prices"); err != nil {
			t.Fatal(err)
		}
		if p := chanxtest.Expect[limits.Price](c); p.Value != 1.5 {
			t.Errorf("got %+v", p)
		}
		for range 20 {
			c.SendRaw(`{"action":"unheard_of"}`)
			chanxtest.ExpectError(c, chanx.UnknownAction)
		}
		c.SendRaw(`{"action":"unheard_of"}`)
		chanxtest.ExpectError(c, chanx.RateLimited)

		c.SendRaw(`{"action":"` + strings.Repeat("x", 16<<10) + `"}`)
		c.ExpectClose(chanx.CloseTooLarge)
		synctest.Wait()
		if n := counter.Open.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}

		chanxtest.Refused(t, handler, "/", http.StatusForbidden, &chanxtest.DialOptions{Origin: "https://elsewhere.example"})
	})
}
