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
	Query       []string  `json:"query"` // the parameters of the query
	Token       bool      `json:"token"` // it wants one as a subprotocol, and takes others later
	Messages    []message `json:"messages"`
	Events      []message `json:"events"`
	Groups      []string  `json:"groups"` // that events can be published to; the patterns of topics
}

// message is what can be sent to a socket, or published to its groups.
type message struct {
	Action  string          `json:"action"`
	Topic   string          `json:"topic,omitempty"` // the pattern of the topic whose message it is
	Summary string          `json:"summary,omitempty"`
	Schema  json.RawMessage `json:"schema,omitempty"` // of the payload; absent where there is none
}

// refresh is a frame of the framework's.
var refresh = message{
	Action:  "authentication",
	Summary: "Bring a new token before the first one expires",
	Schema:  json.RawMessage(`{"type":"object","properties":{"token":{"type":"string"}},"required":["token"]}`),
}

// routes describes every socket that is mounted.
func routes(a *app.App) http.HandlerFunc {
	all := sync.OnceValue(func() []socket {
		sockets := []socket{}
		for _, endpoint := range a.Hub.Endpoints() {
			sockets = append(sockets, describe(a, endpoint.Describe()))
		}
		return sockets
	})
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, all()) }
}

// describe describes a consumer with its topics. A connection to one topic alone
// need not name it.
func describe(a *app.App, info chanx.EndpointInfo) socket {
	s := socket{
		Consumer:    info.Consumer,
		Path:        info.Path,
		Description: info.Doc.Description,
		Params:      append([]string{}, info.PathParams...),
		Query:       []string{},
		Token:       info.Refreshes,
		Messages:    messages(info.Receives, ""),
		Events:      messages(info.Events, ""),
		Groups:      a.Groups(info.Consumer),
	}
	if info.Refreshes {
		s.Messages = append(s.Messages, refresh)
	}
	for _, p := range info.Handshake {
		if p.Source == "query" {
			s.Query = append(s.Query, p.Name)
		}
	}
	for _, t := range info.Topics {
		topic := t.Pattern
		s.Groups = append(s.Groups, topic)
		s.Events = append(s.Events, messages(t.Events, topic)...)
		if info.Alone {
			s.Messages = append(s.Messages, messages(t.Receives, "")...)
			continue
		}
		s.Messages = append(s.Messages, message{Action: "subscribe", Topic: topic, Summary: t.Doc.Description})
		s.Messages = append(s.Messages, messages(t.Receives, topic)...)
		s.Messages = append(s.Messages, message{Action: "unsubscribe", Topic: topic})
	}
	return s
}

func messages(ops []chanx.Operation, topic string) []message {
	list := make([]message, 0, len(ops))
	for _, op := range ops {
		m := message{Action: op.Message.Action, Topic: topic, Summary: op.Doc.Summary}
		if !op.Message.NoPayload {
			m.Schema = op.Message.Schema.JSON()
		}
		list = append(list, m)
	}
	return list
}
