package asyncapi

import (
	"reflect"

	chanx "github.com/chanx-go/chanx/core"
)

// addAuthentication adds the framework's frames about who the client is. Both have
// the same action; their payloads tell them apart.
func (s *source) addAuthentication() {
	const action = "authentication"
	result := &frame{
		action: action, title: "Authentication", pushed: s.AnnounceAuthentication, answers: s.Refreshes, ofConn: true,
		types: []reflect.Type{reflect.TypeFor[authenticationPayload]()},
		doc:   chanx.Doc{Summary: "The result of the authentication"},
	}
	if s.AnnounceAuthentication {
		result.doc.Summary += ", before any other frame"
	}
	if result.pushed || result.answers {
		s.own(result)
	}
	if s.Refreshes {
		s.own(&frame{
			action: action, way: "refresh", title: "Refresh", received: true, ofConn: true, replies: []string{action},
			types: []reflect.Type{reflect.TypeFor[refreshPayload]()},
			doc:   chanx.Doc{Summary: "Bring a new token of the same client, before the credentials expire"},
		})
	}
}

// authenticationPayload is the result of an authentication on the wire.
type authenticationPayload struct {
	StatusCode int    `json:"status_code" doc:"HTTP status that says the same" example:"200"`
	StatusText string `json:"status_text"`
	Data       any    `json:"data" doc:"What the application says of the client"`
	ExpiresIn  int64  `json:"expires_in,omitempty" minimum:"0" doc:"Seconds until the connection is closed with 4410, unless a new token comes before; absent: never"`
}

// refreshPayload is what a client says to refresh its credentials.
type refreshPayload struct {
	Token string `json:"token" minLength:"1"`
}
