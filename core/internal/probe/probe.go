// Package probe lets the test kit learn which hub a connection came to, without
// the program under test knowing of it.
package probe

import "context"

type key struct{}

// Func is told the hub, a *chanx.Hub, and the name of the consumer.
type Func func(hub any, consumer string)

// With returns a context for requests: f is called for each that opens a
// connection, on the goroutine that serves it.
func With(ctx context.Context, f Func) context.Context { return context.WithValue(ctx, key{}, f) }

// Opened calls the function that the context carries, if it does.
func Opened(ctx context.Context, hub any, consumer string) {
	if f, ok := ctx.Value(key{}).(Func); ok {
		f(hub, consumer)
	}
}
