package auth

import (
	"context"
	"net/http"
	"time"
)

// Session is what the application's own login has made.
type Session struct {
	User    User
	Expires time.Time
}

// Sessions are the sessions that there are, by the value of the cookie.
type Sessions map[string]*Session

// Login is the middleware of an application that has sessions already.
func (s Sessions) Login(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("session"); err == nil && s[cookie.Value] != nil {
			r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, s[cookie.Value]))
		}
		next.ServeHTTP(w, r)
	})
}
