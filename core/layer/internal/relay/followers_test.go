package relay_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

func TestFollow(t *testing.T) {
	t.Parallel()
	tests := map[string]func(f *following){
		"one after the other": func(f *following) {
			tr := f.follow()
			f.deliver(f.append(3)...)
			tr.expect(f.T, "a", 1, 3)
			if f.count(&f.reads) != 0 {
				f.Errorf("read %d times", f.count(&f.reads))
			}
		},
		"from where it is": func(f *following) {
			f.append(10)
			tr := f.follow()
			if want := (layer.Position{Epoch: "a", Seq: 10}); tr.at != want {
				f.Errorf("followed from %v, want %v", tr.at, want)
			}
			f.deliver(f.append(1)...)
			tr.expect(f.T, "a", 11, 11)
		},
		"while it begins": func(f *following) {
			f.deliver(f.append(2)...) // to nobody
			f.onHeads = func() {
				f.onHeads = nil
				f.deliver(f.append(3)...)
			}
			at, _, err := f.Follow(f.Context(), "other", func(layer.Entry) { f.Error("of another channel") })
			if err != nil || at.Seq != 2 {
				f.Errorf("followed from %v, %v", at, err)
			}
			f.onHeads = func() {
				f.onHeads = nil
				f.deliver(f.append(3)...)
			}
			tr := f.follow()
			if tr.at.Seq < 5 {
				f.Errorf("followed from %v", tr.at)
			}
			tr.expect(f.T, "a", tr.at.Seq+1, 8)
			f.deliver(f.append(1)...)
			tr.expect(f.T, "a", 9, 9)
			if n := f.count(&f.reads); n != 0 {
				f.Errorf("read %d times", n)
			}
		},
		"again and late": func(f *following) {
			tr := f.follow()
			entries := f.append(3)
			f.deliver(entries...)
			f.deliver(entries...)
			synctest.Wait()
			f.deliver(entries...)
			tr.expect(f.T, "a", 1, 3)
		},
		"overtaken": func(f *following) {
			tr := f.follow()
			e := f.append(3)
			f.deliver(e[2], e[0], e[1])
			tr.expect(f.T, "a", 1, 3)
		},
		"left out": func(f *following) {
			tr := f.follow()
			f.deliver(f.append(1)...)
			f.append(500)
			f.deliver(f.append(1)...)
			tr.expect(f.T, "a", 1, 502)
		},
		"the last one left out": func(f *following) {
			tr := f.follow()
			f.append(3)
			pass(24 * time.Second)
			if f.count(&f.reads) != 0 {
				f.Error("swept early")
			}
			pass(time.Second)
			tr.expect(f.T, "a", 1, 3)
		},
		"missed in an outage": func(f *following) {
			tr := f.follow()
			f.status.Down(0, errCut)
			f.fail(layer.ErrUnavailable)
			f.append(3)
			pass(time.Minute)
			f.fail(nil)
			f.status.Up(0)
			f.Restored(func(channel string) bool { return channel != "room" })
			tr.expect(f.T, "a", 1, 0)
			f.Restored(func(channel string) bool { return channel == "room" })
			tr.expect(f.T, "a", 1, 3)
		},
		"restored, and away again": func(f *following) {
			tr := f.follow()
			f.fail(layer.ErrUnavailable)
			f.append(3)
			f.Restored(nil)
			pass(10 * time.Second)
			f.fail(nil)
			pass(5 * time.Second)
			tr.expect(f.T, "a", 1, 3)
		},
		"not readable for a while": func(f *following) {
			tr := f.follow()
			f.append(1)
			f.fail(errCut)
			f.deliver(f.append(1)...)
			pass(20 * time.Second)
			if f.count(&f.reads) < 5 || f.count(&f.reads) > 20 {
				f.Errorf("tried %d times to read", f.count(&f.reads))
			}
			f.fail(nil)
			f.Restored(nil) // doesn't wait for the next try
			tr.expect(f.T, "a", 1, 2)
		},
		"gone for good": func(f *following) {
			tr := f.follow()
			f.deliver(f.append(1)...)
			tr.expect(f.T, "a", 1, 1)
			f.append(1000)
			f.keep(7)
			f.Restored(nil)
			tr.expect(f.T, "a", 995, 1001)
			if f.count(&f.gaps) > 20 {
				f.Errorf("looked %d times for what is kept", f.count(&f.gaps))
			}
		},
		"gone for good, all": func(f *following) {
			tr := f.follow()
			f.append(1000)
			f.keep(0)
			f.Restored(nil)
			tr.expect(f.T, "a", 1, 0)
			f.deliver(f.append(1)...)
			tr.expect(f.T, "a", 1001, 1001)
		},
		"another epoch": func(f *following) {
			f.append(5)
			tr := f.follow()
			f.restart("b")
			f.append(2)
			f.deliver(f.append(1)...)
			tr.expect(f.T, "b", 1, 3)
			f.deliver(f.append(1)...)
			tr.expect(f.T, "b", 4, 4)
		},
		"another epoch, unannounced": func(f *following) {
			f.append(5)
			tr := f.follow()
			f.restart("b")
			f.append(200)
			f.keep(10)
			pass(25 * time.Second)
			tr.expect(f.T, "b", 191, 200)
		},
		"an epoch that is over": func(f *following) {
			tr := f.follow()
			old := f.append(1)
			f.restart("b")
			f.deliver(f.append(1)...)
			tr.expect(f.T, "b", 1, 1)
			f.deliver(old...)
			f.deliver(f.append(2)...)
			pass(time.Second)
			tr.expect(f.T, "b", 2, 3)
		},
		"the server went back": func(f *following) {
			f.append(10)
			tr := f.follow()
			f.restart("a") // with the same numbers again, which it must not
			f.append(3)
			pass(25 * time.Second)
			f.deliver(f.append(2)...)
			tr.expect(f.T, "a", 4, 5)
			if len(f.book.lines("fewer entries")) != 1 {
				f.Errorf("logged %q", f.book.lines(""))
			}
		},
		"the server knows less than it sends": func(f *following) {
			tr := f.follow()
			f.deliver(f.append(1)...)
			f.deliver(layer.Entry{Position: layer.Position{Epoch: "a", Seq: 9}, Data: []byte("{a 9}")})
			pass(10 * time.Second)
			tr.expect(f.T, "a", 1, 1)
			// Those up to that number are not taken for known.
			f.deliver(f.append(2)...)
			tr.expect(f.T, "a", 2, 3)
			f.append(6)
			pass(25 * time.Second) // the sweep finds what was believed not to be there
			tr.expect(f.T, "a", 4, 9)
		},
		"made up": func(f *following) {
			tr := f.follow()
			for _, e := range []layer.Position{{Epoch: "a", Seq: 1 << 62}, {Epoch: "z", Seq: 1}, {Epoch: "z", Seq: 1 << 63}} {
				f.deliver(layer.Entry{Position: e, Data: []byte(fmt.Sprint(e))})
				f.deliver(f.append(3)...)
				pass(10 * time.Second)
			}
			tr.expect(f.T, "a", 1, 9)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			follows(t, test)
		})
	}
}

