package chanxredis_test

import (
	"sync"
	"testing"

	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// BenchmarkDeliver publishes messages of 200 bytes on one handle, to be delivered by
// another: one after the other, and 64 at once.
func BenchmarkDeliver(b *testing.B) {
	for _, bm := range []struct {
		name       string
		publishers int
	}{{"one", 1}, {"64", 64}} {
		b.Run(bm.name, func(b *testing.B) {
			o := chanxredis.Options{Prefix: chanxredis.Prefix()}
			from, to := open(b, chanxredis.Servers.Redis().URL, &o), open(b, chanxredis.Servers.Redis().URL, &o)
			var delivered sync.WaitGroup
			delivered.Add(b.N)
			if _, err := to.Subscribe(b.Context(), "room", func([]byte) { delivered.Done() }); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var publishing sync.WaitGroup
			for p := range bm.publishers {
				publishing.Go(func() {
					data := make([]byte, 200)
					for i := p; i < b.N; i += bm.publishers {
						if err := from.Publish(b.Context(), "room", data); err != nil {
							b.Error(err)
						}
					}
				})
			}
			publishing.Wait()
			delivered.Wait()
		})
	}
}
