package main

import (
	"testing"

	"github.com/chanx-go/chanx/examples/internal/orderstest"
)

func TestOrders(t *testing.T) { orderstest.Test(t, serve) }
