package chanxredis_test

import (
	"log/slog"
	"testing"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
	chanxredis "github.com/chanx-go/chanx/core/layer/redis"
)

// on is the harness for a server, on which each test has a prefix of its own.
func on(url string) layertest.Harness {
	return layertest.Harness{
		Backend: func(*testing.T) layertest.Open {
			prefix := chanxredis.Prefix()
			return func(t *testing.T) layer.Layer {
				return open(t, url, &chanxredis.Options{Prefix: prefix})
			}
		},
	}
}

// open opens a layer without a log.
func open(t testing.TB, url string, o *chanxredis.Options) *chanxredis.Layer {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := chanxredis.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestStandalone(t *testing.T) { layertest.Run(t, on(chanxredis.Servers.Redis().URL)) }

func TestCluster(t *testing.T) { layertest.Run(t, on(chanxredis.Servers.Cluster().URL)) }
