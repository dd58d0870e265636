// Package echoguide is the code of docs/echo.md.
package echoguide

import (
	"errors"
	"net/http"

	chanxecho "github.com/chanx-go/chanx/adapters/echo"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// NewEcho is the whole application.
func NewEcho(hub *chanx.Hub, key []byte) *echo.Echo {
	readers := notes.NewReaders(hub)

	e := echo.New()
	e.Use(middleware.RequestID(), middleware.Recover())

	teams := e.Group("/teams/:team", echojwt.WithConfig(echojwt.Config{
		SigningKey:       key,
		TokenLookup:      "header:Authorization:Bearer ",
		TokenLookupFuncs: []middleware.ValuesExtractor{subprotocolToken},
	}))
	teams.POST("/notes", addNote(readers))
	chanxecho.Handle(teams, "/live", readers, &chanxecho.Options{Identity: member})

	chanxecho.Docs(e, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return e
}

// addNote tells everybody who reads a team's notes of a new one.
func addNote(readers *chanx.Consumer[*notes.Reader]) echo.HandlerFunc {
	return func(c echo.Context) error {
		var note notes.Note
		if err := c.Bind(&note); err != nil {
			return err
		}
		name, err := subject(c)
		if err != nil {
			return err
		}
		note.By = name
		err = readers.Publish(c.Request().Context(), note, c.Param("team"))
		if invalid, ok := errors.AsType[*chanx.Error](err); ok {
			return c.JSON(invalid.Status(), invalid)
		}
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		return c.JSON(http.StatusCreated, note)
	}
}
