package chanx_test

import (
	"flag"
	"testing"

	"github.com/chanx-go/chanx/core/internal/leak"
)

var update = flag.Bool("update", false, "write what the server really says into testdata")

func TestMain(m *testing.M) { leak.Main(m) }
