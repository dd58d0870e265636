package wsconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chanx-go/chanx/core/internal/wsconn"
)

const limit = 40_000

// shape is a stream of frames and what comes of it.
type shape struct {
	name   string
	stream []byte
	want   []string // what is called
	end    string   // how it ends; "1006" is the end of the stream
}

func shapes() []shape {
	text := func(s string) []byte { return frame(0x81, s) }
	long := func(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
	saw := func(s string) string { return "text " + short([]byte(s)) }
	join := slices.Concat[[]byte]
	return []shape{
		{"nothing", nil, nil, "1006"},
		{"text", text("hello"), []string{"text hello"}, "1006"},
		{"binary", frame(0x82, "\x00\xff"), []string{"binary \x00\xff"}, "1006"},
		{"empty", text(""), []string{"text "}, "1006"},
		{"many", bytes.Repeat(text("x"), 100), slices.Repeat([]string{"text x"}, 100), "1006"},
		{"of 125 to 127", join(text(long(125)), text(long(126)), text(long(127))), []string{saw(long(125)), saw(long(126)), saw(long(127))}, "1006"},
		{"as large as the buffer", join(text("a"), text(long(16<<10-8)), text("b")), []string{"text a", saw(long(16<<10 - 8)), "text b"}, "1006"},
		{"larger than the buffer", join(text("a"), text(long(16<<10-7)), text("b")), []string{"text a", saw(long(16<<10 - 7)), "text b"}, "1006"},
		{"many buffers of small ones", bytes.Repeat(text(long(77)), 700), slices.Repeat([]string{saw(long(77))}, 700), "1006"},
		{"buffers that end within a header", bytes.Repeat(text(long(4093)), 13), slices.Repeat([]string{saw(long(4093))}, 13), "1006"},
		{"fragments", join(frame(0x01, "a"), frame(0x00, "b"), frame(0x00, ""), frame(0x80, "c"), text("d")), []string{"text abc", "text d"}, "1006"},
		{"fragments with controls between", join(frame(0x01, "a"), frame(0x89, "p"), frame(0x00, "b"), frame(0x8a, "q"), frame(0x80, "c"), text("d")),
			[]string{"9 p", "a q", "text abc", "text d"}, "1006"},
		{"fragments of small and large", join(frame(0x02, long(20_000)), frame(0x00, "-"), frame(0x80, long(19_999)), text("d")),
			[]string{"binary " + short([]byte(long(20_000)+"-"+long(19_999))), "text d"}, "1006"},
		{"controls", join(frame(0x89, ""), text("a"), frame(0x8a, "pong"), frame(0x89, long(125)), text("b")), []string{"9 ", "text a", "a pong", "9 " + long(125), "text b"}, "1006"},
		{"at the limit", join(text(long(limit)), text("a")), []string{saw(long(limit)), "text a"}, "1006"},
		{"over the limit", join(text("a"), text(long(limit+1)), text("b")), []string{"text a"}, "1009"},
		{"fragments over the limit", join(frame(0x01, long(limit)), frame(0x80, "b")), nil, "1009"},
		{"length of 2^63", []byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, nil, "1002"},
		{"length of 2^62", append([]byte{0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, "abc"...), nil, "1006"},
		{"compressed", join(frame(0xc1, deflated("hello")), text("plain"), frame(0xc2, deflated(long(30_000)))),
			[]string{"text hello", "text plain", "binary " + short([]byte(long(30_000)))}, "1006"},
		{"compressed fragments", join(frame(0x41, deflated(long(999))[:5]), frame(0x89, "p"), frame(0x80, deflated(long(999))[5:]), text("d")),
			[]string{"9 p", saw(long(999)), "text d"}, "1006"},
		{"compressed at the limit", frame(0xc1, deflated(long(limit))), []string{saw(long(limit))}, "1006"},
		{"a bomb", join(text("a"), frame(0xc1, deflated(strings.Repeat("\x00", 10<<20)))), []string{"text a"}, "1009"},
		{"not deflate", join(text("a"), frame(0xc1, "\xff\xff\xff\xff")), []string{"text a"}, "1007"},
		{"compressed and cut short", frame(0xc1, deflated(long(3_000)))[:20], nil, "1006"},
		{"close", join(text("a"), closing(1001, "bye"), text("b")), []string{"text a"}, "1001 remote bye"},
		{"close without a code", frame(0x88, ""), nil, "1005 remote"},
		{"close of an application", closing(4321, ""), nil, "4321 remote"},
		{"close within a message", join(frame(0x01, "a"), closing(1000, "")), nil, "1000 remote"},
		{"close with half a code", frame(0x88, "\x03"), nil, "1002"},
		{"close with 1005", closing(1005, ""), nil, "1002"},
		{"close with 999", closing(999, ""), nil, "1002"},
		{"close with 5000", closing(5000, ""), nil, "1002"},
		{"close with a reason that is not UTF-8", closing(1000, "\xff"), nil, "1007"},
		{"close too long", frame(0x88, "\x03\xe8"+long(124)), nil, "1002"},
		{"unmasked", join(text("a"), []byte{0x81, 1, 'x'}), []string{"text a"}, "1002"},
		{"unmasked ping", []byte{0x89, 0}, nil, "1002"},
		{"RSV1 on a ping", frame(0xc9, ""), nil, "1002"},
		{"RSV2", frame(0xa1, "a"), nil, "1002"},
		{"RSV3", frame(0x91, "a"), nil, "1002"},
		{"opcode 3", frame(0x83, "a"), nil, "1002"},
		{"opcode 15", frame(0x8f, "a"), nil, "1002"},
		{"ping in fragments", frame(0x09, "a"), nil, "1002"},
		{"ping too long", frame(0x89, long(126)), nil, "1002"},
		{"continuation of nothing", frame(0x80, "a"), nil, "1002"},
		{"text within a message", join(frame(0x01, "a"), text("b")), nil, "1002"},
		{"cut in a header", join(text("a"), []byte{0x81}), []string{"text a"}, "1006"},
		{"cut in a payload", join(text("a"), text("bcdef")[:8]), []string{"text a"}, "1006"},
		{"cut in a message", join(text("a"), frame(0x01, "a")), []string{"text a"}, "1006"},
	}
}

func TestServe(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		for _, sh := range shapes() {
			for _, chunk := range []int{1 << 20, 1000, 7, 1} {
				if len(sh.stream)/chunk > 20_000 {
					continue
				}
				s := open(t, kind, wsconn.Options{ReadLimit: limit, Compression: true}, "")
				s.serve(nil)
				sent := make(chan struct{})
				go func() {
					s.send(sh.stream, chunk)
					_ = s.client.Close()
					close(sent)
				}()
				err := <-s.err
				if got := ended(err); got != sh.end {
					t.Errorf("%s in chunks of %d: ended with %q (%v), want %q", sh.name, chunk, got, err, sh.end)
				}
				if d := cmp.Diff(sh.want, s.transcript()); d != "" {
					t.Errorf("%s in chunks of %d: calls (-want +got)\n%s", sh.name, chunk, d)
				}
				_ = s.c.Close()
				<-sent
			}
		}
	})
}

