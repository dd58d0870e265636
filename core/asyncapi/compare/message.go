package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json/jsontext"
)

// sent is a message that goes one way on a channel.
type sent struct {
	message *spec.Message
	id      string // in the channel
	action  string
	member  string // that says so
	pushed  bool   // by the server itself, and not only as an answer
	answers map[string]bool
	said    said
}

// traffic is what goes over a channel, each way by action.
type traffic [2]map[string]*sent

// traffic sorts the messages of a channel by who sends them. One that no operation
// mentions can go both ways.
func (p *party) traffic(c *spec.Channel) traffic {
	t := traffic{{}, {}}
	used := map[*spec.Message]bool{}
	for _, op := range p.operations[c] {
		for _, m := range messagesOf(op.Messages, c) {
			used[m] = true
			if op.Action != "receive" {
				p.sent(t, byServer, c, m).pushed = true
				continue
			}
			request := p.sent(t, byClients, c, m)
			request.said = said{"summary of the operation": op.Summary, "description of the operation": op.Description, "title of the operation": op.Title}
			for _, answer := range answersOf(op) {
				used[answer] = true
				request.answers[p.sent(t, byServer, c, answer).action] = true
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Messages)) {
		if m := c.Messages[id]; !used[m] {
			p.sent(t, byClients, c, m)
			p.sent(t, byServer, c, m).pushed = true
		}
	}
	return t
}

// messagesOf are the messages of an operation: all of the channel's where it names
// none.
func messagesOf(named []*spec.Message, c *spec.Channel) []*spec.Message {
	if named != nil {
		return named
	}
	var all []*spec.Message
	for _, id := range slices.Sorted(maps.Keys(c.Messages)) {
		all = append(all, c.Messages[id])
	}
	return all
}

func answersOf(op *spec.Operation) []*spec.Message {
	switch {
	case op.Reply == nil:
		return nil
	case op.Reply.Channel != nil:
		return messagesOf(op.Reply.Messages, op.Reply.Channel)
	default:
		return op.Reply.Messages
	}
}

// sent returns the entry of a message, which it makes. Two messages of one action
// are told apart by their ids.
func (p *party) sent(t traffic, w way, c *spec.Channel, m *spec.Message) *sent {
	told, ok := p.actions[m]
	if !ok {
		told[0], told[1] = p.document.Discriminator(m)
		p.actions[m] = told
	}
	member, action := told[0], told[1]
	id := ""
	for _, name := range slices.Sorted(maps.Keys(c.Messages)) {
		if c.Messages[name] == m {
			id = name
			break
		}
	}
	action = cmp.Or(action, id)
	key := action
	if x, ok := t[w][key]; ok && x.message != m {
		key += " (" + id + ")"
	}
	x, ok := t[w][key]
	if !ok {
		x = &sent{message: m, id: id, action: action, member: member, answers: map[string]bool{}}
		t[w][key] = x
	}
	return x
}

// messages compares what is sent.
func (p *channelPair) messages() {
	a, b := p.comparer.old.traffic(p.a), p.comparer.now.traffic(p.b)
	for _, w := range []way{byClients, byServer} {
		for _, action := range slices.Sorted(maps.Keys(a[w])) {
			x, y := a[w][action], b[w][action]
			if y == nil {
				p.gone(w, x)
				continue
			}
			p.message(w, x, y)
		}
		for _, action := range slices.Sorted(maps.Keys(b[w])) {
			y := b[w][action]
			if a[w][action] != nil || w == byServer && !y.pushed {
				continue
			}
			p.add(Compatible, "", p.comparer.now.at(y), p.id, "there is a message %q, %s", y.action, who[w])
		}
	}
}

// who says who sends a message.
var who = map[way]string{byClients: "which clients send", byServer: "which the server sends"}

// at is where a message stands.
func (p *party) at(x *sent) jsontext.Pointer { return p.messages[x.message] }

// gone is about a message that there is no more. That an answer is gone is said of
// the request.
func (p *channelPair) gone(w way, x *sent) {
	if w == byClients || x.pushed {
		p.add(Breaking, p.comparer.old.at(x), p.now, p.id, "there is no message %q any more, %s", x.action, who[w])
	}
}

func (p *channelPair) message(w way, x, y *sent) {
	old, now := p.comparer.old.at(x), p.comparer.now.at(y)
	in := fmt.Sprintf("%s: %s, %s", p.id, y.action, who[w])
	if x.pushed && !y.pushed {
		p.add(Breaking, old, now, in, "it is only an answer now")
	} else if y.pushed && !x.pushed && w == byServer {
		p.add(Compatible, old, now, in, "it comes unasked, too")
	}
	p.answers(x, y, old, now, in)
	p.correlation(x, y, old, now, in)
	if s, t := p.comparer.old.contentType(x), p.comparer.now.contentType(y); s != t {
		p.add(Breaking, old, now, in, "the content type was %s, and is %s", s, t)
	}
	if x.message.Headers != nil || y.message.Headers != nil {
		p.schema(orEmpty(old.AppendToken("headers"), x.message.Headers), orEmpty(now.AppendToken("headers"), y.message.Headers), w, "", in)
	}
	p.words(old, now, in, saidByMessage(x), saidByMessage(y))
	if x.member != y.member && x.member != "" && y.member != "" {
		p.add(Breaking, p.old, p.now, p.id, "the member that tells messages apart was %q, and is %q", x.member, y.member)
		return
	}
	p.schema(payload(old, x), payload(now, y), w, y.member, in)
}

// payload is the schema of a message's frames; none is anything.
func payload(at jsontext.Pointer, x *sent) places {
	if x.message.Payload == nil {
		return nil
	}
	return places{{at.AppendToken("payload"), jsontext.Value(x.message.Payload)}}
}

func (p *party) contentType(x *sent) string {
	return cmp.Or(x.message.ContentType, p.document.DefaultContentType, "application/json")
}

func saidByMessage(x *sent) said {
	m := x.message
	s := said{
		"title": m.Title, "summary": m.Summary, "description": m.Description, "tags": m.Tags, "externalDocs": m.ExternalDocs,
		"examples": m.Examples, "deprecated": m.Deprecated, "extensions": m.Extensions,
	}
	for _, name := range []string{"summary", "description", "title"} {
		s[name+" of the operation"] = cmp.Or[any](x.said[name+" of the operation"], "")
	}
	return s
}

// answers compares what a request is answered with.
func (p *channelPair) answers(x, y *sent, old, now jsontext.Pointer, in string) {
	for _, action := range slices.Sorted(maps.Keys(x.answers)) {
		if !y.answers[action] {
			p.add(Breaking, old, now, in, "it is not answered with %q any more", action)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(y.answers)) {
		switch {
		case x.answers[action]:
		case len(x.answers) == 0:
			p.add(Compatible, old, now, in, "it is answered with %q", action)
		default:
			p.add(Breaking, old, now, in, "it may be answered with %q, too", action)
		}
	}
}

// correlation compares where a frame says what it answers.
func (p *channelPair) correlation(x, y *sent, old, now jsontext.Pointer, in string) {
	a, b := x.message.CorrelationID, y.message.CorrelationID
	switch {
	case a == nil && b == nil || a != nil && b != nil && a.Location == b.Location:
	case a == nil:
		p.add(Compatible, old, now, in, "requests and answers are told by %s", b.Location)
	case b == nil:
		p.add(Breaking, old, now, in, "requests and answers can't be told by %s any more", a.Location)
	default:
		p.add(Breaking, old, now, in, "requests and answers were told by %s, and are by %s", a.Location, b.Location)
	}
}
