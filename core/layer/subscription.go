package layer

import (
	"slices"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// subscription is one handler on one channel of [Memory].
type subscription[T any] struct {
	registry registry[T]
	channel  string
	handler  func(T)
	gate     gate.Gate
}

// registry is where subscriptions stand.
type registry[T any] interface {
	remove(*subscription[T])
}

// Unsubscribe implements [Subscription].
func (s *subscription[T]) Unsubscribe() error {
	s.registry.remove(s)
	s.gate.Shut()
	return nil
}

// callAll calls every handler, also those after one that panics.
func callAll[T any](subs []*subscription[T], message T) {
	called := 0
	defer func() {
		if called < len(subs) {
			callAll(subs[called+1:], message)
		}
	}()
	for ; called < len(subs); called++ {
		sub := subs[called]
		sub.gate.Run(func() { sub.handler(message) })
	}
}

// subscribers is a channel's list of subscriptions. Who reads it takes no lock;
// who changes it holds one, or has taken the channel out of its registry.
type subscribers[T any] struct {
	list atomic.Pointer[[]*subscription[T]]
}

func (s *subscribers[T]) load() []*subscription[T] {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (s *subscribers[T]) add(sub *subscription[T]) {
	// Readers have shorter slices of the same array, so there is no need to copy.
	list := append(s.load(), sub)
	s.list.Store(&list)
}

// remove returns how many are left.
func (s *subscribers[T]) remove(sub *subscription[T]) int {
	old := s.load()
	i := slices.Index(old, sub)
	if i < 0 {
		return len(old)
	}
	list := slices.Concat(old[:i], old[i+1:])
	s.list.Store(&list)
	return len(list)
}

// clear returns those that were removed.
func (s *subscribers[T]) clear() []*subscription[T] {
	if old := s.list.Swap(nil); old != nil {
		return *old
	}
	return nil
}
