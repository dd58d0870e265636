package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// tokenLife is how long a token is good for.
const tokenLife = time.Hour

// token stands in for a login: it gives a token to whoever asks, in the name
// that they choose.
func token() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		subject := r.FormValue("sub")
		if subject == "" || len(subject) > 100 {
			http.Error(w, "say in whose name: /token?sub=ada", http.StatusBadRequest)
			return
		}
		answer(w, http.StatusOK, struct {
			Token string `json:"token"`
		}{Token(subject, time.Now().Add(tokenLife))})
	}
}

// Token makes a JSON Web Token, signed with [app.Secret] and HS256.
func Token(subject string, expires time.Time) string {
	claims, err := json.Marshal(map[string]any{"sub": subject, "exp": expires.Unix()})
	if err != nil {
		panic(err) // a string and a number
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) +
		"." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(app.Secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
