package chanxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Frame is one message that a client got.
type Frame struct {
	Action  string
	Ref     string          // of the request that it answers; "" for a push
	Topic   string          // "" for the consumer itself
	Seq     uint64          // position in a topic; 0 where the frame has none
	Payload json.RawMessage // as it came; nil where the frame has none
	Text    string          // the whole frame

	problem error  // what is wrong with it
	place   *place // that "subscribed" tells, nil where it tells none
	before  course // how far its topic's subscription had got when it came
}

// place is where a subscription begins, as a topic with history tells it.
type place struct {
	Recovered *bool   `json:"recovered"`
	Seq       *uint64 `json:"seq"`
	Epoch     *string `json:"epoch"`
}

// position is the place without saying whether it was wanted.
func (p *place) position() layer.Position { return layer.Position{Epoch: *p.Epoch, Seq: *p.Seq} }

// Error returns what an error frame says, and nil for another frame.
func (f Frame) Error() *chanx.Error {
	if f.Action != "error" {
		return nil
	}
	var e chanx.Error
	if err := json.Unmarshal(f.Payload, &e); err == nil {
		return &e
	}
	return nil
}

// parse takes a frame apart. What is wrong with it is kept for the test that
// reads it.
func parse(text []byte, discriminator string) Frame {
	f := Frame{Text: string(text)}
	var fields map[string]jsontext.Value
	if err := jsonv2.Unmarshal(text, &fields); err != nil {
		f.problem = fmt.Errorf("it is no JSON object: %w", err)
		return f
	}
	str := func(name string, into *string) {
		raw, ok := fields[name]
		if ok && jsonv2.Unmarshal(raw, into) != nil {
			f.problem = fmt.Errorf("its %q is no string", name)
		}
	}
	str("ref", &f.Ref)
	str("topic", &f.Topic)
	str(discriminator, &f.Action)
	if raw, ok := fields["seq"]; ok {
		var err error
		if f.Seq, err = strconv.ParseUint(string(raw), 10, 64); err != nil || f.Seq == 0 {
			f.problem = errors.New(`its "seq" is no position`)
		}
	}
	if raw, ok := fields["version"]; ok && string(raw) != "1" {
		f.problem = fmt.Errorf("its version is %s", raw)
	}
	f.Payload = json.RawMessage(fields["payload"])
	switch {
	case f.problem != nil:
	case f.Action == "":
		f.problem = fmt.Errorf("it has no %q", discriminator)
	case f.Payload == nil:
		f.problem = errors.New(`it has no "payload"`)
	case f.Topic != "" && fields["version"] == nil:
		f.problem = errors.New(`it belongs to a topic and has no "version"`)
	case f.Topic != "" && f.Action == "subscribed":
		f.place, f.problem = parsePlace(f.Payload)
	}
	return f
}

// parsePlace reads the payload of "subscribed".
func parsePlace(payload []byte) (*place, error) {
	if string(payload) == "null" {
		return nil, nil
	}
	var p place
	err := jsonv2.Unmarshal(payload, &p, jsonv2.RejectUnknownMembers(true))
	if err != nil || p.Recovered == nil || p.Seq == nil || p.Epoch == nil || *p.Epoch == "" {
		return nil, errors.New("its payload is neither null nor a place in a topic's history")
	}
	return &p, nil
}
