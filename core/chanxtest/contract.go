package chanxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

// contract is what an endpoint declares. nil is that of an endpoint of which
// nothing is known: every message is allowed.
type contract struct{ info chanx.EndpointInfo }

// own are the framework's frames that a server may send; "subscribed" and
// "unsubscribed" on topics.
var own = []string{
	"error", "authentication", "complete", "group_complete", "event_complete",
	"stream_end", "subscribed", "unsubscribed",
}

// contractOf finds the endpoint of a consumer, nil where it isn't mounted.
func contractOf(hub *chanx.Hub, consumer string) *contract {
	for _, e := range hub.Endpoints() {
		if info := e.Describe(); info.Consumer == consumer {
			return &contract{info}
		}
	}
	return nil
}

// findContract finds the endpoint that a URL leads to.
func findContract(hub *chanx.Hub, consumer, url string) (*contract, error) {
	if consumer != "" {
		if k := contractOf(hub, consumer); k != nil {
			return k, nil
		}
		return nil, fmt.Errorf("DialOptions.Hub has no mounted consumer %q", consumer)
	}
	var found []*contract
	var names []string
	for _, e := range hub.Endpoints() {
		if info := e.Describe(); fits(info.Path, trimURL(url)) {
			found, names = append(found, &contract{info}), append(names, info.Consumer)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, errors.New("DialOptions.Hub has nothing mounted there: name DialOptions.Consumer")
	}
	return nil, fmt.Errorf("DialOptions.Hub has several consumers there, %q: name DialOptions.Consumer", names)
}

// fits says whether a path is one of an address with parameters in braces.
func fits(address, path string) bool {
	want, have := strings.Split(address, "/"), strings.Split(path, "/")
	return len(want) == len(have) && !slices.ContainsFunc(want, func(s string) bool {
		i := slices.Index(want, s)
		return s != have[i] && (!strings.HasPrefix(s, "{") || have[i] == "")
	})
}

func (k *contract) discriminator() string {
	if k == nil {
		return "action"
	}
	return k.info.Discriminator
}

// completes says whether requests are followed by a completion frame.
func (k *contract) completes() bool { return k != nil && k.info.Completion }

// check says what is wrong with a frame that a client got.
func (k *contract) check(f *Frame) error {
	if f.problem != nil {
		return f.problem
	}
	if f.Action == "error" && f.Error() == nil {
		return errors.New("its payload is no error")
	}
	if k == nil || f.Topic != "" {
		return nil
	}
	declared := false
	var problems []string
	for _, m := range k.info.Sends {
		if m.Action != f.Action {
			continue
		}
		declared = true
		problem := wrong(m, f.Payload)
		if problem == "" {
			return nil
		}
		problems = append(problems, problem)
	}
	switch {
	case declared:
		return fmt.Errorf("its payload is not valid for the declared message: %s", strings.Join(problems, "; "))
	case slices.Contains(own, f.Action):
		return nil
	}
	return fmt.Errorf("consumer %q does not declare the message %q: add chanx.Sends[M]() to the handler that sends it, or chanx.Outgoing[M](consumer) where none does",
		k.info.Consumer, f.Action)
}

// wrong says how a payload breaks a message's schema, "" if it doesn't.
func wrong(m chanx.MessageInfo, payload json.RawMessage) string {
	if m.NoPayload {
		if string(payload) != "null" {
			return fmt.Sprintf("%v has no payload", m.Type)
		}
		return ""
	}
	var problems []string
	for _, v := range m.Schema.Validate(payload) {
		problems = append(problems, fmt.Sprintf("%v: %q %s", m.Type, "/payload"+v.Path, v.Message))
	}
	return strings.Join(problems, "; ")
}

// declared returns what the endpoint says of a message type, in whichever
// direction it goes.
func (k *contract) declared(t reflect.Type) (chanx.MessageInfo, bool) {
	if k == nil {
		return chanx.MessageInfo{}, false
	}
	for _, m := range k.info.Sends {
		if m.Type == t {
			return m, true
		}
	}
	for _, op := range k.info.Receives {
		if op.Message.Type == t {
			return op.Message, true
		}
	}
	return chanx.MessageInfo{}, false
}
