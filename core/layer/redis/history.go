package chanxredis

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unsafe"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/redis/rueidis"
)

var (
	//go:embed history.lua
	historyLua string
	//go:embed history_append.lua
	appendLua string
	//go:embed history_read.lua
	readLua string
	//go:embed history_heads.lua
	headsLua string

	appendScript = newScript(historyLua, appendLua)
	readScript   = newScript(historyLua, readLua)
	headsScript  = newScript(historyLua, headsLua)
)

// history keeps the entries of channels in streams, each with a short string that says
// which numbers are in it. It is the server's side of relay.Followers.
//
// A channel takes some 200 bytes of the server's memory, and 4.4 kB more as long as it
// has entries: a stream reserves a block of 4 kB, as stream-node-max-bytes says, which
// then holds the first entries. What nobody follows is forgotten twice its age after
// the last entry, and not before five minutes have passed.
//
// What the server has acknowledged may be lost where it writes its file, or its
// replica, later: when it crashes, or is replaced. The numbers of what was lost are
// never given again: a channel goes on in another epoch on any server that started, or
// became the master, since the last entry. It does so too where keys were moved to
// another node of a cluster, where nothing is lost: nobody could tell.
type history struct {
	c       *client
	receive func(channel string, e layer.Entry) // takes live entries
	id      string                              // begins the epochs that are begun here
}

// kindLog is the kind of the streams, and of the server's channels that have their
// entries as they are appended; kindHead that of the strings.
const (
	kindLog  = "log"
	kindHead = "head"
)

func newHistory(c *client) *history {
	return &history{c: c, id: rand.Text()[:8]} // and a time in microseconds
}

// Append implements layer.History.
//
// It is one round trip, and never sent twice: where the error says that the server is
// not available, the entry may be there once.
func (h *history) Append(ctx context.Context, channel string, data []byte, keep layer.Retention) error {
	if keep.Entries <= 0 || keep.Age <= 0 {
		return fmt.Errorf("chanxredis: a retention of %d entries and %v: both must be above 0", keep.Entries, keep.Age)
	}
	err := h.c.ready(ctx, channel)
	if err == nil {
		_, err = h.c.run(ctx, appendScript, scriptCall{
			keys: h.keys(channel),
			args: []string{string(data), strconv.Itoa(keep.Entries), millis(keep.Age), h.id, h.c.publishCommand()},
		})
	}
	if errors.Is(err, layer.ErrUnavailable) {
		h.c.status.Failed(err)
	}
	return err
}

// ready returns an error where the channel's partition is known to be away, so that
// who changes something there need not wait to learn it.
func (c *client) ready(ctx context.Context, channel string) error {
	switch {
	case c.stopped.Load():
		return layer.ErrClosed
	case ctx.Err() != nil:
		return fmt.Errorf("chanxredis: %w", ctx.Err())
	default:
		return c.status.PartErr(c.part(channel))
	}
}

func (h *history) keys(channel string) []string {
	return []string{h.c.key(kindHead, channel), h.c.key(kindLog, channel)}
}

// millis returns a duration above 0 in milliseconds, rounded up.
func millis(d time.Duration) string {
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	return strconv.FormatInt(ms, 10)
}

// Read implements layer.History. It takes a round trip for each megabyte.
func (h *history) Read(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	if limit <= 0 {
		return nil, layer.Position{}, fmt.Errorf("chanxredis: a limit of %d entries: it must be above 0", limit)
	}
	entries, head, err := h.readPage(ctx, channel, after, limit)
	for err == nil && len(entries) < limit && len(entries) > 0 {
		last := entries[len(entries)-1].Position
		if last == head {
			break
		}
		more, now, moreErr := h.readPage(ctx, channel, last, limit-len(entries))
		switch {
		case errors.Is(moreErr, layer.ErrGap) && now.Epoch == head.Epoch:
			return entries, now, nil // they went meanwhile, as whoever goes on learns
		case moreErr != nil:
			return nil, now, moreErr
		case len(more) == 0:
			return entries, now, nil
		}
		entries, head = append(entries, more...), now
	}
	return entries, head, err
}

