package relay

import (
	"errors"

	"github.com/chanx-go/chanx/core/layer"
)

// readPage is how many entries are read at once.
const readPage = 128

// maxStuck is after how many tries a reader gives up what it can't get at.
const maxStuck = 4

// reader reads what followers of a channel have missed.
type reader struct {
	c     *followed
	wait  backoff
	stuck int // readings that did not lead up to the entry that waits
}

// read gives entries to the followers up to the last one. While the server does not
// answer it tries again.
func (r *reader) read() {
	gaps := 0
	for {
		at := r.c.position()
		entries, head, err := r.page(at, readPage)
		if errors.Is(err, layer.ErrGap) {
			if gaps++; gaps <= maxStuck {
				err = r.resume(at, head)
			} else if r.skip(head) { // entries go faster than they can be read
				return
			} // else it waits
		} else if err == nil {
			for _, e := range entries {
				tell(r.c.move(e.Position), e)
				r.wait = 0
			}
			if len(entries) == 0 || entries[len(entries)-1].Position == head {
				break
			}
		}
		if err == nil && r.c.ctx.Err() == nil {
			continue
		}
		gaps = 0
		if !r.wait.pause(r.c.ctx, r.c.wake) {
			return
		}
	}
	r.look()
}

func (r *reader) page(after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	f := r.c.followers
	ctx, cancel := f.options.bound(r.c.ctx)
	defer cancel()
	return f.log.Read(ctx, r.c.name, after, limit)
}

// resume goes on where entries are kept: after a gap, in another epoch, or where the
// server has gone back to.
func (r *reader) resume(at, head layer.Position) error {
	switch {
	case head.Epoch != at.Epoch:
		r.c.move(layer.Position{Epoch: head.Epoch})
		return nil
	case head.Seq <= at.Seq:
		r.c.followers.options.Logger.Error("chanx: the server has fewer entries of a channel than it gave out", "channel", r.c.name, "had", at.Seq, "has", head.Seq)
		r.c.moveBack(head)
		return nil
	}
	// gone is too old, and found not.
	gone, found := at.Seq, head.Seq
	for found-gone > 1 {
		middle := layer.Position{Epoch: at.Epoch, Seq: gone + (found-gone)/2}
		switch _, now, err := r.page(middle, 1); {
		case err == nil:
			found = middle.Seq
		case !errors.Is(err, layer.ErrGap):
			return err
		case now.Epoch != at.Epoch || now.Seq < middle.Seq:
			return nil // it is another sequence meanwhile, which the next page tells
		default:
			gone = middle.Seq
		}
	}
	r.c.move(layer.Position{Epoch: at.Epoch, Seq: found})
	return nil
}

// skip goes on with the first entry that waits, and reports false if there is none
// that the server knows, whose last entry is at head.
func (r *reader) skip(head layer.Position) bool {
	e, ok := r.c.first()
	if !ok || e.Epoch != head.Epoch || e.Seq > head.Seq {
		return false
	}
	r.c.move(layer.Position{Epoch: e.Epoch, Seq: e.Seq - 1})
	return true
}

// look looks whether reading has led up to the entry that waits. If it hasn't, that
// came from a server that knows more, or from another one, or from somebody who makes
// entries up. After some tries it is dropped: if the server has it later, the next
// entry or sweep tells. To believe it would be to miss all those up to its number.
func (r *reader) look() {
	e, waits := r.c.first()
	at := r.c.position()
	switch {
	case !waits || e.Epoch == at.Epoch && e.Seq <= at.Seq+1:
		r.stuck = 0
	case r.stuck < maxStuck:
		r.stuck++
		r.wait.pause(r.c.ctx, nil)
	default:
		r.c.discard()
	}
}
