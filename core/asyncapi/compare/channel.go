package compare

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json/jsontext"
)

// braces are a parameter of an address or a pattern.
var braces = regexp.MustCompile(`\{([^{}]*)\}`)

// template splits an address or a pattern into what stands, and its parameters.
func template(s string) (fixed string, params []string) {
	for _, match := range braces.FindAllStringSubmatch(s, -1) {
		params = append(params, match[1])
	}
	return braces.ReplaceAllString(s, "{}"), params
}

// route says what a channel is on the wire.
func route(c *spec.Channel) string {
	r, _ := template(c.Address)
	if c.Topic != nil {
		pattern, _ := template(c.Topic.Pattern)
		r += " " + pattern
	}
	return r
}

// channels compares what can be connected and subscribed to.
func (c *comparer) channels() {
	olds, news := maps.Clone(c.old.document.Channels), maps.Clone(c.now.document.Channels)
	match := func(same func(id string, a *spec.Channel, newID string, b *spec.Channel) bool) {
		for _, id := range slices.Sorted(maps.Keys(olds)) {
			for _, newID := range slices.Sorted(maps.Keys(news)) {
				if same(id, olds[id], newID, news[newID]) {
					c.channel(id, newID)
					delete(olds, id)
					delete(news, newID)
					break
				}
			}
		}
	}
	match(func(id string, a *spec.Channel, newID string, b *spec.Channel) bool {
		return id == newID && route(a) == route(b)
	})
	match(func(_ string, a *spec.Channel, _ string, b *spec.Channel) bool { return route(a) == route(b) })
	match(func(id string, _ *spec.Channel, newID string, _ *spec.Channel) bool { return id == newID })
	for id, x := range olds {
		c.add(Breaking, pointer("channels", id), "", id, "the channel at %s is gone", where(x))
	}
	for id, x := range news {
		c.add(Compatible, "", pointer("channels", id), id, "there is a channel at %s", where(x))
	}
}

// where says where a channel is.
func where(c *spec.Channel) string {
	address := cmp.Or(c.Address, "an unknown address")
	if c.Topic != nil {
		return address + " with the topic " + c.Topic.Pattern
	}
	return address
}

// channelPair is a channel in both documents.
type channelPair struct {
	*comparer
	id       string // the new one
	a, b     *spec.Channel
	old, now jsontext.Pointer
}

func (c *comparer) channel(id, newID string) {
	p := &channelPair{c, newID, c.old.document.Channels[id], c.now.document.Channels[newID], pointer("channels", id), pointer("channels", newID)}
	if id != newID {
		c.add(Documentation, p.old, p.now, newID, "the channel was called %q, and is called %q", id, newID)
	}
	p.address()
	p.topic()
	p.handshake()
	p.subprotocols()
	c.security(p.old, p.now, newID, c.old.neededFor(p.a), c.now.neededFor(p.b))
	c.words(p.old, p.now, newID, saidByChannel(p.a), saidByChannel(p.b))
	p.messages()
}

func saidByChannel(c *spec.Channel) said {
	return said{
		"title": c.Title, "summary": c.Summary, "description": c.Description, "tags": c.Tags, "externalDocs": c.ExternalDocs,
		"extensions": c.Extensions,
	}
}

// neededFor is what is asked of the clients of a channel.
func (p *party) neededFor(c *spec.Channel) security {
	var all []spec.SecurityScheme
	for _, op := range p.operations[c] {
		all = append(all, op.Security...)
	}
	return needed(all, c.SecurityOptional)
}

func (p *channelPair) address() {
	fixed, params := template(p.a.Address)
	newFixed, newParams := template(p.b.Address)
	if fixed != newFixed {
		p.add(Breaking, p.old.AppendToken("address"), p.now.AppendToken("address"), p.id, "the address was %s, and is %s", p.a.Address, p.b.Address)
		return
	}
	for i, name := range params {
		x, y := p.a.Parameters[name], p.b.Parameters[newParams[i]]
		if x == nil || y == nil {
			continue
		}
		old, now := p.old.AppendToken("parameters").AppendToken(name), p.now.AppendToken("parameters").AppendToken(newParams[i])
		p.enum(old, now, x.Enum, y.Enum)
		p.words(old, now, p.id,
			said{"description": x.Description, "default": x.Default, "examples": x.Examples},
			said{"description": y.Description, "default": y.Default, "examples": y.Examples})
	}
}

