package chanxnats_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

func plenty() layer.Retention { return layer.Retention{Entries: 10_000, Age: time.Hour} }

// BenchmarkAppend is one publisher, who waits for each entry to be stored.
func BenchmarkAppend(b *testing.B) {
	l := open(b, embed(b, nil).ClientURL(), nil)
	data := make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Append(b.Context(), "room", data, plenty()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads the last entries of a channel.
func BenchmarkRead(b *testing.B) {
	l := open(b, embed(b, nil).ClientURL(), nil)
	data := make([]byte, 256)
	for range 5000 {
		if err := l.Append(b.Context(), "room", data, plenty()); err != nil {
			b.Fatal(err)
		}
	}
	_, head, _ := l.Read(b.Context(), "room", layer.Position{}, 1)
	for _, back := range []int{0, 1, 10, 100, 1000} {
		b.Run(fmt.Sprint(back), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				at := layer.Position{Epoch: head.Epoch, Seq: head.Seq - uint64(back)}
				entries, _, err := l.Read(b.Context(), "room", at, 1000)
				if err != nil || len(entries) != back {
					b.Fatal(len(entries), err)
				}
			}
		})
	}
	b.Run("FarPage", func(b *testing.B) {
		at := layer.Position{Epoch: head.Epoch, Seq: 500}
		for b.Loop() {
			entries, _, err := l.Read(b.Context(), "room", at, 20)
			if err != nil || len(entries) != 20 {
				b.Fatal(len(entries), err)
			}
		}
	})
}

// BenchmarkPublish is one publisher, or many, who wait until the server has each
// message, and another process that gets all.
func BenchmarkPublish(b *testing.B) {
	url := embed(b, nil).ClientURL()
	data := make([]byte, 256)
	run := func(name string, publish func(b *testing.B, send func() bool)) {
		b.Run(name, func(b *testing.B) {
			l, other := open(b, url, nil), open(b, url, nil)
			var sent, got atomic.Int64
			all := make(chan struct{}, 1)
			if _, err := other.Subscribe(b.Context(), "room", func([]byte) {
				got.Add(1)
				select {
				case all <- struct{}{}:
				default:
				}
			}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			publish(b, func() bool {
				if err := l.Publish(b.Context(), "room", data); err != nil {
					b.Error(err)
					return false
				}
				sent.Add(1)
				return true
			})
			for got.Load() < sent.Load() {
				<-all
			}
		})
	}
	run("Alone", func(b *testing.B, send func() bool) {
		for b.Loop() {
			if !send() {
				return
			}
		}
	})
	run("Many", func(b *testing.B, send func() bool) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if !send() {
					return
				}
			}
		})
	})
}