func TestFollowErrors(t *testing.T) {
	t.Parallel()
	follows(t, func(f *following) {
		t := f.T
		f.fail(layer.ErrUnavailable)
		if _, _, err := f.Follow(t.Context(), "room", nil); !errors.Is(err, layer.ErrUnavailable) {
			t.Errorf("Follow without the server: %v", err)
		}
		f.fail(nil)
		if f.count(&f.listens) != 0 {
			t.Error("it is listened to")
		}
		tr := f.follow()
		f.fail(errCut)
		// A further one doesn't need the server.
		also := &trail{}
		at, sub, err := f.Follow(f.Context(), "room", also.receive)
		if err != nil || at != tr.at {
			t.Fatalf("Follow where others do: from %v, %v", at, err)
		}
		f.deliver(f.append(1)...)
		tr.expect(t, "a", 1, 1)
		also.expect(t, "a", 1, 1)
		if err := sub.Unsubscribe(); err != nil {
			t.Error(err)
		}
		f.deliver(f.append(1)...)
		tr.expect(t, "a", 2, 2)
		also.expect(t, "a", 2, 1)
		if f.count(&f.listens) != 1 {
			t.Errorf("it is listened to %d times", f.count(&f.listens))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, _, err := f.Follow(t.Context(), "room", nil); !errors.Is(err, layer.ErrClosed) {
			t.Errorf("Follow after Close: %v", err)
		}
	})
}

// Entries that come faster than they are taken are read later.
func TestFollowSlowly(t *testing.T) {
	t.Parallel()
	follows(t, func(f *following) {
		t := f.T
		leave := make(chan struct{})
		tr := f.follow()
		tr.onGet = func(layer.Entry) { <-leave }
		for range 50 {
			f.deliver(f.append(100)...)
			synctest.Wait()
		}
		close(leave)
		tr.expect(t, "a", 1, 5000)
		if f.count(&f.reads) == 0 || f.count(&f.reads) > 60 {
			t.Errorf("read %d times", f.count(&f.reads))
		}
	})
}

// Entries that are gone before they can be read are left out, and others come.
func TestFollowWhatGoesAtOnce(t *testing.T) {
	t.Parallel()
	for _, announced := range []bool{false, true} {
		follows(t, func(f *following) {
			tr := f.follow()
			f.append(1)
			over := time.Now().Add(10 * time.Second)
			f.onRead = func() {
				if time.Now().After(over) {
					return
				}
				entries := f.append(5)
				f.keep(0)
				if announced {
					f.deliver(entries...)
				}
			}
			f.Restored(nil)
			pass(time.Minute)
			tr.mu.Lock()
			n := len(tr.got)
			tr.got = nil
			tr.mu.Unlock()
			if announced != (n > 0) {
				f.Errorf("got %d entries", n)
			}
			if n := f.count(&f.reads); n > 400 {
				f.Errorf("read %d times", n)
			}
			e := f.append(1)[0]
			f.deliver(e)
			tr.expect(f.T, "a", e.Seq, e.Seq)
		})
	}
}

// Who ends following while it is being read, in the handler, ends the reading.
func TestUnfollowAmidReading(t *testing.T) {
	t.Parallel()
	follows(t, func(f *following) {
		t := f.T
		var sub layer.Subscription
		tr := &trail{}
		tr.onGet = func(e layer.Entry) {
			if e.Seq == 10 {
				if err := sub.Unsubscribe(); err != nil {
					t.Error(err)
				}
			}
		}
		var err error
		if _, sub, err = f.Follow(t.Context(), "room", tr.receive); err != nil {
			t.Fatal(err)
		}
		f.append(1000)
		f.Restored(nil)
		tr.expect(t, "a", 1, 10)
		if f.count(&f.listens) != 0 {
			t.Error("it is still listened to")
		}
		pass(time.Minute)
		if f.count(&f.reads) > 2 {
			t.Errorf("read %d times", f.count(&f.reads))
		}
	})
}

// Whatever the server and the way to it do, a follower gets what is kept, in order
// and once; and numbers that are left out are of entries that were gone.
func TestFollowModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			follows(t, func(f *following) { modelFollow(f, rand.New(rand.NewPCG(seed, 6))) })
		})
	}
}

