package relay

import (
	"bytes"
	"math"
	"testing"
)

func FuzzParseStamp(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{stampVersion})
	f.Add(stamp{publisher: 1, number: 1}.append(nil))
	f.Add(append(stamp{publisher: math.MaxUint64, number: math.MaxUint64}.append(nil), "data"...))
	f.Add([]byte("\x02" + "12345678" + "\x01" + "another version"))
	f.Add([]byte("\x01" + "12345678" + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, message []byte) {
		s, data, ok := parseStamp(message)
		if !ok {
			return
		}
		again, rest, ok := parseStamp(append(s.append(nil), data...))
		if !ok || again != s || !bytes.Equal(rest, data) {
			t.Errorf("%x: %+v with %x comes back as %+v with %x, %v", message, s, data, again, rest, ok)
		}
	})
}

func TestStampIsShort(t *testing.T) {
	t.Parallel()
	for _, s := range []stamp{{}, {math.MaxUint64, math.MaxUint64}, {1, 127}} {
		b := s.append(nil)
		if len(b) > maxStamp {
			t.Errorf("%+v takes %d bytes, more than %d", s, len(b), maxStamp)
		}
		if got, data, ok := parseStamp(b); !ok || got != s || len(data) > 0 {
			t.Errorf("%+v comes back as %+v with %x, %v", s, got, data, ok)
		}
	}
	for n := range 10 {
		if _, _, ok := parseStamp(stamp{publisher: 7, number: 5}.append(nil)[:n]); ok {
			t.Errorf("%d bytes of a stamp are taken for one", n)
		}
	}
}
