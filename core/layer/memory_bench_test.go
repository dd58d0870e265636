package layer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/chanx-go/chanx/core/layer"
)

func BenchmarkMemoryPublish(b *testing.B) {
	for _, subscribers := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			m := benchMemory(b, "room", subscribers)
			data := []byte("hello")
			b.ReportAllocs()
			for b.Loop() {
				_ = m.Publish(context.Background(), "room", data)
			}
		})
	}
}

func BenchmarkMemoryPublishParallel(b *testing.B) {
	b.Run("one channel", func(b *testing.B) {
		m := benchMemory(b, "room", 1)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = m.Publish(context.Background(), "room", nil)
			}
		})
	})
	b.Run("own channels", func(b *testing.B) {
		m := layer.NewMemory()
		var n atomic.Int64
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			room := fmt.Sprint("room", n.Add(1))
			_, _ = m.Subscribe(context.Background(), room, func([]byte) {})
			for pb.Next() {
				_ = m.Publish(context.Background(), room, nil)
			}
		})
	})
}

func BenchmarkMemorySubscribe(b *testing.B) {
	m := layer.NewMemory()
	b.ReportAllocs()
	for b.Loop() {
		s, _ := m.Subscribe(context.Background(), "room", func([]byte) {})
		_ = s.Unsubscribe()
	}
}

func benchMemory(b *testing.B, channel string, subscribers int) *layer.Memory {
	b.Helper()
	m := layer.NewMemory()
	for range subscribers {
		if _, err := m.Subscribe(context.Background(), channel, func([]byte) {}); err != nil {
			b.Fatal(err)
		}
	}
	return m
}
