package chanx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
)

// plainLayer carries bytes and has nothing more.
type plainLayer struct{ layer.Layer }

// What is declared wrongly panics, and the panic says what to do.
func TestTopicRegistration(t *testing.T) {
	t.Parallel()
	type topic = chanx.Topic[*chanx.Subscription]
	newTopic := func(h *chanx.Hub, pattern string) *topic {
		return chanx.NewTopic(h, strings.NewReplacer("{", "(", "}", ")").Replace(pattern), pattern, letIn, nil)
	}
	newConsumer := func(h *chanx.Hub) *chanx.Consumer[*chanx.Conn] {
		return chanx.NewConsumer[*chanx.Conn](h, "hub", nil, nil)
	}
	type ofPath struct {
		ID string `path:"id"`
	}
	type ofTopic struct {
		ID string `topic:"id"`
	}
	tests := map[string]struct {
		do   func(h *chanx.Hub)
		want string
	}{
		"no name":                              {func(h *chanx.Hub) { chanx.NewTopic(h, "", "a", letIn, nil) }, "a topic needs a name"},
		"name and pattern the other way round": {func(h *chanx.Hub) { chanx.NewTopic(h, "a:{id}", "a", letIn, nil) }, `which "a:{id}" is not; the pattern comes after it`},
		"no hub":                               {func(*chanx.Hub) { newTopic(nil, "a") }, `topic "a" needs a hub`},
		"presence without a function": {func(h *chanx.Hub) {
			chanx.TrackPresence[person](newTopic(h, "a"), nil, nil)
		}, `topic "a" tracks presence without a function`},
		"presence where messages are dropped": {func(h *chanx.Hub) {
			c := chanx.NewConsumer[*chanx.Conn](h, "hub", nil, &chanx.ConsumerOptions{Overflow: chanx.DropOldest})
			a := newTopic(h, "a")
			chanx.TrackPresence(a, whoIs, nil)
			chanx.Topics(c, a)
			chanx.Mount(c, "/")
		}, "who would not know who is there: give it another Overflow"},
		"a name twice":      {func(h *chanx.Hub) { newTopic(h, "a"); newTopic(h, "a") }, `the hub has a topic "a" already`},
		"no pattern":        {func(h *chanx.Hub) { chanx.NewTopic(h, "a", "", letIn, nil) }, "it is empty"},
		"open brace":        {func(h *chanx.Hub) { newTopic(h, "a:{b") }, `the braces of "{b" don't match`},
		"a colon in braces": {func(h *chanx.Hub) { newTopic(h, "a:{b:[0-9]+}") }, `a parameter is a name alone, such as {id}`},
		"closed brace":      {func(h *chanx.Hub) { newTopic(h, "a:b}") }, `the braces of "b}" don't match`},
		"nested braces":     {func(h *chanx.Hub) { newTopic(h, "{a{b}}") }, "don't match"},
		"two in a segment":  {func(h *chanx.Hub) { newTopic(h, "{a}{b}") }, "more than one parameter: put a colon between them"},
		"no param name":     {func(h *chanx.Hub) { newTopic(h, "a:{}") }, "a parameter without a name"},
		"a param twice":     {func(h *chanx.Hub) { newTopic(h, "{a}:{a}") }, "two parameters {a}"},
		"no open":           {func(h *chanx.Hub) { chanx.NewTopic[*client](h, "a", "a", nil, nil) }, `topic "a" has no open function`},
		"two events": {func(h *chanx.Hub) { a := newTopic(h, "a"); chanx.Forward[note](a); chanx.Forward[note](a) },
			`topic "a" has two handlers of the event "note": Forward (chanx_test.note) and Forward (chanx_test.note): register one of them`},
		"framework's action": {func(h *chanx.Hub) {
			chanx.On(newTopic(h, "a"), func(*chanx.Subscription, context.Context, subscribeMessage) error { return nil })
		}, `topic "a": "subscribe" is one of the framework's own frames on a topic`},
		"framework's event": {func(h *chanx.Hub) {
			a := newTopic(h, "a")
			chanx.Forward[subscribeMessage](a)
			chanx.Mount(a.Alone(nil), "/")
		}, `topic "a": "subscribe" is one of the framework's own frames on a topic`},
		"two addresses": {func(h *chanx.Hub) { a := newTopic(h, "a"); a.Alone(nil); a.Alone(nil) },
			`topic "a" has an address of its own already`},
		"a consumer's name": {func(h *chanx.Hub) { newConsumer(h); newTopic(h, "hub").Alone(nil) },
			`a consumer "hub", and a topic "hub" with an address of its own`},
		"a topic's name": {func(h *chanx.Hub) { newTopic(h, "hub").Alone(nil); newConsumer(h) },
			`a consumer "hub", and a topic "hub" with an address of its own`},
		"groups": {func(h *chanx.Hub) { chanx.JoinGroups(newTopic(h, "a"), "g") }, `topic "a" can't have groups`},
		"topics": {func(h *chanx.Hub) { chanx.Topics(newTopic(h, "a"), newTopic(h, "b")) }, `topic "a" can't have topics of its own`},
		"a hub":  {func(h *chanx.Hub) { chanx.Topics(newConsumer(h), newTopic(chanx.NewHub(nil), "b")) }, "belong to different hubs"},
		"a twin": {func(h *chanx.Hub) {
			chanx.Topics(newConsumer(h), newTopic(h, "a"), chanx.NewTopic(h, "b", "a", letIn, nil))
		}, `has two topics of the pattern "a": "a" and "b"`},
		"a twin with other parameters": {func(h *chanx.Hub) {
			chanx.Topics(newConsumer(h), newTopic(h, "a:{id}"), newTopic(h, "a:{name}"))
		}, `has two topics of the pattern "a:{name}": "a:(id)" and "a:(name)"`},
		"mounted": {func(h *chanx.Hub) { c := newConsumer(h); chanx.Mount(c, "/"); chanx.Topics(c, newTopic(h, "a")) }, `consumer "hub" is mounted already: register Topics before`},
		"handlers once mounted": {func(h *chanx.Hub) {
			c, a := newConsumer(h), newTopic(h, "a")
			chanx.Topics(c, a)
			chanx.Mount(c, "/")
			chanx.Forward[note](a)
		}, `topic "a" is mounted already: register a handler of "note" before`},
		"a parameter of the path":       {func(h *chanx.Hub) { chanx.Params[ofPath](newTopic(h, "a:{id}")) }, "from the path of a request, which a topic doesn't have"},
		"a parameter of a topic":        {func(h *chanx.Hub) { chanx.Params[ofTopic](newConsumer(h)) }, "reads {id} from a topic, which a consumer doesn't have"},
		"a parameter that is not there": {func(h *chanx.Hub) { chanx.Params[ofTopic](newTopic(h, "a:{b}")) }, `the pattern "a:{b}" has no parameter {id}`},
		"a route without a parameter": {func(h *chanx.Hub) { chanx.Mount(newTopic(h, "a:{id}").Alone(nil), "/a/{no}") },
			`the address "/a/{no}" has no parameter {id}, which the pattern "a:{id}" of topic "a:(id)" has`},
		"history on a plain layer": {func(*chanx.Hub) {
			chanx.NewTopic(chanx.NewHub(&chanx.HubOptions{Layer: plainLayer{layer.NewMemory()}}), "a", "a", letIn, &chanx.TopicOptions{History: &chanx.History{}})
		}, `topic "a" keeps history, which the hub's layer, a chanx_test.plainLayer, can't`},
		"presence on a plain layer": {func(*chanx.Hub) {
			chanx.TrackPresence(newTopic(chanx.NewHub(&chanx.HubOptions{Layer: plainLayer{layer.NewMemory()}}), "a"), whoIs, nil)
		}, `topic "a" tracks presence, which the hub's layer, a chanx_test.plainLayer, can't`},
		"presence twice": {func(h *chanx.Hub) {
			a := newTopic(h, "a")
			chanx.TrackPresence(a, whoIs, nil)
			chanx.TrackPresence(a, whoIs, nil)
		}, `topic "a" tracks presence already`},
		"presence and a message like it": {func(h *chanx.Hub) {
			a := newTopic(h, "a")
			chanx.TrackPresence(a, whoIs, nil)
			chanx.Forward[leftMessage](a)
			chanx.Mount(a.Alone(nil), "/")
		}, `which has a message "presence_left" of its own: give chanx_test.leftMessage another Action`},
		"history where messages are dropped": {func(h *chanx.Hub) {
			c := chanx.NewConsumer[*chanx.Conn](h, "hub", nil, &chanx.ConsumerOptions{Overflow: chanx.DropOldest})
			chanx.Topics(c, chanx.NewTopic(h, "a", "a", letIn, &chanx.TopicOptions{History: &chanx.History{}}))
			chanx.Mount(c, "/")
		}, "leave its Overflow at CloseSlow"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) || !strings.HasPrefix(got, "chanx: ") {
					t.Errorf("panic %q, want %q", got, tt.want)
				}
			}()
			tt.do(chanx.NewHub(nil))
		})
	}
}

type subscribeMessage struct{}

func (subscribeMessage) Action() string { return "subscribe" }

type leftMessage struct{}

func (leftMessage) Action() string { return "presence_left" }

func whoIs(s *chanx.Subscription) (string, person) { return s.Conn().ID(), person{} }
