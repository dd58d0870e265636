package chanx_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	chanx "github.com/chanx-go/chanx/core"
)

// A number has one name: what can be subscribed to can be published to, and what
// goes by another name is nobody's.
func TestTopicNumbersHaveOneName(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]string{
		"number:7":   `"action":"subscribed"`,
		"number:20":  `"action":"subscribed"`,
		"number:07":  `"path":"/topic/id"`,
		"number:1e1": `"path":"/topic/id"`,
		"number:7.0": `"path":"/topic/id"`,
		"number:-0":  `"path":"/topic/id"`,
		"number:+7":  `"path":"/topic/id"`,
		"number: 7":  `"path":"/topic/id"`,
		"number:99":  `"path":"/topic/id"`,
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, labOptions{register: registerTopics})
			c := openRaw(t, l.mux, "/ws")
			c.send(fmt.Sprintf(`{"topic":%q,"action":"subscribe"}`, topic))
			if got := c.take(); len(got) != 1 || !strings.Contains(got[0], want) {
				t.Errorf("%s: came %q, want %s", topic, got, want)
			}
			err := l.topics.number.Publish(t.Context(), note{"x"}, topic)
			e, isError := errors.AsType[*chanx.Error](err)
			switch subscribed := strings.Contains(want, "subscribed"); {
			case subscribed && err != nil:
				t.Errorf("publishing to %s: %v", topic, err)
			case !subscribed && (!isError || e.Reason != chanx.Invalid || e.Violations[0].Path != "/topic/id"):
				t.Errorf("publishing to %s: %v, want what is wrong with the id", topic, err)
			}
		})
	}
}

// Parameters are values that have a text, each by itself.
func TestTopicOfValues(t *testing.T) {
	t.Parallel()
	topic := chanx.NewTopic(chanx.NewHub(nil), "t", "t:{x}", letIn, nil)
	chanx.Forward[note](topic)
	type id string
	address := netip.MustParseAddr("10.0.0.1")
	id5, nobody := 5, (*netip.Addr)(nil)
	tests := []struct {
		param any
		want  string // "" for an error
	}{
		{"a", "t:a"}, {id("a"), "t:a"}, {5, "t:5"}, {uint8(5), "t:5"}, {true, "t:true"}, {2.5, "t:2.5"},
		{address, "t:10.0.0.1"}, {&address, "t:10.0.0.1"},
		{&id5, ""}, {nil, ""}, {nobody, ""}, {struct{ ID int }{5}, ""}, {[]string{"a"}, ""}, {map[string]string{}, ""}, {letIn, ""},
	}
	for _, tt := range tests {
		got, err := topic.Topic(tt.param)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("of %T: %q, %v, want %q", tt.param, got, err, tt.want)
		}
		if err := topic.PublishParams(t.Context(), note{"x"}, tt.param); (err != nil) != (tt.want == "") {
			t.Errorf("publishing to %T: %v", tt.param, err)
		}
	}
}
