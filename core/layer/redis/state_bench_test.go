package chanxredis

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// serverTime returns the CPU time that the server has used.
func serverTime(b *testing.B) time.Duration {
	var total float64
	info := Servers.Redis().MustDo("INFO", "cpu")
	for _, field := range []string{"used_cpu_user_main_thread", "used_cpu_sys_main_thread"} {
		_, rest, _ := strings.Cut(info, field+":")
		value, _, _ := strings.Cut(rest, "\r\n")
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += seconds
	}
	return time.Duration(total * float64(time.Second))
}

// measure runs op from many goroutines, and reports the server's time as well.
func measure(b *testing.B, op func(n int64) error) {
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	before := serverTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := op(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(serverTime(b)-before)/float64(b.N), "server-ns/op")
}

func BenchmarkAppend(b *testing.B) {
	for _, channels := range []int64{1, 1000} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			h := openHistory(b, Servers.Redis().URL, Prefix())
			data := []byte(strings.Repeat("x", 200))
			keep := layer.Retention{Entries: 100, Age: time.Hour}
			measure(b, func(n int64) error {
				return h.Append(b.Context(), strconv.FormatInt(n%channels, 10), data, keep)
			})
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, entries := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			h := openHistory(b, Servers.Redis().URL, Prefix())
			for range 100 {
				mustAppend(b, h, "room", anHour, strings.Repeat("x", 200))
			}
			after := headOf(b, h, "room")
			after.Seq -= uint64(entries)
			measure(b, func(int64) error {
				_, _, err := h.Read(b.Context(), "room", after, 256)
				return err
			})
		})
	}
}

func BenchmarkEnterAndLeave(b *testing.B) {
	p := openPresence(b, Servers.Redis().URL, Prefix())
	mustRenew(b, p, "owner", time.Hour)
	measure(b, func(n int64) error {
		s := session("owner", strconv.FormatInt(n, 10), "1", `{"name":"Ann"}`)
		channel := strconv.FormatInt(n%1000, 10)
		if err := p.Enter(b.Context(), channel, s); err != nil {
			return err
		}
		return p.Leave(b.Context(), channel, s, 0)
	})
}

// A lease costs the same however many sessions it is for.
func BenchmarkRenew(b *testing.B) {
	for _, sessions := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			p := openPresence(b, Servers.Redis().URL, Prefix())
			mustRenew(b, p, "owner", time.Hour)
			for i := range sessions {
				mustEnter(b, p, strconv.Itoa(i%1000), session("owner", strconv.Itoa(i), "1", "x"))
			}
			measure(b, func(int64) error {
				_, err := p.Renew(b.Context(), "owner", time.Hour)
				return err
			})
		})
	}
}

func BenchmarkMembers(b *testing.B) {
	for _, members := range []int{10, 1000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			p := openPresence(b, Servers.Redis().URL, Prefix())
			mustRenew(b, p, "owner", time.Hour)
			for i := range members {
				mustEnter(b, p, "room", session("owner", strconv.Itoa(i), "1", `{"name":"Ann"}`))
			}
			measure(b, func(int64) error {
				_, err := p.Members(b.Context(), "room")
				return err
			})
		})
	}
}
