package processes

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// W3C is OpenTelemetry's usual propagator.
var W3C = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// Traces makes any of OpenTelemetry's propagators one of chanx.
type Traces struct{ propagation.TextMapPropagator }

// Inject implements [chanx.Propagator].
func (t Traces) Inject(ctx context.Context, set func(key, value string)) {
	t.TextMapPropagator.Inject(ctx, carrier{set: set})
}

// Extract implements [chanx.Propagator].
func (t Traces) Extract(ctx context.Context, get func(key string) string) context.Context {
	return t.TextMapPropagator.Extract(ctx, carrier{get: get})
}

type carrier struct {
	get func(key string) string
	set func(key, value string)
}

func (c carrier) Get(key string) string { return c.get(key) }
func (c carrier) Set(key, value string) { c.set(key, value) }
func (c carrier) Keys() []string        { return nil }
