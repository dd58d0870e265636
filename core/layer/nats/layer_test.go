package chanxnats_test

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
	chanxnats "github.com/chanx-go/chanx/core/layer/nats"
)

// suite runs the suite on a server.
func suite(t *testing.T, url string) {
	layertest.Run(t, layertest.Harness{
		Backend: func(*testing.T) layertest.Open {
			opts := &chanxnats.Options{Prefix: prefix(), Replicas: 1}
			return func(t *testing.T) layer.Layer {
				l, err := chanxnats.Open(t.Context(), url, opts)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
		},
	})
}

func coreSuite(t *testing.T, url string) {
	layertest.Run(t, layertest.Harness{
		NoHistory:  true,
		NoPresence: true,
		Backend: func(*testing.T) layertest.Open {
			opts := &chanxnats.Options{Prefix: prefix()}
			return func(t *testing.T) layer.Layer {
				l, err := chanxnats.OpenCore(t.Context(), url, opts)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
		},
	})
}

func TestCore(t *testing.T) {
	t.Parallel()
	coreSuite(t, embed(t, func(o *server.Options) { o.JetStream = false }).ClientURL())
}

func TestLayer(t *testing.T) {
	t.Parallel()
	suite(t, embed(t, nil).ClientURL())
}
