package app

import (
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// bearerScheme is what the middleware in front of [App.Private] asks for.
const bearerScheme = "bearer"

const aboutShowcase = `One program that shows everything.

Every channel but that of one topic alone answers ` + "`ping`" + ` with ` + "`pong`" + `. What happens elsewhere comes
from ` + "`POST /events/{group}`" + `, which publishes an event to a group or a topic:

` + "```sh" + `
curl -i localhost:8080/events/chat_room -d '{"action":"system_notify","payload":"dinner"}'
` + "```"

// Docs is what the document says of the whole showcase.
func Docs() *asyncapi.Options {
	return &asyncapi.Options{
		Title:       "chanx showcase",
		Version:     "1.0.0",
		Description: aboutShowcase,
		Contact:     &spec.Contact{Name: "chanx for Go", URL: "https://github.com/chanx-go/chanx"},
		License:     &spec.License{Name: "MIT", URL: "https://opensource.org/license/mit"},
		ExternalDocs: &spec.ExternalDocs{
			URL:         "https://github.com/chanx-go/chanx/tree/main/examples/showcase",
			Description: "The source, and what each route does",
		},
		Tags: []spec.Tag{
			{Name: "chat", Description: "People who talk: one room for **everybody**, or one for each name"},
			{Name: "topics", Description: "Many streams over *one* connection, each subscribed to by itself"},
			{Name: "notifications", Description: "What everybody is told"},
			{Name: "jobs", Description: "Work that is done elsewhere, and told of later"},
			{Name: "authentication", Description: "Only for who brings a token"},
			{Name: "bench", Description: "To measure with"},
		},
		SecuritySchemes: map[string]*spec.SecurityScheme{
			bearerScheme: {
				Type: "http", Scheme: "bearer", BearerFormat: "JWT",
				Description: "A JSON Web Token, such as `GET /token?sub=ada` gives; from a browser as the subprotocol `bearer.<token>`",
			},
		},
	}
}
