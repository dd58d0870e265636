package server_test

import (
	"net/http"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
)

func bearer(token string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

func TestPrivate(t *testing.T) {
	each(t, func(s *showcase) {
		token := web.Token("ada", time.Now().Add(time.Hour))
		c := s.dialWith("/ws/private", bearer(token))
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "ada" {
			s.Errorf("the server takes ada for %q", got.Subject)
		}

		protocol := app.TokenPrefix + web.Token("bob", time.Now().Add(time.Hour))
		c = s.dialWith("/ws/private", &chanxtest.DialOptions{Subprotocols: []string{"chat", protocol}})
		if c.Subprotocol() != protocol {
			s.Errorf("the subprotocol is %q, not the token's", c.Subprotocol())
		}
		if got := chanxtest.Request[app.Identity](c, app.WhoAmI{}); got.Subject != "bob" {
			s.Errorf("the server takes bob for %q", got.Subject)
		}
	})
}

func TestPrivateRefuses(t *testing.T) {
	each(t, func(s *showcase) {
		valid := web.Token("ada", time.Now().Add(time.Hour))
		for name, opts := range map[string]*chanxtest.DialOptions{
			"no token":             nil,
			"an expired token":     bearer(web.Token("ada", time.Now().Add(-time.Minute))),
			"a token of nobody":    bearer(web.Token("", time.Now().Add(time.Hour))),
			"a changed token":      bearer(valid[:len(valid)-2] + "xx"),
			"another subprotocol":  {Subprotocols: []string{"chat"}},
			"an empty subprotocol": {Subprotocols: []string{app.TokenPrefix}},
		} {
			s.Log(name)
			s.refused("/ws/private", http.StatusUnauthorized, opts)
		}
	})
}

// The socket ends when the token does.
func TestPrivateExpires(t *testing.T) {
	each(t, func(s *showcase) {
		c := s.dialWith("/ws/private", bearer(web.Token("ada", time.Now().Add(2*time.Second))))
		chanxtest.Request[app.Identity](c, app.WhoAmI{})
		c.ExpectClose(chanx.CloseExpired)
	})
}
