package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:generate go run ./internal/randomtypes

type randomConsumer = *chanx.Consumer[*chanx.Conn]

// takes, answers and sends register what the consumer does with messages.
func takes[M chanx.Message](c randomConsumer) {
	chanx.On(c, func(*chanx.Conn, context.Context, M) error { return nil })
}

func answers[In, Out chanx.Message](c randomConsumer) {
	chanx.Reply(c, func(*chanx.Conn, context.Context, In) (out Out, _ error) { return out, nil })
}

func sends[M chanx.Message](c randomConsumer) { chanx.Outgoing[M](c) }

// randomMessage is a message as the server enforces it, and as the document has it.
type randomMessage struct {
	chanx.MessageInfo

	published *jsonschema.Schema            // of the whole frame
	channel   map[string]*jsonschema.Schema // all of its channel's, by the names that they have there
}

// randomDocument is the hub's document, and what the hub knows of its messages.
func randomDocument(t testing.TB) ([]byte, []*randomMessage) {
	t.Helper()
	hub := chanx.NewHub(&chanx.HubOptions{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for i, register := range randomConsumers {
		c := chanx.NewConsumer[*chanx.Conn](hub, fmt.Sprint("c", i), nil, nil)
		register(c)
		chanx.Mount(c, fmt.Sprint("/", i))
	}
	text, err := asyncapi.Generate(hub, &asyncapi.Options{Title: "Random"})
	if err != nil {
		t.Fatal(err)
	}
	var messages []*randomMessage
	for _, endpoint := range hub.Endpoints() {
		info := endpoint.Describe()
		all := info.Sends
		for _, op := range info.Receives {
			all = append(all, op.Message)
		}
		for _, m := range all {
			messages = append(messages, &randomMessage{MessageInfo: m})
		}
	}
	return text, messages
}

// publishRandom gives the messages their schemas in a document.
func publishRandom(t testing.TB, document []byte, messages []*randomMessage) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7) // in which formats count
	if err := compiler.AddResource("document.json", value); err != nil {
		t.Fatal(err)
	}
	var d struct {
		Channels map[string]struct {
			Messages map[string]struct {
				Ref string `json:"$ref"`
			} `json:"messages"`
		} `json:"channels"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	by := map[string]*randomMessage{}
	for _, m := range messages {
		by[m.Action] = m
	}
	for _, c := range d.Channels {
		channel := map[string]*jsonschema.Schema{}
		for name, message := range c.Messages {
			schema, err := compiler.Compile("document.json" + message.Ref + "/payload")
			if err != nil {
				t.Fatal(err)
			}
			channel[name] = schema
			if m := by[name]; m != nil {
				m.published, m.channel = schema, channel
			}
		}
	}
}

var (
	// bigExponent is what the oracle would expand to gigabytes of digits.
	bigExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4}`)
	// signedClock and signedQuad are what the oracle takes for times and IPv4
	// addresses, as it reads their numbers with strconv.Atoi.
	signedClock = regexp.MustCompile(`[+-][0-9]:|:[+-][0-9]`)
	signedQuad  = regexp.MustCompile(`[+-](?:[0-9]+\.){3}[0-9]|[0-9]\.[+-][0-9]`)
)

// frame is a whole frame with the payload, as the oracle wants it; nil if the
// oracle is known to be wrong about it.
func (m *randomMessage) frame(payload []byte) any {
	if bigExponent.Match(payload) || signedClock.Match(payload) || signedQuad.Match(payload) {
		return nil
	}
	text := fmt.Appendf(nil, `{"action":%q,"payload":%s}`, m.Action, payload)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil // it is not JSON
	}
	return value
}

// disagreement says how the server and the document differ about a payload; nil if
// they don't.
func (m *randomMessage) disagreement(payload []byte) error {
	frame := m.frame(payload)
	if frame == nil {
		return nil
	}
	ours, theirs := m.Schema.Validate(payload), m.published.Validate(frame)
	if (ours == nil) != (theirs == nil) {
		return fmt.Errorf("%s: %s\nschema: %s\nthe server: %v\nthe document: %w", m.Action, payload, m.Schema.JSON(), ours, theirs)
	}
	if ours != nil {
		return nil
	}
	if err := m.Schema.Decode(payload, reflect.New(m.Type).Interface()); err != nil {
		return fmt.Errorf("%s: %s is valid, but: %w", m.Action, payload, err)
	}
	return nil
}

