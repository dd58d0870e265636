package local

import (
	"slices"
	"sync/atomic"

	"github.com/chanx-go/chanx/core/layer/internal/gate"
)

// Subscription is one handler on one channel.
type Subscription[T any] struct {
	Registry Registry[T]
	Channel  string
	Handler  func(T)
	Gate     gate.Gate
}

// Registry is where subscriptions stand.
type Registry[T any] interface {
	Remove(*Subscription[T])
}

// Unsubscribe implements layer.Subscription.
func (s *Subscription[T]) Unsubscribe() error {
	s.Registry.Remove(s)
	s.Gate.Shut()
	return nil
}

// CallAll calls every handler, also those after one that panics.
func CallAll[T any](subs []*Subscription[T], message T) {
	called := 0
	defer func() {
		if called < len(subs) {
			CallAll(subs[called+1:], message)
		}
	}()
	for ; called < len(subs); called++ {
		sub := subs[called]
		sub.Gate.Run(func() { sub.Handler(message) })
	}
}

// Subscribers is a channel's list of subscriptions. Who reads it takes no lock;
// who changes it holds one, or has taken the channel out of its registry.
type Subscribers[T any] struct {
	list atomic.Pointer[[]*Subscription[T]]
}

// Load returns the subscriptions, oldest first. The slice is not to be changed.
func (s *Subscribers[T]) Load() []*Subscription[T] {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// Add adds one.
func (s *Subscribers[T]) Add(sub *Subscription[T]) {
	// Readers have shorter slices of the same array, so there is no need to copy.
	list := append(s.Load(), sub)
	s.list.Store(&list)
}

// Remove removes one, and returns how many are left.
func (s *Subscribers[T]) Remove(sub *Subscription[T]) int {
	old := s.Load()
	i := slices.Index(old, sub)
	if i < 0 {
		return len(old)
	}
	list := slices.Concat(old[:i], old[i+1:])
	s.list.Store(&list)
	return len(list)
}

// Clear removes all, and returns them.
func (s *Subscribers[T]) Clear() []*Subscription[T] {
	if old := s.list.Swap(nil); old != nil {
		return *old
	}
	return nil
}
