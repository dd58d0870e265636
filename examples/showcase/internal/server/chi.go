package server

import (
	"net/http"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
	"github.com/chanx-go/chanx/examples/showcase/internal/web"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"
)

// Chi serves the showcase with chi.
func Chi(a *app.App) (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Route("/ws", func(r chi.Router) {
		chanxchi.Handle(r, "/system", a.System, nil)
		chanxchi.Handle(r, "/chat", a.Chat, nil)
		chanxchi.Handle(r, "/reliable", a.Reliable, nil)
		chanxchi.Handle(r, "/notifications", a.Notifications, nil)
		chanxchi.Handle(r, "/analytics", a.Analytics, nil)
		chanxchi.Handle(r, "/background_jobs", a.Jobs, nil)
		chanxchi.Handle(r, "/room/{room_name}", a.Room, nil)
		chanxchi.Handle(r, "/topics", a.TopicHub, nil)
		chanxchi.Handle(r, "/topics/room/{room_name}", a.OneRoom, nil)
		chanxchi.Handle(r, "/lounge", a.Lounge, nil)
		chanxchi.Handle(r, "/bench", a.Bench, nil)
		chanxchi.Handle(r, "/bench/room/{name}", a.BenchRoom, nil)
		r.Group(func(r chi.Router) {
			tokens := jwtauth.New("HS256", []byte(app.Secret), nil)
			r.Use(jwtauth.Verify(tokens, jwtauth.TokenFromHeader, tokenFromSubprotocol))
			r.Use(jwtauth.Authenticator(tokens))
			chanxchi.Handle(r, "/private", a.Private, &chanxchi.Options{Identity: chiUser})
		})
	})
	chanxchi.Docs(r, "/asyncapi", a.Hub, app.Docs())
	r.Mount("/", web.Handler(a))
	return r, chanxchi.Locate(r)
}

func tokenFromSubprotocol(r *http.Request) string {
	return chanx.OfferedToken(r.Header.Values("Sec-WebSocket-Protocol")...)
}

// chiUser is who jwtauth let in.
func chiUser(r *http.Request) (any, error) {
	token, _, err := jwtauth.FromContext(r.Context())
	if err != nil {
		return nil, err
	}
	return app.Holder(token.Subject(), token.Expiration())
}
