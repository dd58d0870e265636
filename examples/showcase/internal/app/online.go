package app

import (
	"context"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
)

// online counts the connections of each user in this process, and publishes when
// the first one comes and when the last one goes.
type online struct {
	presence *chanx.Topic[*chanx.Subscription]

	mu    sync.Mutex // held while publishing, so that the last word is the true one
	conns map[string]int
}

func (o *online) count(ctx context.Context, user string, by int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.conns[user]
	o.conns[user] += by
	if was != 0 && o.conns[user] != 0 {
		return nil
	}
	if o.conns[user] == 0 {
		delete(o.conns, user)
	}
	return o.presence.PublishParams(ctx, PresenceChanged{User: user, Online: by > 0}, user)
}
