package chanxnats

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// yields lets a process that is slower to reach the stream than others, and always
// finds that one of these was first, ask them to wait a little. Who appends to
// a channel now and then never needs it.
type yields struct {
	conn    *conn
	subject string
	id      []byte // tells this process's requests from others'

	mu    sync.Mutex
	until map[string]time.Time // by subject of entries
}

const (
	yieldKind = "y"
	// patience is how often an append finds that it came too late before it asks.
	patience = 3
	// longestYield bounds what others can ask for.
	longestYield = 200 * time.Millisecond
	mostYields   = 1024
)

// ask asks others not to append to a subject for a time. It waits for nothing: who
// doesn't hear it is only less polite.
func (y *yields) ask(subject string, span time.Duration) {
	m := append(make([]byte, 0, len(y.id)+binary.MaxVarintLen64+len(subject)), y.id...)
	m = binary.AppendUvarint(m, uint64(span))
	_ = y.conn.out.Publish(y.subject, append(m, subject...))
}

// receive takes what another process asks.
func (y *yields) receive(m *nats.Msg) {
	if len(m.Data) < len(y.id) || bytes.HasPrefix(m.Data, y.id) {
		return
	}
	rest := m.Data[len(y.id):]
	span, n := binary.Uvarint(rest)
	if n <= 0 {
		return
	}
	now := time.Now()
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.until) >= mostYields {
		clear(y.until)
	}
	y.until[string(rest[n:])] = now.Add(time.Duration(min(span, uint64(longestYield))))
}

// wait waits as long as others have asked for.
func (y *yields) wait(ctx context.Context, subject string) error {
	y.mu.Lock()
	until, ok := y.until[subject]
	y.mu.Unlock()
	if !ok {
		return nil
	}
	select {
	case <-time.After(time.Until(until)):
	case <-ctx.Done():
		return ctx.Err()
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.until[subject].Equal(until) {
		delete(y.until, subject)
	}
	return nil
}
