package layer_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/chanx-go/chanx/core/layer/layertest"
)

func TestMemoryConformance(t *testing.T) {
	t.Parallel()
	layertest.Run(t, layertest.Harness{
		OneProcess: true,
		Backend: func(*testing.T) layertest.Open {
			m := layer.NewMemory()
			return func(*testing.T) layer.Layer { return m }
		},
	})
}