// enum compares the values that a parameter can have; none means any.
func (p *channelPair) enum(old, now jsontext.Pointer, a, b []string) {
	quoted := func(values, without []string) []string {
		var texts []string
		for _, v := range values {
			if !slices.Contains(without, v) {
				texts = append(texts, `"`+v+`"`)
			}
		}
		return texts
	}
	switch {
	case len(a) == 0 && len(b) == 0:
	case len(a) == 0:
		p.add(Breaking, old, now, p.id, "only %s is possible, not any value", some(quoted(b, nil)))
	case len(b) == 0:
		p.add(Compatible, old, now, p.id, "any value is possible, not only %s", some(quoted(a, nil)))
	default:
		for _, v := range quoted(a, b) {
			p.add(Breaking, old, now, p.id, "%s is not possible any more", v)
		}
		for _, v := range quoted(b, a) {
			p.add(Compatible, old, now, p.id, "%s is possible, too", v)
		}
	}
}

func (p *channelPair) topic() {
	a, b := p.a.Topic, p.b.Topic
	old, now := p.old.AppendToken("x-topic"), p.now.AppendToken("x-topic")
	switch {
	case a == nil && b == nil:
		return
	case a == nil:
		p.add(Breaking, p.old, now, p.id, "it is the topic %s, and was none", b.Pattern)
		return
	case b == nil:
		p.add(Breaking, old, p.now, p.id, "it was the topic %s, and is none", a.Pattern)
		return
	}
	fixed, params := template(a.Pattern)
	newFixed, newParams := template(b.Pattern)
	if fixed != newFixed {
		p.add(Breaking, old.AppendToken("pattern"), now.AppendToken("pattern"), p.id, "the topic was %s, and is %s", a.Pattern, b.Pattern)
		return
	}
	for i, name := range params {
		at := func(base jsontext.Pointer, name string) jsontext.Pointer {
			return base.AppendToken("parameterSchemas").AppendToken(name)
		}
		p.schema(orAnything(at(old, name), a.ParameterSchemas[name]), orAnything(at(now, newParams[i]), b.ParameterSchemas[newParams[i]]), byClients, "", p.id)
	}
	p.feature(old, now, "history", a.History, b.History)
	p.feature(old, now, "presence", a.Presence, b.Presence)
}

// orAnything is the schema of a string where there is none.
func orAnything(at jsontext.Pointer, text []byte) places {
	if text == nil {
		return places{{text: jsontext.Value(`{"type":"string"}`)}}
	}
	return places{{at, text}}
}

func (p *channelPair) feature(old, now jsontext.Pointer, what string, had, has bool) {
	if had && !has {
		p.add(Breaking, old, now, p.id, "the topic has no %s any more", what)
	} else if has && !had {
		p.add(Compatible, old, now, p.id, "the topic has %s", what)
	}
}

// handshake compares what a client brings along.
func (p *channelPair) handshake() {
	a, b := ws(p.a), ws(p.b)
	old, now := p.old.AppendToken("bindings").AppendToken("ws"), p.now.AppendToken("bindings").AppendToken("ws")
	if x, y := cmp.Or(a.Method, "GET"), cmp.Or(b.Method, "GET"); x != y {
		p.add(Breaking, old, now, p.id, "the handshake's method was %s, and is %s", x, y)
	}
	for _, part := range []struct {
		name string
		x, y []byte
	}{{"query", a.Query, b.Query}, {"headers", a.Headers, b.Headers}, {"x-cookies", a.Cookies, b.Cookies}} {
		if part.x != nil || part.y != nil {
			p.schema(orEmpty(old.AppendToken(part.name), part.x), orEmpty(now.AppendToken(part.name), part.y), byClients, "", p.id)
		}
	}
}

// ws is the WebSocket binding of a channel.
func ws(c *spec.Channel) *spec.WSBinding {
	if c.Bindings == nil || c.Bindings.WS == nil {
		return &spec.WSBinding{}
	}
	return c.Bindings.WS
}

// orEmpty is the schema of an object without properties where there is none.
func orEmpty(at jsontext.Pointer, text []byte) places {
	if text == nil {
		return places{{text: jsontext.Value(`{"type":"object"}`)}}
	}
	return places{{at, text}}
}

func (p *channelPair) subprotocols() {
	old, now := p.old.AppendToken("x-subprotocols"), p.now.AppendToken("x-subprotocols")
	for _, x := range p.a.Subprotocols {
		if !accepted(x, p.b.Subprotocols) {
			p.add(Breaking, old, now, p.id, "the subprotocol %q is not accepted any more", x)
		}
	}
	for _, x := range p.b.Subprotocols {
		if !accepted(x, p.a.Subprotocols) {
			p.add(Compatible, old, now, p.id, "the subprotocol %q is accepted", x)
		}
	}
}

// accepted reports whether a subprotocol is among those that are listed.
func accepted(subprotocol string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		prefix, ok := strings.CutSuffix(s, "*")
		return s == subprotocol || ok && strings.HasPrefix(subprotocol, prefix)
	})
}
