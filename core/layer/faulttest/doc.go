// Package faulttest takes servers, networks and processes away from layers, and
// counts what is lost.
package faulttest

import "github.com/chanx-go/chanx/core/layer"

var _ layer.Reporter
