package envelope_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/internal/envelope"
	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	for name, e := range map[string]envelope.Envelope{
		"message":    {Text: []byte(`{"action":"said","payload":{}}`)},
		"to others":  {Text: []byte(`{}`), Except: []byte("hub-1")},
		"keyed":      {Text: []byte(`{}`), Key: []byte("price\x00EUR")},
		"event":      {Action: []byte("created"), Payload: []byte("null")},
		"to one":     {Action: []byte("done"), Payload: []byte("1"), Consumer: []byte("jobs"), To: []byte("hub-1")},
		"long field": {Text: make([]byte, 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			var got envelope.Envelope
			if err := got.Parse(e.Append(nil)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A newer version of the application may send fields that this one doesn't know.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	e := envelope.Envelope{Action: []byte("created"), Payload: []byte("1")}
	data := append(e.Append(nil), 200, 3, 'n', 'e', 'w')
	var got envelope.Envelope
	if err := got.Parse(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Error(diff)
	}
}

func TestBroken(t *testing.T) {
	whole := (&envelope.Envelope{Action: []byte("created"), Payload: []byte("1")}).Append(nil)
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"another version": {9, 1, 1, 'x'},
		"no fields":       whole[:1],
		"cut off":         whole[:len(whole)-1],
		"endless length":  {1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"no length":       {1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var e envelope.Envelope
			if err := e.Parse(data); err == nil {
				t.Errorf("%v was taken as %+v", data, e)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{1, 2, 1, 'x'})
	f.Add((&envelope.Envelope{Text: []byte("{}"), Except: []byte("a"), Key: []byte("k")}).Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e, again envelope.Envelope
		if e.Parse(data) != nil {
			return
		}
		if err := again.Parse(e.Append(nil)); err != nil {
			t.Fatalf("what was read can't be read again: %v", err)
		}
		if diff := cmp.Diff(e, again, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" {
			t.Error(diff)
		}
	})
}
