// Package chanxredis is a layer on Redis and Valkey, which connects the processes of
// an application.
package chanxredis

import "github.com/chanx-go/chanx/core/layer"

var _ layer.Reporter
