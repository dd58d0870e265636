// Package chanxnats is a layer on NATS, which connects the processes of an
// application.
package chanxnats

import "github.com/chanx-go/chanx/core/layer"

var _ layer.Reporter
