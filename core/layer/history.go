package layer

import (
	"context"
	"errors"
	"time"
)

// ErrGap is the error of [History.Read] where entries after the position are not
// kept any more, or the position is not one of the channel's present sequence.
var ErrGap = errors.New("layer: entries after the position are not kept")

// History is a [Layer] that keeps the last entries of channels and numbers them.
//
// Its channels are apart from those that Publish and Subscribe use, also where
// the names are equal. What stands at Layer of names, contexts, data, closing and
// calls from inside a handler holds here too.
//
// All subscriptions and readers see the entries of a channel in one order, that
// of their numbers, which grow by one from entry to entry. A layer that lost
// count of a channel begins another sequence, which has another epoch. So does one
// that forgets a channel, which it may do where nobody follows it and nothing is
// kept of it, but not before the Age of its last [Retention] has passed once more:
// who comes back soon finds the same sequence.
type History interface {
	// Append adds an entry to the channel, gives it to the subscriptions of
	// [History.Follow] in every process, and forgets entries that keep says are
	// too many or too old: the retention of the latest Append counts, also while
	// no other follows it. Adding and numbering are one step, however many
	// publish. A retention with a zero or negative field is an error.
	Append(ctx context.Context, channel string, data []byte, keep Retention) error

	// Read returns entries that follow a position, oldest first and without a gap,
	// limit of them at the most, which must be above 0; and the position of the
	// channel's last entry. The entries' data must not be changed.
	//
	// Where the first of them is not kept any more, where the position has another
	// epoch, or lies beyond the last entry, the error wraps [ErrGap]; the position
	// of the last entry is returned even so. A position whose Seq is that of the
	// last entry is followed by nothing, which is no error. The position of a
	// channel without entries has Seq 0, and the epoch that its first one will
	// have if somebody follows the channel until then.
	Read(ctx context.Context, channel string, after Position, limit int) ([]Entry, Position, error)

	// Follow calls handler for every entry after the position that it returns,
	// in the order of their numbers, each once, on the terms of [Layer.Subscribe];
	// the first calls may come before Follow has returned. A layer that misses
	// entries, because its server was away, reads them before it goes on; a number
	// that is not the next one, or another epoch, says that it could not.
	Follow(ctx context.Context, channel string, handler func(Entry)) (Position, Subscription, error)
}

// Position is a place in the sequence of a channel.
type Position struct {
	// Epoch names the sequence: short text, never empty in what a layer returns.
	Epoch string
	// Seq is the number of the last entry up to there. The first entry has 1, so 0
	// is the position before all.
	Seq uint64
}

// Entry is one message of a channel's history.
type Entry struct {
	Position
	Data []byte
}

// Retention says how much of a channel a layer keeps: entries that are neither
// too many nor too old.
type Retention struct {
	Entries int           // at the most; above 0
	Age     time.Duration // at the most; above 0
}
