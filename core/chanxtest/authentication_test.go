package chanxtest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// passes takes a token like "ann 1h" for one of ann's that is good for an hour, and
// "ann" for one that never expires.
var passes = &chanx.Authenticator{Verify: func(_ context.Context, token string) (any, error) {
	name, life, expires := strings.Cut(token, " ")
	credential := chanx.Credential{Identity: name, Subject: name}
	if expires {
		d, err := time.ParseDuration(life)
		if err != nil {
			return nil, err
		}
		credential.Expires = time.Now().Add(d)
	}
	return credential, nil
}}

func bearing(token string) *chanxtest.DialOptions {
	return &chanxtest.DialOptions{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

func TestAuthenticate(t *testing.T) {
	for name, opts := range map[string]chanx.ConsumerOptions{
		"plain":    {},
		"complete": {Completion: true, Discriminator: "kind"},
		"announce": {AnnounceAuthentication: true},
	} {
		for _, path := range []string{"/all/ann", "/room/go"} {
			t.Run(name+path, func(t *testing.T) {
				opts.Authenticator = passes
				synctest.Test(t, func(t *testing.T) {
					s := newRooms(t, nil, &opts)
					c := chanxtest.Dial(t, s, path, bearing("ann 1m"))
					if opts.AnnounceAuthentication {
						if f := c.Next(); !strings.Contains(f.Text, `"expires_in":60`) {
							t.Errorf("got %s", f.Text)
						}
					}
					if path == "/room/go" {
						c.Alone()
					}
					if got := c.Authenticate("ann 1h"); got != time.Hour {
						t.Errorf("the credentials are good for %v", got)
					}
					if got := c.Authenticate("ann"); got != 0 {
						t.Errorf("the credentials are good for %v", got)
					}
					c.AuthenticateError("bob", chanx.Forbidden)
					c.AuthenticateError("ann for ever", chanx.Unauthenticated)
					c.AuthenticateError("", chanx.Invalid)
					if got := c.Authenticate("ann 30s"); got != 30*time.Second {
						t.Errorf("the credentials are good for %v", got)
					}
					c.ExpectNothing()
					<-time.After(31 * time.Second)
					if reason := c.ExpectClose(chanx.CloseExpired); reason != "credentials expired" {
						t.Errorf("closed because of %q", reason)
					}
				})
			})
		}
	}
}

func TestAuthenticateFailures(t *testing.T) {
	tests := []struct {
		name string
		opts *chanx.ConsumerOptions
		test func(c *chanxtest.Client)
		want string
	}{
		{"no authenticator", nil, func(c *chanxtest.Client) { c.Authenticate("ann") },
			`consumer "all" takes no tokens: give it an Authenticator`},
		{"a refusal", &chanx.ConsumerOptions{Authenticator: passes}, func(c *chanxtest.Client) { c.Authenticate("bob") },
			`want a frame "authentication", but got {"ref":"test-1","action":"error","payload":{"reason":"forbidden"`},
		{"no refusal", &chanx.ConsumerOptions{Authenticator: passes}, func(c *chanxtest.Client) { c.AuthenticateError("ann", chanx.Forbidden) },
			`want an error "forbidden", but got {"ref":"test-1","action":"authentication"`},
		{"another refusal", &chanx.ConsumerOptions{Authenticator: passes}, func(c *chanxtest.Client) { c.AuthenticateError("bob", chanx.Unauthenticated) },
			`want an error "unauthenticated", but got {"ref":"test-1","action":"error","payload":{"reason":"forbidden"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRooms(t, nil, test.opts)
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					test.test(chanxtest.Dial(t, s, "/all/ann", bearing("ann")))
				})
				if !strings.Contains(got, test.want) {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}

// What a server may say of an authentication, and what not.
func TestContractOfAuthentication(t *testing.T) {
	const result = `"payload":{"status_code":200,"status_text":"OK","data":null`
	announcing := &chanx.ConsumerOptions{AnnounceAuthentication: true}
	refreshing := &chanx.ConsumerOptions{Authenticator: passes}
	tests := []struct {
		name  string
		opts  *chanx.ConsumerOptions
		frame string
		want  string // "" for nothing
	}{
		{"announced", announcing, `{"action":"authentication",` + result + `}}`, ""},
		{"announced with an expiry", announcing, `{"action":"authentication",` + result + `,"expires_in":0}}`, ""},
		{"answered", refreshing, `{"ref":"1","action":"authentication",` + result + `,"expires_in":60}}`, ""},
		{"answered without a ref", refreshing, `{"action":"authentication",` + result + `}}`, ""},
		{"not announced", nil, `{"action":"authentication",` + result + `}}`, `consumer "all" does not announce its authentication`},
		{"not asked", announcing, `{"ref":"1","action":"authentication",` + result + `}}`, `it answers a request, and consumer "all" has no Authenticator`},
		{"null", announcing, `{"action":"authentication","payload":null}`, "its payload is no result of an authentication"},
		{"no status", announcing, `{"action":"authentication","payload":{"status_text":"OK","data":null}}`, "its payload is no result"},
		{"no data", announcing, `{"action":"authentication","payload":{"status_code":200,"status_text":"OK"}}`, "its payload is no result"},
		{"a past expiry", announcing, `{"action":"authentication",` + result + `,"expires_in":-1}}`, "its payload is no result"},
		{"half a second", announcing, `{"action":"authentication",` + result + `,"expires_in":0.5}}`, "its payload is no result"},
		{"something more", announcing, `{"action":"authentication",` + result + `,"token":"x"}}`, "its payload is no result"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRooms(t, nil, test.opts)
				got := failureOf(t, func(t testing.TB) {
					t.Helper()
					chanxtest.Dial(t, script{test.frame}, "/all/ann", &chanxtest.DialOptions{Hub: s.hub}).Next()
				})
				if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
					t.Errorf("failed with\n%s\nwant\n%s", got, test.want)
				}
			})
		})
	}
}
