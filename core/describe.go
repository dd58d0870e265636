package chanx

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/chanx-go/chanx/core/schema"
)

// EndpointInfo is what can be said of a mounted consumer: what documents,
// generated clients and test kits are made from.
type EndpointInfo struct {
	Consumer               string
	Doc                    Doc
	Path                   string
	PathParams             []string
	Params                 *schema.Schema // of the handshake's parameters as one object; nil where none are declared
	Handshake              []ParamInfo    // where each member of Params comes from
	Discriminator          string
	Completion             bool
	AnnounceAuthentication bool
	Subprotocols           []string
	Refreshes              bool               // clients can refresh their credentials: see [Authenticator]
	Authenticator          *AuthenticatorInfo // nil for none
	HandlersInfo                              // without those of the topics
	Topics                 []TopicInfo        // that clients can subscribe to, in the order in which their patterns are tried
	Alone                  bool               // there is one topic, which connecting subscribes to: see [Topic.Alone]
}

// TopicInfo is what can be said of a topic.
type TopicInfo struct {
	Topic         string // its name
	Doc           Doc
	Pattern       string
	PatternParams []string
	Params        *schema.Schema // of the pattern's parameters as one object; nil where none are declared
	Members       []ParamInfo    // where each member of Params comes from
	History       bool           // it keeps history, so frames have positions and subscribing can recover
	Presence      bool           // it tracks who is there: see [TrackPresence]
	HandlersInfo
}

// HandlersInfo is what the handlers of a consumer or a topic take and send. Lists
// are sorted by action.
type HandlersInfo struct {
	Receives []Operation   // what clients may send
	Events   []Operation   // what the server's side may publish
	Outgoing []Operation   // what is sent outside of any handler
	Sends    []MessageInfo // everything that clients may get, without the framework's own frames
}

// ParamInfo is one parameter of the handshake.
type ParamInfo struct {
	Source string // "path", "query", "header", "cookie" or "topic"
	Name   string // its name there
	Member string // of the object that the schema of the parameters describes
}

// AuthenticatorInfo is where an [Authenticator] looks for a token, beside the
// subprotocol "bearer.<token>".
type AuthenticatorInfo struct {
	Header   string // canonical; in "Authorization" it has the scheme Bearer in front
	Cookie   string // "" for none
	Query    string // "" for none
	Optional bool   // who brings no token is let in, as nobody
}

// Operation is a message that the consumer handles, or that is sent outside of any
// handler.
type Operation struct {
	Message  MessageInfo
	Doc      Doc
	Reply    *MessageInfo // the reply, the items of a stream, the output of an event; nil where there is none
	Stream   bool
	Sends    []MessageInfo // what the handler sends beside its reply
	Examples []Example     // of any of these messages, in the order in which they were given
}

// Example is what a message may look like: see [Examples].
type Example struct {
	Message MessageInfo
	Payload json.RawMessage // valid, null for a message without one
}

// MessageInfo is a message type.
type MessageInfo struct {
	Action    string
	Type      reflect.Type
	Schema    *schema.Schema // of the payload
	NoPayload bool           // the payload is null, and a client may leave it out
}

// Describe describes the endpoint.
func (e *Endpoint) Describe() EndpointInfo {
	c, at := e.consumer, e.address.Load()
	d := EndpointInfo{
		Consumer:               c.name,
		Doc:                    c.doc,
		Path:                   at.path,
		PathParams:             slices.Clone(at.names),
		Discriminator:          c.discriminator,
		Completion:             c.completion,
		AnnounceAuthentication: c.options.AnnounceAuthentication,
		Subprotocols:           slices.Clone(c.options.Subprotocols),
		Refreshes:              c.authenticator != nil,
		Authenticator:          c.authenticator.describe(),
		HandlersInfo:           c.handlers.describe(),
		Alone:                  c.alone != nil,
	}
	d.Params, d.Handshake = c.params.describe()
	for _, t := range c.topics {
		info := TopicInfo{
			Topic: t.name, Doc: t.options.Doc, Pattern: t.pattern.text, PatternParams: slices.Clone(t.pattern.names),
			History: t.history != nil, Presence: t.presence != nil, HandlersInfo: t.handlers.describe(),
		}
		info.Params, info.Members = t.params.describe()
		d.Topics = append(d.Topics, info)
	}
	return d
}

// describe describes parameters, nil where there are none.
func (p *paramsType) describe() (*schema.Schema, []ParamInfo) {
	if p == nil {
		return nil, nil
	}
	var infos []ParamInfo
	for _, f := range p.fields {
		infos = append(infos, ParamInfo{Source: f.source, Name: f.name, Member: f.member})
	}
	return p.schema, infos
}

func (s *handlers) describe() HandlersInfo {
	d := HandlersInfo{Receives: operations(s.routes), Events: operations(s.events)}
	seen := map[*messageType]bool{}
	add := func(mts ...*messageType) {
		for _, mt := range mts {
			if mt != nil && !seen[mt] {
				seen[mt] = true
				d.Sends = append(d.Sends, *mt.info())
			}
		}
	}
	for _, r := range s.outgoing {
		add(r.out)
		d.Outgoing = append(d.Outgoing, r.describe(r.out))
	}
	slices.SortStableFunc(d.Outgoing, func(a, b Operation) int { return compareInfo(a.Message, b.Message) })
	for _, routes := range []map[string]*route{s.routes, s.events} {
		for _, r := range routes {
			add(r.out)
			add(r.sends...)
		}
	}
	slices.SortFunc(d.Sends, compareInfo)
	d.Sends = slices.CompactFunc(d.Sends, func(a, b MessageInfo) bool { return a.Action == b.Action && a.Type == b.Type })
	return d
}

func operations(routes map[string]*route) []Operation {
	ops := make([]Operation, 0, len(routes))
	for _, action := range slices.Sorted(maps.Keys(routes)) {
		r := routes[action]
		op := r.describe(r.in)
		if r.out != nil {
			op.Reply = r.out.info()
		}
		ops = append(ops, op)
	}
	return ops
}

// describe describes a route of a message, all but the reply.
func (r *route) describe(mt *messageType) Operation {
	return Operation{Message: *mt.info(), Doc: r.doc, Stream: r.stream, Sends: infos(r.sends), Examples: slices.Clone(r.examples)}
}

func (a *Authenticator) describe() *AuthenticatorInfo {
	if a == nil {
		return nil
	}
	return &AuthenticatorInfo{Header: a.header(), Cookie: a.Cookie, Query: a.Query, Optional: a.Optional}
}

func infos(types []*messageType) []MessageInfo {
	var list []MessageInfo
	for _, mt := range types {
		list = append(list, *mt.info())
	}
	slices.SortFunc(list, compareInfo)
	return list
}

func (mt *messageType) info() *MessageInfo {
	return &MessageInfo{Action: mt.action, Type: mt.goType, Schema: mt.schema, NoPayload: mt.empty}
}

func compareInfo(a, b MessageInfo) int {
	return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Type.String(), b.Type.String()), cmp.Compare(a.Type.PkgPath(), b.Type.PkgPath()))
}
