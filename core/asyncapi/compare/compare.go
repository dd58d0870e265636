package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json/jsontext"
)

// Level is how much a change matters to a client that was written for the old
// document.
type Level string

// The levels.
const (
	Breaking      Level = "breaking"      // it may not work any more
	Compatible    Level = "compatible"    // it works as before
	Documentation Level = "documentation" // only what is said to people is another
)

// Change is a difference of two documents.
type Change struct {
	Level   Level    `json:"level"`
	Old     string   `json:"old,omitzero"` // a JSON Pointer into the old document; "" where there is no such place
	New     string   `json:"new,omitzero"` // the same for the new one
	Message string   `json:"message"`      // for a person
	In      []string `json:"in,omitempty"` // the messages that it is part of, or the channel, for a person
}

// Documents returns what a change of a document means to clients, the breaking
// changes first, and each only once; nothing where the documents mean the same.
//
// Channels are matched by address and topic, then by id; messages by what tells
// their frames apart; parameters by their place. Schemas are compared by the values
// that they allow: of what clients send, nothing may be refused that was taken, and
// of what the server sends, nothing may come that did not before. Properties that
// no schema mentions count as never sent, since both sides ignore them; so an
// optional property can come and go. Where it can't be told whether two schemas
// mean the same, as with patterns, that is a breaking change that says so.
//
// References are resolved first, in the documents that are given; an error is what
// [spec.Document.Resolve] found.
func Documents(old, now *spec.Document) ([]Change, error) {
	for name, d := range map[string]*spec.Document{"old": old, "new": now} {
		if err := d.Resolve(); err != nil {
			return nil, fmt.Errorf("the %s document: %w", name, err)
		}
	}
	c := &comparer{old: newParty(old), now: newParty(now)}
	c.schemas = &comparison{
		old: c.old.side, now: c.now.side, known: map[string][]finding{}, ongoing: map[string]int{}, left: maxComparisons,
	}
	c.info()
	c.servers()
	c.channels()
	return c.result(), nil
}

// party is one of the documents.
type party struct {
	*side
	messages   map[*spec.Message]jsontext.Pointer // where they stand
	actions    map[*spec.Message][2]string        // what tells their frames apart, and what it says there
	operations map[*spec.Channel][]*spec.Operation
}

func newParty(d *spec.Document) *party {
	p := &party{
		&side{document: d, read: map[string]*keywords{}},
		map[*spec.Message]jsontext.Pointer{}, map[*spec.Message][2]string{}, map[*spec.Channel][]*spec.Operation{},
	}
	for _, id := range slices.Sorted(maps.Keys(d.Operations)) {
		op := d.Operations[id]
		p.operations[op.Channel] = append(p.operations[op.Channel], op)
	}
	for id, c := range d.Channels {
		for name, m := range c.Messages {
			at := pointer("channels", id, "messages", name)
			if before, ok := p.messages[m]; !ok || at < before {
				p.messages[m] = at
			}
		}
	}
	if d.Components != nil {
		for name, m := range d.Components.Messages {
			p.messages[m] = pointer("components", "messages", name)
		}
	}
	return p
}

func pointer(tokens ...string) jsontext.Pointer {
	var p jsontext.Pointer
	for _, token := range tokens {
		p = p.AppendToken(token)
	}
	return p
}

// comparer collects the changes.
type comparer struct {
	old, now *party
	schemas  *comparison
	changes  []Change
}

func (c *comparer) add(level Level, old, now jsontext.Pointer, in, format string, args ...any) {
	x := Change{Level: level, Old: string(old), New: string(now), Message: fmt.Sprintf(format, args...)}
	if in != "" {
		x.In = []string{in}
	}
	c.changes = append(c.changes, x)
}

// result puts the changes in order, and those together that are the same. A change
// that is breaking somewhere is not said to be compatible elsewhere.
func (c *comparer) result() []Change {
	type same struct{ old, now, message string }
	rank := func(l Level) int { return slices.Index([]Level{Breaking, Compatible, Documentation}, l) }
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Level), rank(b.Level)), cmp.Compare(cmp.Or(a.New, a.Old), cmp.Or(b.New, b.Old)), cmp.Compare(a.Message, b.Message), slices.Compare(a.In, b.In))
	})
	var result []Change
	known := map[same]int{}
	for _, x := range c.changes {
		id := same{x.Old, x.New, x.Message}
		i, ok := known[id]
		switch {
		case !ok:
			known[id] = len(result)
			result = append(result, x)
		case result[i].Level == x.Level:
			for _, in := range x.In {
				if !slices.Contains(result[i].In, in) {
					result[i].In = append(result[i].In, in)
				}
			}
		}
	}
	return result
}

// way is who sends.
type way int

const (
	byClients way = iota
	byServer
)

// schema compares two schemas of what goes one way.
func (c *comparer) schema(a, b places, w way, frame, in string) {
	c.schemas.frame = frame
	found, _ := c.schemas.schemas(a, b, 0)
	worst := narrower
	if w == byServer {
		worst = wider
	}
	for _, f := range found {
		level := Compatible
		switch {
		case f.effect == words:
			level = Documentation
		case f.effect&worst != 0:
			level = Breaking
		}
		c.add(level, f.old, f.now, in, "%s", f.text)
	}
}
