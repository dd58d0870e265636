package relay_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/internal/relay"
)

// loop is a broker that keeps the last message.
type loop struct{ last []byte }

func (*loop) Part(string) int                      { return 0 }
func (*loop) Listen(context.Context, string) error { return nil }
func (*loop) Unlisten(string)                      {}
func (l *loop) Post(_ string, data []byte) (relay.Posted, error) {
	l.last = append(l.last[:0], data...)
	return done, nil
}

// What publishing costs besides what the broker does, by how many subscribe here.
func BenchmarkPublish(b *testing.B) {
	for _, subs := range []int{0, 1, 10} {
		b.Run(fmt.Sprint(subs), func(b *testing.B) {
			c := relay.NewChannels(&loop{}, relay.NewStatus(nil, "x"), relay.Options{})
			defer c.Close()
			for range subs {
				if _, err := c.Subscribe(b.Context(), "room", func([]byte) {}); err != nil {
					b.Fatal(err)
				}
			}
			data := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Publish(b.Context(), "room", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What it costs to give a message of another process to one handler, or to find that
// nobody wants it, or that it is one's own.
func BenchmarkReceive(b *testing.B) {
	from := &loop{}
	other := relay.NewChannels(from, relay.NewStatus(nil, "x"), relay.Options{})
	defer other.Close()
	data := make([]byte, 100)
	var got atomic.Int64
	done := make(chan struct{}, 1)
	target := int64(0)
	own := &loop{}
	c := relay.NewChannels(own, relay.NewStatus(nil, "x"), relay.Options{})
	defer c.Close()
	if _, err := c.Subscribe(b.Context(), "room", func([]byte) {
		if got.Add(1) == target {
			done <- struct{}{}
		}
	}); err != nil {
		b.Fatal(err)
	}
	b.Run("handler", func(b *testing.B) {
		messages := make([][]byte, b.N)
		for i := range messages {
			if err := other.Publish(b.Context(), "room", data); err != nil {
				b.Fatal(err)
			}
			messages[i] = append([]byte(nil), from.last...)
		}
		target = got.Load() + int64(b.N)
		b.ReportAllocs()
		b.ResetTimer()
		for _, m := range messages {
			c.Receive("room", m)
		}
		<-done
	})
	b.Run("nobody", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Receive("elsewhere", from.last)
		}
	})
	if err := c.Publish(b.Context(), "elsewhere", data); err != nil {
		b.Fatal(err)
	}
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Receive("room", own.last)
		}
	})
}

// What it costs to give an entry to one handler.
func BenchmarkFollow(b *testing.B) {
	l := &script{epoch: "a"}
	f := relay.NewFollowers(l, relay.NewStatus(nil, "x"), relay.Options{})
	defer f.Close()
	done := make(chan struct{}, 1)
	target := uint64(0)
	if _, _, err := f.Follow(b.Context(), "room", func(e layer.Entry) {
		if e.Seq == target {
			done <- struct{}{}
		}
	}); err != nil {
		b.Fatal(err)
	}
	for _, burst := range []int{1, 100} {
		b.Run(fmt.Sprint("burst ", burst), func(b *testing.B) {
			entries := l.append(burst * ((b.N + burst - 1) / burst))
			b.ReportAllocs()
			b.ResetTimer()
			for len(entries) > 0 {
				target = entries[burst-1].Seq
				for _, e := range entries[:burst] {
					f.Receive("room", e)
				}
				<-done
				entries = entries[burst:]
			}
		})
	}
}
