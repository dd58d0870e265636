// Package ginguide is the code of docs/gin.md.
package ginguide

import (
	"errors"
	"net/http"

	jwt "github.com/appleboy/gin-jwt/v2"
	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/gin-gonic/gin"
)

// NewEngine is the whole application.
func NewEngine(hub *chanx.Hub, tokens *jwt.GinJWTMiddleware) *gin.Engine {
	readers := notes.NewReaders(hub)

	r := gin.New()
	r.UseRawPath = true // or "a%2Fb" can't be the name of a team
	r.Use(gin.Logger(), gin.Recovery())

	teams := r.Group("/teams/:team", subprotocolToken, tokens.MiddlewareFunc())
	teams.POST("/notes", addNote(readers))
	chanxgin.Handle(teams, "/live", readers, &chanxgin.Options{Identity: member})

	chanxgin.Docs(r, "/asyncapi", hub, nil) // GET /asyncapi, /asyncapi.json, /asyncapi.yaml
	return r
}

// addNote tells everybody who reads a team's notes of a new one.
func addNote(readers *chanx.Consumer[*notes.Reader]) gin.HandlerFunc {
	return func(c *gin.Context) {
		var note notes.Note
		if err := c.ShouldBindJSON(&note); err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		note.By = c.GetString(jwt.IdentityKey)
		err := readers.Publish(c.Request.Context(), note, c.Param("team"))
		if invalid, ok := errors.AsType[*chanx.Error](err); ok {
			c.AbortWithStatusJSON(invalid.Status(), invalid)
			return
		}
		if err != nil {
			_ = c.AbortWithError(http.StatusServiceUnavailable, err)
			return
		}
		c.JSON(http.StatusCreated, note)
	}
}
