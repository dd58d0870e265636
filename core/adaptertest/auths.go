package adaptertest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
)

func authCases(a *Adapter) []testCase {
	kinds := map[string][]Auth{}
	for _, auth := range a.Auth {
		kinds[auth.Kind] = append(kinds[auth.Kind], auth)
	}
	var all []testCase
	for kind, of := range kinds {
		var names []string
		for _, auth := range of {
			names = append(names, auth.Name)
		}
		all = append(all, testCase{name: "authentication/" + kind, about: strings.Join(names, "; "), run: func(k *kit) {
			for _, auth := range of {
				authenticated(k, &auth)
			}
		}})
	}
	slices.SortFunc(all, func(x, y testCase) int { return strings.Compare(x.name, y.name) })
	return all
}

// authenticated connects users through an authentication: with credentials that are
// valid, wrong, expired and missing.
func authenticated(k *kit, auth *Auth) {
	k.Helper()
	s := k.site(siteOptions{})
	users, secrets := make(chan string, 8), make(chan any, 64)
	who := auth.User
	if who == nil {
		who = func(conn *chanx.Conn) string {
			user, _ := chanx.Identity[string](conn)
			return user
		}
	}
	h := &hooks{options: chanx.ConsumerOptions{Subprotocols: []string{"bearer.*"}}}
	h.open = func(_ context.Context, conn *chanx.Conn) error {
		users <- who(conn)
		for _, key := range auth.Secrets {
			secrets <- conn.Context().Value(key)
		}
		return nil
	}
	auth.Mount(s.TB, s.App, s.pattern("/private"), s.peers("peers", h))
	s.start()
	base := "http://" + s.address
	var clients []*client
	for _, user := range []string{"ann", "bob"} {
		clients = append(clients, s.open("/private", lines(auth.Valid(s.TB, base, user))...))
		if got := await(s.kit, "open has run", users); got != user {
			s.Errorf("%s: %s is %q", auth.Name, user, got)
		}
		for range auth.Secrets {
			if v := await(s.kit, "open has run", secrets); v != nil {
				s.Errorf("%s: the connection's context has %v", auth.Name, v)
			}
		}
	}
	unauthorized := auth.Refused
	if unauthorized == 0 {
		unauthorized = http.StatusUnauthorized
	}
	missing := auth.Missing
	if missing == 0 {
		missing = unauthorized
	}
	s.refused("/private", missing)
	for _, headers := range []func(t testing.TB, base, user string) http.Header{auth.Wrong, auth.Expired} {
		if headers != nil {
			s.refused("/private", unauthorized, lines(headers(s.TB, base, "ann"))...)
		}
	}
	for _, c := range clients {
		c.echoed("still there")
	}
	if len(users) > 0 {
		s.Errorf("%s: open ran for somebody who was refused", auth.Name)
	}
}
