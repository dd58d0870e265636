package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chanx-go/chanx/core/internal/wire"
	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	for _, test := range []struct {
		name, frame string
		want        wire.Envelope
		err         string // part of the error, "" for none
	}{
		{name: "the least", frame: `{"action":"ping"}`, want: wire.Envelope{Action: []byte("ping"), Version: 1}},
		{name: "everything", frame: ` {"version":1,"topic":"room:5","ref":"r\n","action":"say","payload":{"a":[1,{}]},"seq":4} `,
			want: wire.Envelope{Action: []byte("say"), Topic: []byte("room:5"), Ref: []byte(`"r\n"`), Payload: []byte(`{"a":[1,{}]}`), Version: 1}},
		{name: "escaped names and values", frame: `{"\u0061ction":"p\u0069ng","topic":"\u00e9"}`,
			want: wire.Envelope{Action: []byte("ping"), Topic: []byte("é"), Version: 1}},
		{name: "case variants are other names", frame: `{"action":"a","Action":"b","PAYLOAD":1}`,
			want: wire.Envelope{Action: []byte("a"), Version: 1}},
		{name: "another version", frame: `{"action":"a","version":2}`, want: wire.Envelope{Action: []byte("a"), Version: 2}},
		{name: "no action, but a ref", frame: `{"ref":"7"}`, want: wire.Envelope{Ref: []byte(`"7"`), Version: 1}, err: `no "action"`},
		{name: "action is no string", frame: `{"ref":"7","action":5}`, want: wire.Envelope{Ref: []byte(`"7"`), Version: 1}, err: "must be a string"},
		{name: "ref is no string", frame: `{"ref":7,"action":"a"}`, want: wire.Envelope{Action: []byte("a"), Version: 1}, err: `"ref" must be a string`},
		{name: "topic is no string", frame: `{"topic":null,"action":"a"}`, want: wire.Envelope{Action: []byte("a"), Version: 1}, err: `"topic" must be a string`},
		{name: "version is no integer", frame: `{"version":1.5,"action":"a"}`, want: wire.Envelope{Action: []byte("a"), Version: 1}, err: `"version" must be an integer`},
		{name: "a name twice", frame: `{"ref":"7","action":"a","action":"b"}`, want: wire.Envelope{Version: 1}, err: "same name twice"},
		{name: "a name twice in disguise", frame: `{"action":"a","\u0061ction":"b"}`, want: wire.Envelope{Version: 1}, err: "same name twice"},
		{name: "a name twice below", frame: `{"action":"a","payload":{"x":[{"y":1,"y":2}]}}`, want: wire.Envelope{Version: 1}, err: "same name twice"},
		{name: "an array", frame: `["a"]`, want: wire.Envelope{Version: 1}, err: "one JSON object"},
		{name: "nothing", frame: "", want: wire.Envelope{Version: 1}, err: "one JSON object"},
		{name: "two objects", frame: `{"action":"a"}{}`, want: wire.Envelope{Version: 1}, err: "after the object"},
		{name: "cut off", frame: `{"action":"a"`, want: wire.Envelope{Version: 1}, err: "unexpected end"},
		{name: "invalid UTF-8", frame: "{\"action\":\"a\xff\"}", want: wire.Envelope{Version: 1}, err: "UTF-8"},
		{name: "half a surrogate pair", frame: `{"action":"\ud800"}`, want: wire.Envelope{Version: 1}, err: "surrogate"},
		{name: "too deep", frame: `{"action":"a","payload":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, want: wire.Envelope{Version: 1}, err: "too deep"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got wire.Envelope
			err := got.Scan([]byte(test.frame), "action")
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("the error is %v, not %q", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScanOtherDiscriminator(t *testing.T) {
	var e wire.Envelope
	if err := e.Scan([]byte(`{"type":"say","action":"other"}`), "type"); err != nil || string(e.Action) != "say" {
		t.Errorf("the action is %q (%v)", e.Action, err)
	}
}

// FuzzScan holds that what Scan takes is what encoding/json would take, apart
// from being stricter, and that the parts are those of the whole.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"action":"ping"}`, `{"version":1,"topic":"t","ref":"1","action":"say","payload":{"text":"hi"}}`,
		`{"action":"a","action":"b"}`, `{"\u0061ction":"x"}`, `{"action":"a","payload":[1.5e3,null,true,"\ud83d\ude00"]}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e wire.Envelope
		if e.Scan(b, "action") != nil {
			return
		}
		if !utf8.Valid(b) || !json.Valid(b) {
			t.Fatalf("%q is not JSON", b)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
		var action string
		if err := json.Unmarshal(fields["action"], &action); err != nil || action != string(e.Action) {
			t.Errorf("the action of %q is %q, not %q (%v)", b, action, e.Action, err)
		}
		if string(fields["payload"]) != string(e.Payload) {
			t.Errorf("the payload of %q is %q, not %q", b, fields["payload"], e.Payload)
		}
	})
}
