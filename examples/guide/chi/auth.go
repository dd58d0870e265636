package chiguide

import (
	"context"
	"net/http"

	"github.com/alexedwards/scs/v2"
	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"
)

// member is who jwtauth has let in, for as long as the token is good.
func member(r *http.Request) (any, error) {
	token, _, err := jwtauth.FromContext(r.Context())
	if err != nil {
		return nil, err
	}
	name := token.Subject()
	return chanx.Credential{Identity: name, Subject: name, Expires: token.Expiration()}, nil
}

// subject is whom the token was made out to that jwtauth has verified.
func subject(r *http.Request) string {
	token, _, err := jwtauth.FromContext(r.Context())
	if err != nil {
		return ""
	}
	return token.Subject()
}

// subprotocolToken is another place where jwtauth looks for a token. A browser can
// offer it as a subprotocol: new WebSocket(url, ["bearer." + token]).
func subprotocolToken(r *http.Request) string {
	return chanx.OfferedToken(r.Header.Values("Sec-WebSocket-Protocol")...)
}

// withPassword lets in who knows a password.
func withPassword(r chi.Router, readers *chanx.Consumer[*notes.Reader]) {
	r.Use(middleware.BasicAuth("notes", map[string]string{"ann": "secret"}))
	chanxchi.Handle(r, "/teams/{team}/live", readers, &chanxchi.Options{
		Identity: func(r *http.Request) (any, error) {
			name, _, _ := r.BasicAuth() // which the middleware has checked
			return name, nil
		},
	})
}

// withSession lets in who has logged in.
func withSession(r chi.Router, sessions *scs.SessionManager, readers *chanx.Consumer[*notes.Reader]) {
	r.Use(sessions.LoadAndSave)
	chanxchi.Handle(r, "/teams/{team}/live", readers, &chanxchi.Options{
		Identity: func(r *http.Request) (any, error) { return sessions.Get(r.Context(), "name"), nil },
	})
}

// withErrorPage answers refused handshakes as the application answers everything.
func withErrorPage(r chi.Router, readers *chanx.Consumer[*notes.Reader]) {
	chanxchi.Handle(r, "/teams/{team}/live", readers, &chanxchi.Options{
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status, _, _ := chanx.Refusal(err)
			http.Error(w, "problem: "+err.Error(), status)
		},
	})
}

type tenantKey struct{}

// tenantOf is what a middleware has left in the request's context, long after that
// request.
func tenantOf(conn *chanx.Conn) string {
	tenant, _ := conn.Context().Value(tenantKey{}).(string)
	return tenant
}

// withTenant is that middleware.
func withTenant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Tenant"))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
