package chanxnats

import (
	"context"
	"sync"
)

// each calls f with every item and its index, up to atOnce at a time, and returns when
// all calls have. The first error is the result, and ends the context of the others;
// no further ones begin.
func each[T any](ctx context.Context, atOnce int, items []T, f func(ctx context.Context, i int, item T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var calls sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, item := range items {
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		calls.Go(func() {
			defer func() { <-places }()
			if err := f(ctx, i, item); err != nil {
				cancel(err)
			}
		})
	}
	calls.Wait()
	return context.Cause(ctx)
}
