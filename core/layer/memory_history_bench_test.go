package layer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/chanx-go/chanx/core/layer"
)

func BenchmarkMemoryAppend(b *testing.B) {
	for _, followers := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("followers=%d", followers), func(b *testing.B) {
			m := layer.NewMemory()
			defer m.Close()
			for range followers {
				if _, _, err := m.Follow(context.Background(), "room", func(layer.Entry) {}); err != nil {
					b.Fatal(err)
				}
			}
			data := []byte("hello")
			b.ReportAllocs()
			for b.Loop() {
				_ = m.Append(context.Background(), "room", data, anHour)
			}
		})
	}
}

func BenchmarkMemoryAppendParallel(b *testing.B) {
	m := layer.NewMemory()
	defer m.Close()
	var n atomic.Int64
	data := []byte("hello")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		room := fmt.Sprint("room", n.Add(1))
		_, _, _ = m.Follow(context.Background(), room, func(layer.Entry) {})
		for pb.Next() {
			_ = m.Append(context.Background(), room, data, anHour)
		}
	})
}

func BenchmarkMemoryRead(b *testing.B) {
	m := layer.NewMemory()
	defer m.Close()
	at, _, err := m.Follow(context.Background(), "room", func(layer.Entry) {})
	for i := 0; i < anHour.Entries && err == nil; i++ {
		err = m.Append(context.Background(), "room", []byte("hello"), anHour)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if entries, _, _ := m.Read(context.Background(), "room", at, 100); len(entries) != 100 {
			b.Fatalf("%d entries", len(entries))
		}
	}
}
