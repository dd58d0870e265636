package relay_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
