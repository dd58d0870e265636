package ginguide

import (
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	chanxgin "github.com/chanx-go/chanx/adapters/gin"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/guide/notes"
	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
)

// member is who gin-jwt has let in, for as long as the token is good.
func member(c *gin.Context) (any, error) {
	expires, _ := jwt.ExtractClaims(c)["exp"].(float64)
	name := c.GetString(jwt.IdentityKey)
	return chanx.Credential{Identity: name, Subject: name, Expires: time.Unix(int64(expires), 0)}, nil
}

// subprotocolToken puts a token where gin-jwt looks for one. A browser can offer it
// as a subprotocol: new WebSocket(url, ["bearer." + token]).
func subprotocolToken(c *gin.Context) {
	if token := chanx.OfferedToken(c.Request.Header.Values("Sec-WebSocket-Protocol")...); token != "" {
		c.Request.Header.Set("Authorization", "Bearer "+token)
	}
}

// withPassword lets in who knows a password. The adapter finds by itself what
// BasicAuth leaves.
func withPassword(r *gin.Engine, readers *chanx.Consumer[*notes.Reader]) {
	teams := r.Group("/teams/:team", gin.BasicAuth(gin.Accounts{"ann": "secret"}))
	chanxgin.Handle(teams, "/live", readers, nil)
}

// withSession lets in who has logged in.
func withSession(r *gin.Engine, store sessions.Store, readers *chanx.Consumer[*notes.Reader]) {
	r.Use(sessions.Sessions("session", store))
	chanxgin.Handle(r, "/teams/:team/live", readers, &chanxgin.Options{
		Identity: func(c *gin.Context) (any, error) { return sessions.Default(c).Get("name"), nil },
	})
}

// withErrorPage answers refused handshakes as the application answers everything.
func withErrorPage(r *gin.Engine, readers *chanx.Consumer[*notes.Reader]) {
	chanxgin.Handle(r, "/teams/:team/live", readers, &chanxgin.Options{
		ErrorHandler: func(c *gin.Context, err error) {
			c.JSON(c.Writer.Status(), gin.H{"problem": err.Error()}) // the status is set
		},
	})
}
