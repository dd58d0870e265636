package chanxredis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

// A server that can't be used is an error of Open, soon, and one that says why but
// not the password.
func TestOpenErrors(t *testing.T) {
	t.Parallel()
	plain, cluster := chanxredis.Servers.Redis(), chanxredis.Servers.Cluster()
	secure := servertest.Redis(t, servertest.RedisOptions{TLS: true, User: "ann", Password: "secret"})
	silent := servertest.NewProxy(t, plain.Addr)
	silent.Hang()
	nobody := servertest.NewProxy(t, plain.Addr)
	nobody.Cut()
	web := httptest.NewServer(nil)
	t.Cleanup(web.Close)
	withTLS := &chanxredis.Options{TLS: secure.TLS}
	for _, tt := range []struct {
		name, url string
		o         *chanxredis.Options
		want      string
	}{
		{"nobody there", "redis://ann:secret@" + nobody.Addr, nil, "refused"},
		{"no host", "redis://ann:secret@host.invalid", nil, "host.invalid"},
		{"no answer", "redis://ann:secret@" + silent.Addr, &chanxredis.Options{Timeout: brief}, "no answer in time"},
		{"no node of a cluster", "redis-cluster://ann:secret@" + nobody.Addr, nil, "refused"},
		{"no sentinel", "redis-sentinel://ann:secret@" + nobody.Addr + "/chanx?sentinel_password=secret", nil, "refused"},
		{"no cluster", strings.Replace(plain.URL, "redis:", "redis-cluster:", 1), nil, "no cluster"},
		{"a cluster", strings.Replace(cluster.URL, "redis-cluster:", "redis:", 1), nil, "several hosts"},
		{"a node of a cluster", "redis://" + cluster.Servers[0].Addr, nil, "node of a cluster"},
		{"no such user", "redis://ann:secret@" + plain.Addr, nil, "WRONGPASS"},
		{"wrong password", "rediss://ann:secrets@" + secure.Addr, withTLS, "WRONGPASS"},
		{"no password", "rediss://" + secure.Addr, withTLS, "NOAUTH"},
		{"unknown certificate", "rediss://ann:secret@" + secure.Addr, nil, "certificate"},
		{"no TLS where it has to be", "redis://ann:secret@" + secure.Addr, nil, "so rediss://?"},
		{"TLS where there is none", "rediss://ann:secret@" + plain.Addr, withTLS, "no answer in time (does the server speak TLS?)"},
		{"no Redis", "redis://ann:secret@" + web.Listener.Addr().String(), nil, "is that a Redis server?"},
		{"no such database", plain.URL + "/77", nil, "index is out of range"},
		{"bad URL", "redis://ann:secret@a,b", nil, "several hosts"},
		{"bad prefix", plain.URL + "?prefix=a%20b", nil, "prefix"},
		{"bad timeout", plain.URL, &chanxredis.Options{Timeout: -1}, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			l, err := chanxredis.Open(t.Context(), tt.url, tt.o)
			if err == nil {
				l.Close()
				t.Fatal("no error")
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, "secret") {
				t.Errorf("got %v, want it to contain %q", err, tt.want)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestOpenContext(t *testing.T) {
	t.Parallel()
	silent := servertest.NewProxy(t, chanxredis.Servers.Redis().Addr)
	silent.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := chanxredis.Open(ctx, "redis://"+silent.Addr, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	nobody := servertest.NewProxy(t, chanxredis.Servers.Redis().Addr)
	nobody.Cut()
	for range 100 { // the refusal may come first
		if _, err := chanxredis.Open(ctx, "redis://"+nobody.Addr, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("after the context's end: %v", err)
		}
	}
}

// Layers with the same prefix and database are one, and others do not see each other.
func TestApart(t *testing.T) {
	t.Parallel()
	s := chanxredis.Servers.Redis()
	prefix := chanxredis.Prefix()
	layers := []*chanxredis.Layer{
		open(t, s.URL+"?prefix="+prefix, &chanxredis.Options{}),
		open(t, s.URL, &chanxredis.Options{Prefix: prefix + ":m"}),
		open(t, s.URL, &chanxredis.Options{Prefix: prefix + ":"}),
		open(t, s.URL+"/1", &chanxredis.Options{Prefix: prefix}),
		open(t, s.URL+"/2?prefix=other", &chanxredis.Options{Prefix: prefix}),
	}
	same := open(t, s.URL+"?prefix="+prefix, &chanxredis.Options{})
	got := make([]*record, len(layers))
	for i, l := range layers {
		got[i] = subscribe(t, l, "room")
	}
	publish(t, same, "room", "to-the-first")
	await(t, "the message to the same", got[0].has("to-the-first"))
	keep := layer.Retention{Entries: 10, Age: time.Minute}
	if err := same.Append(t.Context(), "room", []byte("entry"), keep); err != nil {
		t.Error(err)
	}
	for i, l := range layers {
		publish(t, l, "room", fmt.Sprint("end-", i))
		await(t, "the end", got[i].has(fmt.Sprint("end-", i)))
		_, head, err := l.Read(t.Context(), "room", layer.Position{}, 10)
		if (head.Seq == 1) != (i == 0) {
			t.Errorf("layer %d has %d entries: %v", i, head.Seq, err)
		}
	}
	for i, r := range got {
		if i > 0 && strings.Contains(r.String(), "first") {
			t.Errorf("layer %d got %q", i, r)
		}
	}
}

// A process that would look for channels elsewhere than the others is refused.
func TestPartitionsDiffer(t *testing.T) {
	t.Parallel()
	url := chanxredis.Servers.Cluster().URL + "?prefix=" + chanxredis.Prefix()
	first := open(t, url, &chanxredis.Options{Partitions: 4})
	open(t, url, &chanxredis.Options{Partitions: 4})
	for _, n := range []int{0, 3, 5} {
		l, err := chanxredis.Open(t.Context(), url, &chanxredis.Options{Partitions: n})
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), ":partitions") {
			t.Errorf("%d partitions beside 4: %v", n, err)
		}
	}
	first.Close()
	open(t, url+"-other", &chanxredis.Options{Partitions: 5})
}
