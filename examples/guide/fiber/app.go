// Package fiberguide is the code of docs/fiber.md.
package fiberguide

import (
	"errors"
	"net/url"
	"time"

	chanxfiber "github.com/chanx-go/chanx/adapters/fiber"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	jwtware "github.com/gofiber/contrib/jwt"
	"github.com/gofiber/fiber/v2"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/gofiber/fiber/v2/middleware/requestid"
)

// NewApp is the whole application.
func NewApp(hub *chanx.Hub, key []byte) *fiber.App {
	readers := notes.NewReaders(hub)

	app := fiber.New(fiber.Config{ErrorHandler: problem, ReadTimeout: 10 * time.Second})
	app.Use(requestid.New(), recovery.New())

	teams := app.Group("/teams/:team", subprotocolToken, jwtware.New(jwtware.Config{
		SigningKey:   jwtware.SigningKey{JWTAlg: jwtware.HS256, Key: key},
		ErrorHandler: func(*fiber.Ctx, error) error { return fiber.ErrUnauthorized },
	}))
	teams.Post("/notes", addNote(readers))
	chanxfiber.Handle(teams, "/live", readers, &chanxfiber.Options{Identity: member})

	chanxfiber.Docs(app, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return app
}

// addNote tells everybody who reads a team's notes of a new one.
func addNote(readers *chanx.Consumer[*notes.Reader]) fiber.Handler {
	return func(c *fiber.Ctx) error {
		var note notes.Note
		if err := c.BodyParser(&note); err != nil {
			return fiber.ErrBadRequest
		}
		team, err := url.PathUnescape(c.Params("team")) // fiber leaves it encoded
		if err != nil {
			return fiber.ErrBadRequest
		}
		if note.By, err = subject(c); err != nil {
			return err
		}
		err = readers.Publish(c.UserContext(), note, team)
		if invalid, ok := errors.AsType[*chanx.Error](err); ok {
			return c.Status(invalid.Status()).JSON(invalid)
		}
		if err != nil {
			return fiber.ErrServiceUnavailable
		}
		return c.Status(fiber.StatusCreated).JSON(note)
	}
}
