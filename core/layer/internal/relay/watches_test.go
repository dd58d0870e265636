package relay_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *watching, b *guestBook){
		"one after the other": func(w *watching, b *guestBook) {
			w.deliver(w.enter("bob", "1"), w.enter("ann", "2"), w.leave("bob"))
			b.expect(w.T, "+bob=1", "+ann=2", "-bob")
			if n := w.count(&w.lists); n != 1 {
				w.Errorf("listed %d times", n)
			}
		},
		"again and late": func(w *watching, b *guestBook) {
			come, gone := w.enter("bob", "1"), w.leave("bob")
			w.deliver(come, come, gone, come, gone)
			b.expect(w.T, "+bob=1", "-bob")
		},
		"one left out": func(w *watching, b *guestBook) {
			w.enter("bob", "1")
			w.deliver(w.leave("ann"), w.enter("eve", "1"))
			b.expect(w.T, "+bob=1 +eve=1 -ann")
		},
		"overtaken": func(w *watching, b *guestBook) {
			come, gone := w.enter("bob", "1"), w.leave("bob")
			w.deliver(gone, come)
			b.expect(w.T)
			w.deliver(w.enter("eve", "1"))
			b.expect(w.T, "+eve=1")
		},
		"unknown version": func(w *watching, b *guestBook) {
			w.enter("bob", "1")
			w.deliver(change{})
			b.expect(w.T, "+bob=1")
		},
		"all at once": func(w *watching, b *guestBook) {
			delete(w.there, "ann")
			w.enter("bob", "1")
			w.deliver(change{2, layer.PresenceChange{All: true, Joined: []layer.Member{{Key: "bob", Info: []byte("1")}}}})
			b.expect(w.T, "+bob=1 -ann")
		},
		"nothing changed": func(w *watching, b *guestBook) {
			w.deliver(w.enter("ann", "1"), w.leave("bob"))
			b.expect(w.T)
		},
		"the last one left out": func(w *watching, b *guestBook) {
			w.enter("bob", "1")
			pass(24 * time.Second)
			b.expect(w.T)
			pass(2 * time.Second)
			b.expect(w.T, "+bob=1")
		},
		"late, not lost": func(w *watching, b *guestBook) {
			late := w.enter("bob", "1")
			pass(25*time.Second + 100*time.Millisecond)
			w.deliver(late)
			pass(time.Minute)
			b.expect(w.T, "+bob=1")
			if n := w.count(&w.lists); n != 1 {
				w.Errorf("listed %d times", n)
			}
		},
		"missed in an outage": func(w *watching, b *guestBook) {
			w.status.Down(0, errCut)
			w.fail(layer.ErrUnavailable)
			w.enter("bob", "1")
			w.leave("ann")
			pass(time.Minute)
			w.fail(nil)
			w.status.Up(0)
			w.Restored(func(channel string) bool { return channel != "room" })
			pass(time.Second)
			b.expect(w.T)
			w.Restored(nil)
			pass(time.Second)
			b.expect(w.T, "+bob=1 -ann")
		},
		"the server forgot": func(w *watching, b *guestBook) {
			w.deliver(w.enter("bob", "1"))
			b.expect(w.T, "+bob=1")
			w.restart()
			w.Restored(nil)
			b.expect(w.T, "-ann -bob")
			w.deliver(w.enter("eve", "1"))
			b.expect(w.T, "+eve=1")
		},
		"not to be listed for a while": func(w *watching, b *guestBook) {
			w.fail(errCut)
			w.enter("bob", "1")
			w.deliver(w.enter("eve", "1"))
			pass(10 * time.Second)
			if n := w.count(&w.lists); n < 5 || n > 12 {
				w.Errorf("tried %d times", n)
			}
			w.fail(nil)
			w.deliver(w.leave("ann"))
			w.Restored(nil) // doesn't wait for the next try
			b.expect(w.T, "+bob=1 +eve=1 -ann")
		},
		"much while it is listed": func(w *watching, b *guestBook) {
			w.onList = func() { <-time.After(time.Second) }
			w.deliver(change{})
			pass(time.Millisecond)
			for i := range 3000 {
				w.deliver(w.enter(strconv.Itoa(i), "1"))
			}
			pass(10 * time.Second)
			w.deliver(w.leave("ann"))
			b.isUpToDate(w.T, w.guests)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watches(t, func(w *watching) {
				b := w.watch()
				b.expect(w.T, "all +ann=1")
				test(w, b)
				b.isUpToDate(w.T, w.guests)
			})
		})
	}
}

