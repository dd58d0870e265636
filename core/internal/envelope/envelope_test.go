package envelope_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		"stamped":    {Text: []byte(`{}`), Published: envelope.Stamp(time.Unix(1_800_000_000, 0))},
		"shaped":     {Action: []byte("done"), Payload: []byte("1"), Shape: 0xff00ff00, Trace: envelope.AppendPair(nil, "k", "v")},
		"of a hub":   {Hub: true, Payload: []byte("{}")},
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

// A message to a group carries eight bytes of ours: tag, length and time.
func TestStampCost(t *testing.T) {
	e := envelope.Envelope{Text: []byte(`{}`)}
	before := len(e.Append(nil))
	now := time.Unix(1_800_000_000, 123_456_789)
	e.Published = envelope.Stamp(now)
	if cost := len(e.Append(nil)) - before; cost != 8 {
		t.Errorf("a stamp costs %d bytes", cost)
	}
	if got := envelope.Time(e.Published); now.Sub(got) < 0 || now.Sub(got) >= 10*time.Microsecond {
		t.Errorf("%v became %v", now, got)
	}
	if envelope.Stamp(time.Time{}) != 0 {
		t.Error("there was a time before 1970")
	}
}

func TestPairs(t *testing.T) {
	pairs := envelope.AppendPair(nil, "traceparent", "00-1-2-01")
	pairs = envelope.AppendPair(pairs, "empty", "")
	pairs = envelope.AppendPair(pairs, "huge", strings.Repeat("x", 8<<10))
	pairs = envelope.AppendPair(pairs, "twice", "1")
	pairs = envelope.AppendPair(pairs, "twice", "2")
	for key, want := range map[string]string{"traceparent": "00-1-2-01", "empty": "", "huge": "", "none": "", "twice": "2"} {
		if got := envelope.Pair(pairs, key); got != want {
			t.Errorf("%q is %q, want %q", key, got, want)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	var e envelope.Envelope
	if err := e.Parse([]byte{2, 1, 1, 'x'}); !errors.Is(err, envelope.ErrVersion) {
		t.Errorf("error %v", err)
	}
	if err := e.Parse([]byte{0, 1, 1, 'x'}); err == nil || errors.Is(err, envelope.ErrVersion) {
		t.Errorf("error %v", err)
	}
}

func FuzzPair(f *testing.F) {
	f.Add(envelope.AppendPair(nil, "k", "v"), "k")
	f.Add([]byte{1, 'k', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "k")
	f.Add([]byte{0, 0, 0}, "")
	f.Fuzz(func(t *testing.T, pairs []byte, key string) {
		got := envelope.Pair(pairs, key)
		if len(got) > len(pairs) {
			t.Errorf("%d bytes came of %d", len(got), len(pairs))
		}
	})
}
