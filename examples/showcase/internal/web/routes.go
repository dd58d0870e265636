package web

import (
	"encoding/json"
	"net/http"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/examples/showcase/internal/app"
)

// socket is a consumer as the page needs it.
type socket struct {
	Consumer    string    `json:"consumer"`
	Path        string    `json:"path"`
	Description string    `json:"description"`
	Params      []string  `json:"params"`
	Token       bool      `json:"token"` // it wants one as a subprotocol
	Messages    []message `json:"messages"`
	Events      []message `json:"events"`
	Groups      []string  `json:"groups"` // that events can be published to
}

// message is what can be sent to a socket, or published to its groups.
type message struct {
	Action  string          `json:"action"`
	Summary string          `json:"summary,omitempty"`
	Schema  json.RawMessage `json:"schema,omitempty"` // of the payload; absent where there is none
}

// routes describes every socket that is mounted.
func routes(a *app.App) http.HandlerFunc {
	describe := sync.OnceValue(func() []socket {
		sockets := []socket{}
		for _, endpoint := range a.Hub.Endpoints() {
			info := endpoint.Describe()
			sockets = append(sockets, socket{
				Consumer:    info.Consumer,
				Path:        info.Path,
				Description: info.Doc.Description,
				Params:      append([]string{}, info.PathParams...),
				Token:       len(info.Subprotocols) > 0,
				Messages:    messages(info.Receives),
				Events:      messages(info.Events),
				Groups:      a.Groups(info.Consumer),
			})
		}
		return sockets
	})
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, describe()) }
}

func messages(ops []chanx.Operation) []message {
	list := make([]message, 0, len(ops))
	for _, op := range ops {
		m := message{Action: op.Message.Action, Summary: op.Doc.Summary}
		if !op.Message.NoPayload {
			m.Schema = op.Message.Schema.JSON()
		}
		list = append(list, m)
	}
	return list
}