func TestWatchErrors(t *testing.T) {
	t.Parallel()
	watches(t, func(w *watching) {
		w.fail(layer.ErrUnavailable)
		never := func(layer.PresenceChange) { w.Error("told something") }
		if _, err := w.Watch(w.Context(), "room", never); !errors.Is(err, layer.ErrUnavailable) {
			w.Errorf("Watch without the server: %v", err)
		}
		if n := w.count(&w.listens); n != 0 {
			w.Errorf("listened to %d times", n)
		}
		w.fail(nil)
		w.watch()
		w.fail(layer.ErrUnavailable)
		if _, err := w.Watch(w.Context(), "room", never); !errors.Is(err, layer.ErrUnavailable) {
			w.Errorf("a second Watch without the server: %v", err)
		}
		w.fail(nil)
		if err := w.Close(); err != nil {
			w.Error(err)
		}
		if _, err := w.Watch(w.Context(), "room", never); !errors.Is(err, layer.ErrClosed) {
			w.Errorf("Watch after Close: %v", err)
		}
	})
}

// Who watches is first told of what has happened before, also where the others have
// not been told yet, or will never be by the server.
func TestWatchIsFresh(t *testing.T) {
	t.Parallel()
	watches(t, func(w *watching) {
		first := w.watch()
		late := w.enter("bob", "1")
		time.AfterFunc(100*time.Millisecond, func() { w.deliver(late) })
		w.watch().expect(w.T, "all +ann=1 +bob=1")
		first.expect(w.T, "all +ann=1", "+bob=1")
		w.enter("eve", "1")
		w.watch().expect(w.T, "all +ann=1 +bob=1 +eve=1")
		first.expect(w.T, "+eve=1")
	})
}

// Who is told slowly is told everyone anew, when too much has changed.
func TestWatchSlowly(t *testing.T) {
	t.Parallel()
	watches(t, func(w *watching) {
		slow, fast := &guestBook{}, w.watch()
		leave := make(chan struct{})
		slow.onTell = func(c layer.PresenceChange) {
			if !c.All {
				<-leave
			}
		}
		if _, err := w.Watch(w.Context(), "room", slow.tell); err != nil {
			w.Fatal(err)
		}
		for i := range 5000 {
			w.deliver(w.enter(strconv.Itoa(i%2000), strconv.Itoa(i/2000)))
		}
		close(leave)
		slow.isUpToDate(w.T, w.guests)
		fast.isUpToDate(w.T, w.guests)
		if n := len(slow.entries); n > 1100 {
			w.Errorf("told %d times", n)
		}
		w.deliver(w.leave("ann"))
		slow.isUpToDate(w.T, w.guests)
	})
}

// A handler that panics in its first call is not called again.
func TestWatchPanic(t *testing.T) {
	t.Parallel()
	watches(t, func(w *watching) {
		calls := 0
		func() {
			defer func() { _ = recover() }()
			_, _ = w.Watch(w.Context(), "room", func(layer.PresenceChange) {
				calls++
				panic("no")
			})
		}()
		w.deliver(w.enter("bob", "1"))
		synctest.Wait()
		if calls != 1 {
			w.Errorf("called %d times", calls)
		}
		if n := w.count(&w.listens); n != 0 {
			w.Errorf("it is listened to %d times", n)
		}
	})
}

// Whatever comes late, twice or not at all, watchers end up with who is there.
func TestWatchModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			watches(t, func(w *watching) { modelWatch(w, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func modelWatch(w *watching, r *rand.Rand) {
	books := []*guestBook{w.watch()}
	var late []change
	down := false
	for range 300 {
		switch p := r.IntN(100); {
		case p < 60:
			c := w.enter(strconv.Itoa(r.IntN(10)), strconv.Itoa(r.IntN(3)))
			if r.IntN(2) == 0 {
				c = w.leave(strconv.Itoa(r.IntN(10)))
			}
			switch q := r.IntN(20); {
			case down || q == 0:
			case q == 1:
				late = append(late, c)
			case q == 2:
				w.deliver(c, c)
			default:
				w.deliver(c)
			}
		case p < 65:
			w.deliver(late...)
			late = nil
		case p < 66:
			w.restart()
		case p < 70 && !down:
			down = true
			w.fail(layer.ErrUnavailable)
			w.status.Down(0, errCut)
		case p < 76 && down:
			down = false
			w.fail(nil)
			w.status.Up(0)
			w.Restored(nil)
		case p < 80 && !down:
			books = append(books, w.watch())
		default:
			<-time.After(time.Duration(r.IntN(1000)) * time.Millisecond)
		}
	}
	w.fail(nil)
	w.status.Up(0)
	pass(time.Minute)
	for _, b := range books {
		b.isUpToDate(w.T, w.guests)
	}
}
