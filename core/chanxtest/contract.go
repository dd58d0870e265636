package chanxtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
)

// contract is what an endpoint declares, and what its hub publishes of that. nil is
// that of an endpoint of which nothing is known: every message is allowed.
type contract struct {
	info     chanx.EndpointInfo
	hub      *chanx.Hub
	mounted  []chanx.EndpointInfo // on the hub
	document *document
}

// own are the framework's frames that a consumer may send beside errors, and
// ownOfTopics those of topics.
var (
	own         = []string{authentication, "group_complete", "event_complete", "stream_end"}
	ownOfTopics = []string{"subscribed", "unsubscribed", "group_complete", "event_complete", "stream_end"}
)

// mountedOn describes the endpoints of a hub.
func mountedOn(hub *chanx.Hub) []chanx.EndpointInfo {
	var mounted []chanx.EndpointInfo
	for _, e := range hub.Endpoints() {
		mounted = append(mounted, e.Describe())
	}
	return mounted
}

// contractOf finds the endpoint of a consumer, nil where it isn't mounted. Its
// document is missing yet.
func contractOf(hub *chanx.Hub, consumer string) *contract {
	mounted := mountedOn(hub)
	for _, info := range mounted {
		if info.Consumer == consumer {
			return &contract{info: info, hub: hub, mounted: mounted}
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
	mounted := mountedOn(hub)
	for _, info := range mounted {
		if fits(info.Path, trimURL(url)) {
			found, names = append(found, &contract{info: info, hub: hub, mounted: mounted}), append(names, info.Consumer)
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
	switch {
	case k == nil:
		return nil
	case f.Action == "error" || f.Action == "complete": // to whatever topic the client made up
		return k.checkOwn(f)
	case f.Topic == "":
		return k.checkPlain(f)
	}
	t := k.topic(f.Topic)
	if t == nil {
		return fmt.Errorf("consumer %q has no topic of that name: it has the patterns %q", k.info.Consumer, k.patterns())
	}
	return k.checkTopic(f, t)
}

// checkPlain says what is wrong with a frame of the consumer itself.
func (k *contract) checkPlain(f *Frame) error {
	switch {
	case f.Seq != 0:
		return errSeq
	case declares(k.info.Sends, f.Action):
		return nil
	case slices.Contains(own, f.Action):
		return k.checkOwn(f)
	case k.info.Alone:
		return fmt.Errorf("it has no topic, and the connection is for one alone: send %q with its Subscription", f.Action)
	}
	return fmt.Errorf("consumer %q does not declare the message %q: add chanx.Sends[M]() to the handler that sends it, or chanx.Outgoing[M](consumer) where none does",
		k.info.Consumer, f.Action)
}

// checkTopic says what is wrong with a frame of a topic.
func (k *contract) checkTopic(f *Frame, t *chanx.TopicInfo) error {
	isOwn := slices.Contains(ownOfTopics, f.Action)
	switch {
	case !isOwn && !declares(t.Sends, f.Action):
		return fmt.Errorf("topic %q does not declare the message %q: add chanx.Sends[M]() to the handler that sends it, or chanx.Outgoing[M](topic) where none does",
			t.Topic, f.Action)
	case isOwn:
		return k.checkOwn(f)
	case f.Seq != 0 && f.Ref != "":
		return errSeq
	}
	return nil
}

var errSeq = errors.New(`it has a "seq", which is for what is published to a topic`)

// checkOwn says what is wrong with a frame of the framework's.
func (k *contract) checkOwn(f *Frame) error {
	switch {
	case f.Seq != 0:
		return errSeq
	case f.Action == "subscribed":
		return k.checkPlace(f)
	case f.Action == authentication:
		return k.checkAuthentication(f)
	}
	return nil
}

// checkPlace says what is wrong with the payload of "subscribed".
func (k *contract) checkPlace(f *Frame) error {
	switch t := k.topic(f.Topic); {
	case t.History && f.place == nil:
		return fmt.Errorf("topic %q keeps history, and it does not say where that is", t.Topic)
	case !t.History && f.place != nil:
		return fmt.Errorf("topic %q keeps no history, and it says where that is", t.Topic)
	}
	return nil
}

// topic finds the topic that has a name, nil for none.
func (k *contract) topic(name string) *chanx.TopicInfo {
	for i := range k.info.Topics {
		if t := &k.info.Topics[i]; matches(t.Pattern, name) {
			return t
		}
	}
	return nil
}

func (k *contract) patterns() []string {
	patterns := make([]string, len(k.info.Topics))
	for i, t := range k.info.Topics {
		patterns[i] = t.Pattern
	}
	return patterns
}

// matches reports whether a topic's name is one of a pattern: segments between
// colons, each of which may have one parameter in braces, which isn't empty.
func matches(pattern, name string) bool {
	want, have := strings.Split(pattern, ":"), strings.Split(name, ":")
	if len(want) != len(have) {
		return false
	}
	for i, segment := range want {
		before, rest, param := strings.Cut(segment, "{")
		_, after, _ := strings.Cut(rest, "}")
		switch part := have[i]; {
		case !param && part == segment:
		case param && len(part) > len(before)+len(after) && strings.HasPrefix(part, before) && strings.HasSuffix(part, after):
		default:
			return false
		}
	}
	return true
}

// declares reports whether a message of that action is declared.
func declares(sends []chanx.MessageInfo, action string) bool {
	return slices.ContainsFunc(sends, func(m chanx.MessageInfo) bool { return m.Action == action })
}

// declared returns what the endpoint says of a message type, in whichever
// direction it goes.
func (k *contract) declared(t reflect.Type) (chanx.MessageInfo, bool) {
	if k == nil {
		return chanx.MessageInfo{}, false
	}
	if m, ok := declaredIn(k.info.HandlersInfo, t); ok {
		return m, true
	}
	for _, topic := range k.info.Topics {
		if m, ok := declaredIn(topic.HandlersInfo, t); ok {
			return m, true
		}
	}
	return chanx.MessageInfo{}, false
}

func declaredIn(h chanx.HandlersInfo, t reflect.Type) (chanx.MessageInfo, bool) {
	for _, m := range h.Sends {
		if m.Type == t {
			return m, true
		}
	}
	for _, op := range h.Receives {
		if op.Message.Type == t {
			return op.Message, true
		}
	}
	return chanx.MessageInfo{}, false
}
