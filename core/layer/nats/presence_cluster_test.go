package chanxnats_test

import (
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// TestPresenceCluster: of three servers that all know who is present, the one that
// leads is killed while members come and go. Whoever is told of nothing but successes
// finds them done, and who watches knows in the end what Members says.
func TestPresenceCluster(t *testing.T) {
	t.Parallel()
	cluster := servertest.NATSCluster(t, 3)
	opts := quick()
	opts.Replicas, opts.Timeout = 3, 5*time.Second
	layers := []*chanxnats.Layer{open(t, cluster.URL, opts), open(t, cluster.URL, opts)}
	watches := []*told{watch(t, layers[0], "room"), watch(t, layers[1], "room")}
	want := make([]map[string]string, len(layers))
	moves := make(chan struct{})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, l := range layers {
		want[i] = map[string]string{}
		owner := strconv.Itoa(i)
		renew(t, l, owner, 5*time.Minute)
		wg.Go(func() {
			for n := 0; ; n++ {
				key, info := fmt.Sprintf("%d %d", i, n%7), strconv.Itoa(n)
				s := layer.Session{Key: key, ID: "1", Owner: owner, Info: []byte(info)}
				insist(t, func() error { return l.Enter(t.Context(), "room", s) })
				want[i][key] = info
				if n%3 == 0 {
					insist(t, func() error { return l.Leave(t.Context(), "room", s, 0) })
					delete(want[i], key)
				}
				select {
				case moves <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	more := func(n int) {
		for range n {
			<-moves
		}
	}
	more(50)
	leader := cluster.Leader("chanx-presence")
	leader.Kill()
	more(50)
	leader.Start()
	more(50)
	close(stop)
	wg.Wait()
	all := maps.Clone(want[0])
	maps.Copy(all, want[1])
	for i, l := range layers {
		soon(t, "the cluster answers", func() bool {
			_, err := l.Members(t.Context(), "room")
			return err == nil
		})
		if got := members(t, l, "room"); !maps.Equal(got, all) {
			t.Errorf("Members of process %d: %v, want %v", i, got, all)
		}
		soon(t, fmt.Sprintf("the watch of process %d agrees", i), func() bool { return maps.Equal(watches[i].state(), all) })
	}
}

// insist calls f until it succeeds.
func insist(t *testing.T, f func() error) {
	t.Helper()
	soon(t, "a call succeeds", func() bool { return f() == nil })
}