// What came with the handshake is served first, wherever it is cut.
func TestServeEarlyBytes(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		stream := slices.Concat(frame(0x81, "one"), frame(0x89, "p"), frame(0x01, "tw"), frame(0x80, "o"), frame(0xc1, deflated("three")), frame(0x82, "four"))
		want := []string{"text one", "9 p", "text two", "text three", "binary four"}
		for cut := range len(stream) + 1 {
			s := open(t, kind, wsconn.Options{Compression: true}, string(stream[:cut]))
			s.serve(nil)
			s.send(stream[cut:], 1<<20)
			_ = s.client.Close()
			if got := ended(<-s.err); got != "1006" {
				t.Fatalf("cut at %d: ended with %s", cut, got)
			}
			if d := cmp.Diff(want, s.transcript()); d != "" {
				t.Fatalf("cut at %d: calls (-want +got)\n%s", cut, d)
			}
			_ = s.c.Close()
		}
	})
}

func TestServeReturnsTheCallbacksError(t *testing.T) {
	onEach(t, func(t *testing.T, kind string) {
		stop := errors.New("stop")
		s := open(t, kind, wsconn.Options{}, "")
		s.serve(func(string) error { return stop })
		s.send(append(frame(0x81, "a"), frame(0x81, "b")...), 1<<20)
		if err := <-s.err; !errors.Is(err, stop) {
			t.Fatalf("ended with %v", err)
		}
		if d := cmp.Diff([]string{"text a"}, s.transcript()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestServeOnlyOnce(t *testing.T) {
	s := open(t, "tcp", wsconn.Options{}, "")
	_ = s.client.Close()
	s.serve(nil)
	err := <-s.err
	if !errors.Is(err, io.EOF) {
		t.Fatalf("ended with %v", err)
	}
	if err := s.c.Serve(nil, nil); err == nil {
		t.Fatal("served again")
	}
}

// A message that is followed at once by the end of the stream must not hide it,
// whether or not it is answered.
func TestServeSeesTheEndBehindAMessage(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		for _, answer := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " answered ", answer), func(t *testing.T) {
				for range 200 {
					s := open(t, kind, wsconn.Options{}, "")
					s.send(frame(0x81, "last words"), 1<<20)
					_ = s.client.Close()
					s.serve(func(string) error {
						if answer {
							if _, err := s.c.TryWrite([]byte("\x81\x01a")); err != nil && kind == "unix" {
								_ = s.c.Close() // there is no reset to come
							}
						}
						return nil
					})
					if got := ended(<-s.err); got != "1006" {
						t.Fatalf("ended with %s", got)
					}
					_ = s.c.Close()
				}
			})
		}
	}
}

// A client that starts a control frame within a message and leaves it there is
// not waited for.
func TestServeHalfAControlFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "pipe", wsconn.Options{}, "")
		s.serve(nil)
		start := time.Now()
		s.send(append(frame(0x01, "a"), frame(0x89, "ping")[:8]...), 1<<20)
		if got := ended(<-s.err); got != "1002" || time.Since(start) > 10*time.Second {
			t.Fatalf("ended with %s after %v", got, time.Since(start))
		}
	})
}
