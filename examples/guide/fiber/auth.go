package fiberguide

import (
	"errors"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/basicauth"
	"github.com/gofiber/fiber/v2/middleware/session"
	"github.com/golang-jwt/jwt/v5"
)

// member is who the JWT middleware has let in, for as long as the token is good.
func member(c *fiber.Ctx) (any, error) {
	name, err := subject(c)
	if err != nil {
		return nil, err
	}
	who := chanx.Credential{Identity: name, Subject: name}
	expires, err := c.Locals("user").(*jwt.Token).Claims.GetExpirationTime()
	if expires != nil {
		who.Expires = expires.Time
	}
	return who, err
}

// subject is whom the token was made out to that the middleware has verified.
func subject(c *fiber.Ctx) (string, error) {
	return c.Locals("user").(*jwt.Token).Claims.GetSubject()
}

// subprotocolToken puts a token where the middleware looks for one. A browser can
// offer it as a subprotocol: new WebSocket(url, ["bearer." + token]).
func subprotocolToken(c *fiber.Ctx) error {
	if token := chanx.OfferedToken(c.Get("Sec-WebSocket-Protocol")); token != "" {
		c.Request().Header.Set(fiber.HeaderAuthorization, "Bearer "+token)
	}
	return c.Next()
}

// withPassword lets in who knows a password. The adapter finds by itself what
// basicauth leaves.
func withPassword(app *fiber.App, readers *chanx.Consumer[*notes.Reader]) {
	teams := app.Group("/teams/:team", basicauth.New(basicauth.Config{Users: map[string]string{"ann": "secret"}}))
	chanxfiber.Handle(teams, "/live", readers, nil)
}

// withSession lets in who has logged in.
func withSession(app *fiber.App, store *session.Store, readers *chanx.Consumer[*notes.Reader]) {
	chanxfiber.Handle(app, "/teams/:team/live", readers, &chanxfiber.Options{
		Identity: func(c *fiber.Ctx) (any, error) {
			s, err := store.Get(c)
			if err != nil {
				return nil, err
			}
			return s.Get("name"), nil
		},
	})
}

// withErrorPage leaves the answer to the application's error handler.
func withErrorPage(app *fiber.App, readers *chanx.Consumer[*notes.Reader]) {
	chanxfiber.Handle(app, "/teams/:team/live", readers, &chanxfiber.Options{
		ErrorHandler: func(_ *fiber.Ctx, err error) error { return err },
	})
}

// problem is an application's error handler.
func problem(c *fiber.Ctx, err error) error {
	status, text := fiber.StatusInternalServerError, "the server failed"
	if e, ok := errors.AsType[*fiber.Error](err); ok {
		status, text = e.Code, e.Message
	}
	return c.Status(status).JSON(fiber.Map{"problem": text})
}