// ambiguity says that a frame is not the message alone.
func (m *randomMessage) ambiguity(payload []byte) error {
	frame := m.frame(payload)
	if frame == nil {
		return nil
	}
	var is []string
	for name, schema := range m.channel {
		if schema.Validate(frame) == nil {
			is = append(is, name)
		}
	}
	if !slices.Equal(is, []string{m.Action}) {
		return fmt.Errorf("%s: %s is %q: %w", m.Action, payload, is, m.published.Validate(frame))
	}
	return nil
}

// value draws a value and encodes it as the server does.
func (m *randomMessage) value(t testing.TB, d drawer) []byte {
	t.Helper()
	v := reflect.New(m.Type)
	d.fill(v.Elem(), noLimits(), 4)
	payload, err := m.Schema.AppendJSON(nil, v.Interface())
	if err != nil {
		t.Fatalf("%s: %+v: %v", m.Action, v, err)
	}
	return payload
}

// mutated is the payload after up to three changes.
func mutated(t testing.TB, d drawer, payload []byte) []byte {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	for range pick(d, 1, 1, 1, 2, 3) {
		value = d.mutate(value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What the server would send of a message is that message by the document.
func TestRandomValues(t *testing.T) {
	document, messages := randomDocument(t)
	publishRandom(t, document, messages)
	for i, m := range messages {
		d, kept := newDrawer(uint64(i)), 0
		var refused []byte
		const rounds = 40
		for range rounds {
			payload := m.value(t, d)
			if m.Schema.Validate(payload) != nil {
				refused = payload // no luck with its tags
				continue
			}
			kept++
			if err := m.ambiguity(payload); err != nil {
				t.Fatal(err)
			}
		}
		if kept < rounds*3/4 {
			t.Errorf("%s: only %d of %d values are valid, but not %s: %v", m.Action, kept, rounds, refused, m.Schema.Validate(refused))
		}
	}
	if len(messages) < 100 {
		t.Errorf("%d messages", len(messages))
	}
}

// What the server refuses, the document refuses, and the other way round.
func TestRandomMutations(t *testing.T) {
	document, messages := randomDocument(t)
	publishRandom(t, document, messages)
	refused, all := 0, 0
	for i, m := range messages {
		d := newDrawer(uint64(i) + 1000)
		for range 40 {
			payload := mutated(t, d, m.value(t, d))
			if err := m.disagreement(payload); err != nil {
				t.Fatal(err)
			}
			if all++; m.Schema.Validate(payload) != nil {
				refused++
			}
		}
	}
	if refused < all/5 || refused > all*4/5 {
		t.Errorf("%d of %d mutations are refused", refused, all)
	}
}

// A payload can be left out where there is none, and nowhere else.
func TestRandomAbsentPayloads(t *testing.T) {
	document, messages := randomDocument(t)
	publishRandom(t, document, messages)
	for _, m := range messages {
		err := m.published.Validate(map[string]any{"action": m.Action})
		if (err == nil) != m.NoPayload {
			t.Errorf("%s without payload: %v", m.Action, err)
		}
	}
}

func FuzzRandomMessages(f *testing.F) {
	document, messages := randomDocument(f)
	publishRandom(f, document, messages)
	for i, m := range messages {
		f.Add(uint16(i), uint64(i), m.value(f, newDrawer(uint64(i))))
	}
	f.Fuzz(func(t *testing.T, which uint16, seed uint64, raw []byte) {
		m, d := messages[int(which)%len(messages)], newDrawer(seed)
		payload := m.value(t, d)
		all := [][]byte{payload, mutated(t, d, payload)}
		if value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw)); err == nil {
			plain, err := json.Marshal(value) // without what is no strict JSON: bad UTF-8, a name twice
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, plain)
		}
		for _, each := range all {
			if err := m.disagreement(each); err != nil {
				t.Fatal(err)
			}
		}
	})
}
