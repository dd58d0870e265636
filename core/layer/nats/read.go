package chanxnats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chanx-go/chanx/core/layer"
)

// atOnce is how many messages are asked for at once.
const atOnce = 64

// nowhere is the position of a channel that has no message, and that nobody follows.
var nowhere = layer.Position{Epoch: "0"}

// Read implements [layer.History].
func (h *history) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if limit <= 0 {
		return nil, layer.Position{}, fmt.Errorf("chanxnats: a limit of %d entries: it must be above 0", limit)
	}
	if err := h.conn.begin(ctx); err != nil {
		return nil, layer.Position{}, err
	}
	bounded, cancel := h.conn.bound(ctx)
	defer cancel()
	entries, head, err := h.read(bounded, channel, after, limit)
	return entries, head, h.conn.failure(ctx, "reading "+h.subject(channel), err)
}

func (h *history) read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	last, err := h.end(ctx, channel)
	if err != nil {
		return nil, layer.Position{}, err
	}
	head := nowhere
	if last != nil {
		head = last.position()
	}
	switch {
	case after.Epoch != head.Epoch || after.Seq > head.Seq:
		return nil, head, gap(after, head)
	case after.Seq == head.Seq:
		return nil, head, nil
	case after.Seq+1 < last.firstKept():
		return nil, head, gap(after, head)
	}
	to := head.Seq
	if uint64(limit) < to-after.Seq {
		to = after.Seq + uint64(limit)
	}
	found, err := h.collect(ctx, last, after.Seq+1, to)
	if errors.Is(err, errNone) || err == nil && last.tooOld(found[0].time, time.Now()) {
		return nil, head, gap(after, head)
	}
	if err != nil {
		return nil, head, err
	}
	entries := make([]layer.Entry, len(found))
	for i, s := range found {
		entries[i] = layer.Entry{Position: layer.Position{Epoch: head.Epoch, Seq: s.number}, Data: s.data}
	}
	return entries, head, nil
}

func gap(after, head layer.Position) error {
	return fmt.Errorf("%w: after %d of %.40q, the last entry is %d of %q", layer.ErrGap, after.Seq, after.Epoch, head.Seq, head.Epoch)
}

// collect returns the entries with the numbers from first to last, which it finds by
// the links of end. Where one isn't there any more the error is errNone.
func (h *history) collect(ctx context.Context, end *stored, first, last uint64) ([]*stored, error) {
	found := make([]*stored, last-first+1)
	known := make(map[uint64]uint64)           // sequences of entries that are still to be read, by number
	above, aboveSeq := end.number+1, uint64(0) // the nearest known entry above
	missing := len(found)
	learn := func(s *stored) {
		if !s.marker && first <= s.number && s.number <= last {
			found[s.number-first] = s
			missing--
			delete(known, s.number) // another of the same round may have told of it
		}
		s.links.each(s.after(), func(number, seq uint64) {
			switch {
			case number < first:
			case number > last:
				if number < above {
					above, aboveSeq = number, seq
				}
			case found[number-first] == nil:
				known[number] = seq
			}
		})
	}
	for learn(end); missing > 0; {
		if len(known) == 0 {
			// Nothing of the range is known yet: nearer, then.
			if aboveSeq == 0 {
				return nil, errNone
			}
			known[above] = aboveSeq
			aboveSeq = 0
		}
		got, err := h.fetch(ctx, end.epoch, known)
		if err != nil {
			return nil, err
		}
		clear(known)
		for _, s := range got {
			learn(s)
		}
	}
	return found, nil
}

// fetch reads entries, by number, at their sequences.
func (h *history) fetch(ctx context.Context, epoch [8]byte, known map[uint64]uint64) ([]*stored, error) {
	numbers := slices.Collect(maps.Keys(known))
	got := make([]*stored, len(numbers))
	err := each(ctx, atOnce, numbers, func(ctx context.Context, i int, number uint64) error {
		s, err := h.api.at(ctx, known[number])
		if err == nil && (s.epoch != epoch || s.marker || s.number != number) {
			err = errNone // but one of another sequence
		}
		got[i] = s
		return err
	})
	return got, err
}

// Heads implements [relay.Log].
func (h *history) Heads(ctx context.Context, channels []string) ([]layer.Position, error) {
	if err := h.conn.begin(ctx); err != nil {
		return nil, err
	}
	if err := h.stream.look(ctx, bounds{}); err != nil {
		return nil, h.conn.failure(ctx, "looking at the stream", err)
	}
	positions := make([]layer.Position, len(channels))
	err := each(ctx, atOnce, channels, func(ctx context.Context, i int, channel string) error {
		s, err := h.alive(ctx, channel)
		if err == nil {
			positions[i] = s.position()
		}
		return err
	})
	return positions, h.conn.failure(ctx, "looking at channels", err)
}