func (h *history) readPage(ctx context.Context, channel string, after layer.Position, limit int) ([]layer.Entry, layer.Position, error) {
	msg, err := h.c.run(ctx, readScript, scriptCall{
		keys: h.keys(channel),
		args: []string{after.Epoch, strconv.FormatUint(after.Seq, 10), strconv.Itoa(limit), h.id},
	})
	if err != nil {
		return nil, layer.Position{}, err
	}
	values, err := msg.ToArray()
	if err != nil || len(values) < 3 {
		return nil, layer.Position{}, errBadReply
	}
	head, err := position(values[0], values[1])
	if err != nil {
		return nil, layer.Position{}, err
	}
	if whole, err := values[2].AsInt64(); err != nil || whole == 0 {
		return nil, head, fmt.Errorf("chanxredis: %w: after %d of %q, the last one is %d of %q",
			layer.ErrGap, after.Seq, after.Epoch, head.Seq, head.Epoch)
	}
	entries := make([]layer.Entry, len(values)-3)
	for i := range entries {
		data, err := values[3+i].ToString()
		if err != nil {
			return nil, layer.Position{}, errBadReply
		}
		entries[i] = layer.Entry{
			Position: layer.Position{Epoch: head.Epoch, Seq: after.Seq + uint64(i) + 1},
			Data:     []byte(data),
		}
	}
	return entries, head, nil
}

var errBadReply = errors.New("chanxredis: the server's reply is not what the script returns")

func position(epoch, seq rueidis.RedisMessage) (layer.Position, error) {
	e, err1 := epoch.ToString()
	s, err2 := seq.ToString()
	n, err3 := strconv.ParseUint(s, 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return layer.Position{}, errBadReply
	}
	return layer.Position{Epoch: e, Seq: n}, nil
}

// headsBatch is how many channels one run of the script looks after: it takes the
// server some 5 µs for each.
const headsBatch = 64

// Heads implements relay.Log.
func (h *history) Heads(ctx context.Context, channels []string) ([]layer.Position, error) {
	heads := make([]layer.Position, len(channels))
	var calls []scriptCall
	batches := h.c.batches(channels, headsBatch)
	for _, batch := range batches {
		call := scriptCall{args: []string{h.id}}
		for _, i := range batch {
			call.keys = append(call.keys, h.keys(channels[i])...)
		}
		calls = append(calls, call)
	}
	for n, r := range h.c.runAll(ctx, headsScript, calls) {
		if r.err != nil {
			return nil, r.err
		}
		values, err := r.msg.ToArray()
		if err != nil || len(values) != 2*len(batches[n]) {
			return nil, errBadReply
		}
		for k, i := range batches[n] {
			if heads[i], err = position(values[2*k], values[2*k+1]); err != nil {
				return nil, err
			}
		}
	}
	return heads, nil
}

// batches returns the indices of channels, those of one partition together, up to
// size of them.
func (c *client) batches(channels []string, size int) [][]int {
	parts := make([][]int, len(c.tags))
	for i, channel := range channels {
		p := c.part(channel)
		parts[p] = append(parts[p], i)
	}
	var batches [][]int
	for _, all := range parts {
		for len(all) > 0 {
			n := min(size, len(all))
			batches = append(batches, all[:n])
			all = all[n:]
		}
	}
	return batches
}

// Listen implements relay.Log. An epoch stays by itself for some minutes after it was
// asked for, and relay asks for Heads more often.
func (h *history) Listen(ctx context.Context, channel string) error {
	return h.c.listen(ctx, kindLog, channel, func(data []byte) {
		if e, ok := parseEntry(data); ok {
			h.receive(channel, e)
		}
	})
}

// Unlisten implements relay.Log.
func (h *history) Unlisten(channel string) { h.c.unlisten(kindLog, channel) }

// entryVersion is the first byte of a live entry. The number in decimal digits, the
// epoch and the data follow, with a space between.
const entryVersion = 1

// parseEntry reads a live entry, whose data and epoch are those of the message. One of
// another version is none: it is read from the stream then.
func parseEntry(message []byte) (layer.Entry, bool) {
	if len(message) == 0 || message[0] != entryVersion {
		return layer.Entry{}, false
	}
	number, rest, ok := bytes.Cut(message[1:], []byte(" "))
	if !ok {
		return layer.Entry{}, false
	}
	epoch, data, ok := bytes.Cut(rest, []byte(" "))
	seq, err := strconv.ParseUint(string(number), 10, 64)
	if !ok || err != nil || seq == 0 || seq > math.MaxInt64 || len(epoch) == 0 {
		return layer.Entry{}, false
	}
	name := unsafe.String(unsafe.SliceData(epoch), len(epoch)) //nolint:gosec // saves a copy of every entry's
	return layer.Entry{Position: layer.Position{Epoch: name, Seq: seq}, Data: data}, true
}
