package wire_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// parse reads one server frame.
func parse(t *testing.T, b []byte) (first byte, data []byte) {
	t.Helper()
	n, head := int(b[1]), 2
	switch n {
	case 126:
		n, head = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		n, head = int(binary.BigEndian.Uint64(b[2:])), 10
	}
	if len(b) != head+n {
		t.Fatalf("the frame says %d bytes and has %d", n, len(b)-head)
	}
	return b[0], b[head:]
}

func TestFrameSizes(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		text := bytes.Repeat([]byte("x"), size)
		inPlace := wire.Frame(append(make([]byte, wire.Headroom), text...))
		appended := append(wire.AppendHeader(nil, wire.OpText, size), text...)
		for _, frame := range [][]byte{inPlace, appended} {
			first, data := parse(t, frame)
			if first != 0x81 || !bytes.Equal(data, text) {
				t.Errorf("size %d: first byte %x, %d bytes", size, first, len(data))
			}
		}
	}
}

func TestAppendClose(t *testing.T) {
	for _, test := range []struct {
		code   int
		reason string
		want   string // code and reason, "" for a frame without
	}{
		{1000, "", "\x03\xe8"},
		{4409, "too slow", "\x11\x39too slow"},
		{1005, "x", ""}, {1006, "x", ""}, {1015, "x", ""}, {999, "x", ""}, {5000, "x", ""},
		{1000, strings.Repeat("x", 200), "\x03\xe8" + strings.Repeat("x", 123)},
		{1000, strings.Repeat("é", 100), "\x03\xe8" + strings.Repeat("é", 61)},
	} {
		first, data := parse(t, wire.AppendClose(nil, test.code, test.reason))
		if first != 0x88 || string(data) != test.want || !utf8.Valid(data[min(2, len(data)):]) {
			t.Errorf("%d %q: first byte %x, data %q", test.code, test.reason, first, data)
		}
	}
}

func TestAppendControlIsBounded(t *testing.T) {
	_, data := parse(t, wire.AppendControl(nil, wire.OpPong, make([]byte, 300)))
	if len(data) != 125 {
		t.Errorf("a control frame with %d bytes", len(data))
	}
}

func TestAppendHead(t *testing.T) {
	for _, test := range []struct {
		head wire.Head
		want string
	}{
		{wire.Head{Discriminator: "action", Action: "a"}, `{"action":"a","payload":1}`},
		{wire.Head{Discriminator: "type", Action: "a\"b", Ref: []byte(`"7"`)}, `{"ref":"7","type":"a\"b","payload":1}`},
		{wire.Head{Discriminator: "action", Action: "a", Topic: "t:é", Seq: 5}, `{"version":1,"topic":"t:é","seq":5,"action":"a","payload":1}`},
	} {
		got := string(wire.AppendTail(append(wire.AppendHead(nil, test.head), '1')))
		if got != test.want {
			t.Errorf("%s, not %s", got, test.want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("q\"\\\n\x00é\u2028")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		b := wire.AppendString(nil, s)
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q is written as %s: %v", s, b, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && got != want {
			t.Errorf("%q became %q", s, got)
		}
	})
}
