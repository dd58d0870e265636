package layer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

func BenchmarkMemoryEnterAndLeave(b *testing.B) {
	for _, watchers := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("watchers=%d", watchers), func(b *testing.B) {
			m := benchPresence(b)
			for range watchers {
				if _, err := m.Watch(context.Background(), "room", func(layer.PresenceChange) {}); err != nil {
					b.Fatal(err)
				}
			}
			s := layer.Session{Key: "ann", ID: "1", Owner: "p", Info: []byte(`{"name":"Ann"}`)}
			b.ReportAllocs()
			for b.Loop() {
				_ = m.Enter(context.Background(), "room", s)
				_ = m.Leave(context.Background(), "room", s, 0)
			}
		})
	}
}

func BenchmarkMemoryEnterAndLeaveInGrace(b *testing.B) {
	m := benchPresence(b)
	s := layer.Session{Key: "ann", ID: "1", Owner: "p"}
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Enter(context.Background(), "room", s)
		_ = m.Leave(context.Background(), "room", s, time.Hour)
	}
}

func BenchmarkMemoryEnterAndLeaveParallel(b *testing.B) {
	m := benchPresence(b)
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		room := fmt.Sprint("room", n.Add(1))
		_, _ = m.Watch(context.Background(), room, func(layer.PresenceChange) {})
		s := layer.Session{Key: "ann", ID: "1", Owner: "p"}
		for pb.Next() {
			_ = m.Enter(context.Background(), room, s)
			_ = m.Leave(context.Background(), room, s, 0)
		}
	})
}

// 10,000 members: told first to who watches, and listed.
func BenchmarkMemoryMembers(b *testing.B) {
	m := benchMembers(b, "room", 10_000)
	b.Run("Members", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = m.Members(context.Background(), "room")
		}
	})
	b.Run("Watch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, _ := m.Watch(context.Background(), "room", func(layer.PresenceChange) {})
			_ = s.Unsubscribe()
		}
	})
}

// An owner with 10,000 sessions is released, on one channel or on as many.
func BenchmarkMemoryRelease(b *testing.B) {
	for _, channels := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m := benchPresence(b)
				for i := range 10_000 {
					s := layer.Session{Key: fmt.Sprint(i), Owner: "p"}
					_ = m.Enter(context.Background(), fmt.Sprint("room", i%channels), s)
				}
				b.StartTimer()
				_ = m.Release(context.Background(), "p")
			}
		})
	}
}

func benchPresence(b *testing.B) *layer.Memory {
	b.Helper()
	m := layer.NewMemory()
	if _, err := m.Renew(context.Background(), "p", time.Hour); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Close() })
	return m
}

func benchMembers(b *testing.B, channel string, n int) *layer.Memory {
	b.Helper()
	m := benchPresence(b)
	for i := range n {
		s := layer.Session{Key: fmt.Sprint("user ", i), ID: "1", Owner: "p", Info: []byte(`{"name":"Ann"}`)}
		if err := m.Enter(context.Background(), channel, s); err != nil {
			b.Fatal(err)
		}
	}
	return m
}
