package chanxnats_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// fill enters many sessions of an owner.
func fill(b *testing.B, l layer.Presence, owner string, sessions, channels int) {
	b.Helper()
	renew(b, l, owner, time.Hour)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for n := int(next.Add(1)); n <= sessions; n = int(next.Add(1)) {
				enter(b, l, "room "+strconv.Itoa(n%channels), owner, "user "+strconv.Itoa(n), "1", `{"name":"Somebody"}`)
			}
		})
	}
	wg.Wait()
}

// BenchmarkPresenceEnterLeave is a member that comes and goes, with nobody watching
// and with a watch in another process.
func BenchmarkPresenceEnterLeave(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run("Watched="+strconv.FormatBool(watched), func(b *testing.B) {
			url := embed(b, nil).ClientURL()
			l := open(b, url, nil)
			if watched {
				other := open(b, url, nil)
				if _, err := other.Watch(b.Context(), "room", func(layer.PresenceChange) {}); err != nil {
					b.Fatal(err)
				}
			}
			renew(b, l, "owner", time.Hour)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				id := strconv.Itoa(n)
				enter(b, l, "room", "owner", "ann", id, `{"name":"Ann"}`)
				leave(b, l, "room", "owner", "ann", id, 0)
			}
		})
	}
}

// BenchmarkPresenceEnterParallel is many that come at once.
func BenchmarkPresenceEnterParallel(b *testing.B) {
	l := open(b, embed(b, nil).ClientURL(), nil)
	renew(b, l, "owner", time.Hour)
	var n atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			enter(b, l, "room", "owner", strconv.FormatInt(n.Add(1), 10), "1", `{"name":"Somebody"}`)
		}
	})
}

// BenchmarkPresenceRenew is the lease of an owner that has as many sessions.
func BenchmarkPresenceRenew(b *testing.B) {
	for _, sessions := range []int{1, 10_000} {
		b.Run(strconv.Itoa(sessions), func(b *testing.B) {
			l := open(b, embed(b, nil).ClientURL(), nil)
			fill(b, l, "owner", sessions, 100)
			b.ReportAllocs()
			for b.Loop() {
				renew(b, l, "owner", time.Hour)
			}
		})
	}
}

// BenchmarkPresenceMembers lists the members of a channel, among others' that are as
// many.
func BenchmarkPresenceMembers(b *testing.B) {
	for _, count := range []int{1, 100, 1000, 10_000} {
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			l := open(b, embed(b, nil).ClientURL(), nil)
			fill(b, l, "owner", 2*count, 2)
			b.ReportAllocs()
			for b.Loop() {
				if n := len(members(b, l, "room 1")); n != count {
					b.Fatalf("%d members", n)
				}
			}
		})
	}
}

// BenchmarkPresenceRelease ends a process that has as many sessions, until all others
// see that they have ended.
func BenchmarkPresenceRelease(b *testing.B) {
	for _, sessions := range []int{1000, 10_000} {
		b.Run(strconv.Itoa(sessions), func(b *testing.B) {
			opts := &chanxnats.Options{Timeout: 30 * time.Second}
			l := open(b, embed(b, nil).ClientURL(), opts)
			for b.Loop() {
				b.StopTimer()
				fill(b, l, "owner", sessions, 100)
				b.StartTimer()
				if err := l.Release(b.Context(), "owner"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
