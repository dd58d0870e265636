package chanxredis

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/chanx-go/chanx/core/layer"
)

// kindPartitions is the kind of the key that says how many partitions there are. It
// stays when all processes have ended, as what is kept in the partitions does.
const kindPartitions = "partitions"

// agree makes sure that all processes spread channels over the same number of
// partitions. They would not find each other's channels else, and nobody would tell.
// The number of who came first counts.
func (c *client) agree(ctx context.Context) error {
	if !c.sharded {
		return nil // there is one
	}
	key, own := c.prefix+":"+kindPartitions, strconv.Itoa(len(c.tags))
	known, err := c.do(ctx, c.b().Get().Key(key).Build())
	if err == nil && known.IsNil() {
		known, err = c.do(ctx, c.b().Set().Key(key).Value(own).Nx().Get().Build())
		if errors.Is(err, layer.ErrUnavailable) && ctx.Err() == nil {
			return nil // its memory is full, which messages need not mind
		}
	}
	if err != nil || known.IsNil() {
		return err
	}
	if n, _ := known.ToString(); n != own {
		return fmt.Errorf("channels are spread over %q partitions, not %s: see Options.Partitions; the number is in the key %q", n, own, key)
	}
	return nil
}