func modelFollow(f *following, r *rand.Rand) {
	var last layer.Position
	tr := &trail{}
	slow := r.IntN(2) == 0
	tr.onGet = func(e layer.Entry) {
		f.mu.Lock()
		switch same := e.Epoch == last.Epoch; {
		case same && e.Seq <= last.Seq:
			f.Errorf("%v came after %v", e.Position, last)
		case same && e.Seq > last.Seq+1 && e.Epoch == f.epoch && f.gone < e.Seq-1:
			f.Errorf("%v came after %v, where those after %d are kept", e.Position, last, f.gone)
		case !same && e.Seq > 1 && e.Epoch == f.epoch && f.gone < e.Seq-1:
			f.Errorf("%v came first, where those after %d are kept", e.Position, f.gone)
		}
		last = e.Position
		f.mu.Unlock()
		if slow {
			<-time.After(time.Millisecond)
		}
	}
	at, _, err := f.Follow(f.Context(), "room", tr.receive)
	if err != nil {
		f.Fatal(err)
	}
	f.mu.Lock()
	last = at
	f.mu.Unlock()
	var late []layer.Entry // on their way
	down, epoch := false, 0
	for range 200 {
		switch p := r.IntN(100); {
		case p < 50:
			for _, e := range f.append(1 + r.IntN(10)*r.IntN(10)) {
				switch q := r.IntN(20); {
				case down || q == 0:
				case q == 1:
					late = append(late, e)
				case q == 2:
					f.deliver(e, e)
				default:
					f.deliver(e)
				}
			}
		case p < 60 && len(late) > 0:
			i := r.IntN(len(late))
			f.deliver(late[i:]...)
			late = late[:i]
		case p < 70:
			f.keep(r.IntN(100))
		case p < 73:
			epoch++
			f.restart(fmt.Sprint("epoch ", epoch))
		case p < 78 && !down:
			down = true
			f.fail(layer.ErrUnavailable)
			f.status.Down(0, errCut)
		case p < 84 && down:
			down = false
			f.fail(nil)
			f.status.Up(0)
			f.Restored(nil)
		default:
			<-time.After(time.Duration(r.IntN(2000)) * time.Millisecond)
		}
	}
	f.fail(nil)
	f.status.Up(0)
	pass(time.Minute)
	pass(time.Minute)
	f.mu.Lock()
	defer f.mu.Unlock()
	if head := f.head(); last != head && (len(f.entries) > 0 || last.Epoch == f.epoch && last.Seq > head.Seq) {
		f.Errorf("the last one that came is %v, the server has up to %v, and keeps %d", last, head, len(f.entries))
	}
}

// Many channels are compared with the server in few calls.
func TestSweepInBatches(t *testing.T) {
	t.Parallel()
	s := newServer()
	var heads int
	p := s.start(t, relay.Options{})
	for i := range 2000 {
		if _, _, err := p.Follow(t.Context(), fmt.Sprint(i), func(layer.Entry) {}); err != nil {
			t.Fatal(err)
		}
	}
	p.mu.Lock()
	p.call = func(what string) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if what == "heads" {
			heads++
		}
		return nil
	}
	p.mu.Unlock()
	p.followers.Restored(nil)
	wait(t, "all were compared", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return heads >= 4
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if heads != 4 {
		t.Errorf("asked %d times", heads)
	}
}
