package chanxredis

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chanx-go/chanx/core/layer"
	"github.com/redis/rueidis"
)

var (
	//go:embed presence.lua
	presenceLua string
	//go:embed presence_enter.lua
	enterLua string
	//go:embed presence_leave.lua
	leaveLua string
	//go:embed presence_renew.lua
	renewLua string
	//go:embed presence_release.lua
	releaseLua string
	//go:embed presence_look.lua
	lookLua string
	//go:embed presence_versions.lua
	versionsLua string
	//go:embed presence_tend.lua
	tendLua string

	enterScript    = newScript(presenceLua, enterLua)
	leaveScript    = newScript(presenceLua, leaveLua)
	renewScript    = newScript(presenceLua, renewLua)
	releaseScript  = newScript(presenceLua, releaseLua)
	lookScript     = newScript(presenceLua, lookLua)
	versionsScript = newScript(presenceLua, versionsLua)
	tendScript     = newScript(presenceLua, tendLua)
)

// presence keeps who is on channels in hashes, as presence.lua says. It is the
// server's side of relay.Watches.
//
// A lease is kept in every partition, beside the channels that it is for, since keys
// of different partitions can't be changed in one step. To prolong it takes one call
// of each partition, however many sessions there are.
//
// What has run out is ended by whoever comes to the channel, by every Renew, and by
// the tender of each process that watches. All times are those of the server's clock;
// a replica that may take its place should have the same time.
//
// A channel takes some 300 bytes of the server's memory for each process that has
// sessions there, and a session 120 besides its key, id and info, or 230 where there
// are more than a hundred. A server that evicts such keys may forget to end a session,
// so presence needs its maxmemory-policy to be noeviction.
type presence struct {
	c       *client
	receive func(channel string, version uint64, change layer.PresenceChange)
	tender  *tender
	id      string

	mu    sync.Mutex
	marks map[string][]string // by owner: of calls of Renew whose outcome isn't known
}

// The kinds of keys, as presence.lua names them. The server's channels that have the
// changes of a room go by the same names as the hashes with its members.
const (
	kindWho      = "who"
	kindSessions = "in"
	kindOwners   = "owners"
	kindLeases   = "leases"
	kindEnded    = "ended"
	kindGraces   = "graces"
	kindTender   = "tender"
	kindRooms    = "rooms"
)

// markLength is that of marks, as presence.lua knows it: 65 bits.
const markLength = 13

func newPresence(c *client) *presence {
	p := &presence{c: c, id: rand.Text()[:markLength], marks: make(map[string][]string)}
	p.tender = newTender(len(c.tags), p.tend)
	return p
}

// close ends what the presence does by itself. The client is closed afterwards.
func (p *presence) close() { p.tender.close() }

// call returns a call of a script for a partition.
func (p *presence) call(part int, args ...string) scriptCall {
	key := func(kind string) string { return p.c.partKey(kind, part) }
	return scriptCall{
		keys: []string{key(kindOwners), key(kindLeases), key(kindEnded), key(kindGraces), key(kindTender)},
		args: append([]string{p.c.publishCommand(), key(kindSessions), key(kindRooms), key(kindWho), p.id}, args...),
	}
}

// room returns the name of a channel as the scripts know it: what follows the name of
// the partition in its keys.
func (p *presence) room(channel string) string {
	return strings.TrimPrefix(p.c.key(kindWho, channel), p.c.partKey(kindWho, p.c.part(channel)))
}

// Enter implements layer.Presence.
func (p *presence) Enter(ctx context.Context, channel string, s layer.Session) error {
	if err := p.c.ready(ctx, channel); err != nil {
		return err
	}
	msg, err := p.c.run(ctx, enterScript, p.call(p.c.part(channel), p.room(channel), s.Owner, s.Key, s.ID, string(s.Info)))
	if err != nil {
		return err
	}
	leased, err := msg.AsInt64()
	switch {
	case err != nil:
		return errBadReply
	case leased == 0:
		return layer.ErrNoLease
	}
	return nil
}

// Leave implements layer.Presence.
func (p *presence) Leave(ctx context.Context, channel string, s layer.Session, grace time.Duration) error {
	if err := p.c.ready(ctx, channel); err != nil {
		return err
	}
	part := p.c.part(channel)
	ms := "0"
	if grace > 0 {
		ms = millis(grace)
	}
	_, err := p.c.run(ctx, leaveScript, p.call(part, p.room(channel), s.Owner, s.Key, s.ID, ms))
	if err == nil && grace > 0 {
		p.tender.schedule(part, grace)
	}
	return err
}

// Renew implements layer.Presence. Where it fails, the lease may be prolonged for some
// channels and not for others; what that has ended is told by the next that doesn't.
func (p *presence) Renew(ctx context.Context, owner string, lease time.Duration) (fresh bool, err error) {
	if lease <= 0 {
		return false, fmt.Errorf("chanxredis: a lease of %v", lease)
	}
	marks := p.begin(owner)
	fresh, next, err := p.everywhere(ctx, renewScript, append([]string{owner, millis(lease)}, marks...)...)
	if err != nil {
		return false, err
	}
	p.settle(owner)
	for part, due := range next {
		p.tender.learn(part, due)
	}
	return fresh, nil
}

// maxMarks is how many calls of Renew in a row whose outcome isn't known are looked
// after. Who renews in time has no lease left from one before these.
const maxMarks = 16

// begin returns marks for a Renew: those of the ones before whose outcome isn't known,
// so that what they have found new is still new, and one for a new lease.
func (p *presence) begin(owner string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.marks[owner]
	marks := slices.Concat(known[max(0, len(known)-maxMarks+1):], []string{rand.Text()[:markLength]})
	p.marks[owner] = marks
	return marks
}

func (p *presence) settle(owner string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.marks, owner)
}

// Release implements layer.Presence.
func (p *presence) Release(ctx context.Context, owner string) error {
	_, next, err := p.everywhere(ctx, releaseScript, owner)
	if err != nil {
		return err
	}
	p.settle(owner)
	// Nobody sees the sessions any more; but who watches is to be told before this
	// process ends.
	for part, due := range next {
		for due == 0 {
			if due, err = p.tend(ctx, part); err != nil {
				return err
			}
		}
		p.tender.learn(part, due)
	}
	return nil
}

// everywhere runs a script in all partitions. It returns whether it has said yes in
// any of them, and when each has to be tended.
func (p *presence) everywhere(ctx context.Context, s *script, args ...string) (yes bool, next []time.Duration, err error) {
	calls := make([]scriptCall, len(p.c.tags))
	for part := range calls {
		calls[part] = p.call(part, args...)
	}
	next = make([]time.Duration, len(calls))
	for part, r := range p.c.runAll(ctx, s, calls) {
		if r.err != nil {
			return false, nil, r.err
		}
		values, err := r.msg.ToArray()
		if err != nil || len(values) != 2 {
			return false, nil, errBadReply
		}
		said, err := values[0].AsInt64()
		if err != nil {
			return false, nil, errBadReply
		}
		yes = yes || said == 1
		if next[part], err = due(values[1]); err != nil {
			return false, nil, err
		}
	}
	return yes, next, nil
}

// due reads in what time a partition has to be tended: below 0 for never.
func due(reply rueidis.RedisMessage) (time.Duration, error) {
	ms, err := reply.AsInt64()
	if err != nil {
		return 0, errBadReply
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// tend ends what has run out in a partition, as much as is done in one step, and
// returns in what time there is more.
func (p *presence) tend(ctx context.Context, part int) (time.Duration, error) {
	msg, err := p.c.run(ctx, tendScript, p.call(part))
	if err != nil {
		return 0, err
	}
	return due(msg)
}

// Members implements layer.Presence.
func (p *presence) Members(ctx context.Context, channel string) ([]layer.Member, error) {
	members, _, err := p.read(ctx, channel, "0")
	return members, err
}

// List implements relay.Roster.
func (p *presence) List(ctx context.Context, channel string) ([]layer.Member, uint64, error) {
	return p.read(ctx, channel, "1")
}

// read returns the members of a channel, sorted by key, and its version. It reads them
// after a script has ended what had run out, and not in it: a script that returns many
// takes the server ten times as long.
func (p *presence) read(ctx context.Context, channel, stay string) ([]layer.Member, uint64, error) {
	look := p.call(p.c.part(channel), p.room(channel), stay)
	who := p.c.key(kindWho, channel)
	var replies []reply
	for prepared := int64(0); prepared == 0; {
		get := func() rueidis.Completed { return p.c.b().Hgetall().Key(who).Build() }
		replies = p.c.doMulti(ctx, p.c.evalsha(lookScript, look), get())
		if isNoScript(replies[0].err) {
			replies = p.c.doMulti(ctx, p.c.eval(lookScript, look), get())
		}
		err := cmp.Or(replies[0].err, replies[1].err)
		if err == nil {
			prepared, err = replies[0].msg.AsInt64()
		}
		if err != nil {
			return nil, 0, err
		}
	}
	fields, err := replies[1].msg.AsStrMap()
	if err != nil {
		return nil, 0, errBadReply
	}
	members := make([]layer.Member, 0, len(fields))
	var version uint64
	for field, value := range fields {
		switch {
		case field == "v":
			version, err = strconv.ParseUint(value, 10, 64)
		case len(field) > 0 && field[0] == 'k':
			var info string
			info, err = infoOf(value)
			members = append(members, layer.Member{Key: field[1:], Info: []byte(info)})
		}
		if err != nil {
			return nil, 0, errBadReply
		}
	}
	slices.SortFunc(members, func(a, b layer.Member) int { return strings.Compare(a.Key, b.Key) })
	return members, version, nil
}

// infoOf returns the info of a member, which follows its last session.
func infoOf(member string) (string, error) {
	_, info, ok := cutText(member)
	if !ok {
		return "", errBadReply
	}
	return info, nil
}

// cutText takes a text from the front: 4 bytes of length, big-endian, and itself.
func cutText(s string) (text, rest string, ok bool) {
	if len(s) < 4 {
		return "", "", false
	}
	n := binary.BigEndian.Uint32([]byte(s[:4]))
	if uint64(len(s)-4) < uint64(n) {
		return "", "", false
	}
	return s[4 : 4+n], s[4+n:], true
}

// versionsBatch is how many channels one run of the script looks after.
const versionsBatch = 128

// Versions implements relay.Roster. It keeps those alive where nobody is.
func (p *presence) Versions(ctx context.Context, channels []string) ([]uint64, error) {
	versions := make([]uint64, len(channels))
	batches := p.c.batches(channels, versionsBatch)
	calls := make([]scriptCall, len(batches))
	for n, batch := range batches {
		calls[n] = p.call(p.c.part(channels[batch[0]]))
		for _, i := range batch {
			calls[n].args = append(calls[n].args, p.room(channels[i]))
		}
	}
	for n, r := range p.c.runAll(ctx, versionsScript, calls) {
		if r.err != nil {
			return nil, r.err
		}
		values, err := r.msg.AsStrSlice()
		if err != nil || len(values) != len(batches[n]) {
			return nil, errBadReply
		}
		for k, i := range batches[n] {
			if versions[i], err = strconv.ParseUint(values[k], 10, 64); err != nil {
				return nil, errBadReply
			}
		}
	}
	return versions, nil
}

// Listen implements relay.Roster.
func (p *presence) Listen(ctx context.Context, channel string) error {
	p.tender.watch(p.c.part(channel), 1)
	return p.c.listen(ctx, kindWho, channel, func(data []byte) {
		if version, change, ok := parseChange(data); ok {
			p.receive(channel, version, change)
		}
	})
}

// Unlisten implements relay.Roster.
func (p *presence) Unlisten(channel string) {
	p.c.unlisten(kindWho, channel)
	p.tender.watch(p.c.part(channel), -1)
}

// changeVersion is the first byte of a change. Texts follow, each with its length
// before it: the room's version, how many have joined, key and info of each of these,
// and the keys of who left.
const changeVersion = 1

// parseChange reads a change, whose texts are its own. One of another version is none:
// who watches lists the members anew then.
func parseChange(message []byte) (version uint64, change layer.PresenceChange, ok bool) {
	if len(message) == 0 || message[0] != changeVersion {
		return 0, layer.PresenceChange{}, false
	}
	var texts []string
	for rest := string(message[1:]); rest != ""; {
		text, after, ok := cutText(rest)
		if !ok {
			return 0, layer.PresenceChange{}, false
		}
		texts, rest = append(texts, text), after
	}
	if len(texts) < 2 {
		return 0, layer.PresenceChange{}, false
	}
	version, err1 := strconv.ParseUint(texts[0], 10, 64)
	joined, err2 := strconv.ParseUint(texts[1], 10, 32)
	texts = texts[2:]
	if err1 != nil || err2 != nil || 2*joined > uint64(len(texts)) {
		return 0, layer.PresenceChange{}, false
	}
	for ; joined > 0; joined-- {
		change.Joined = append(change.Joined, layer.Member{Key: texts[0], Info: []byte(texts[1])})
		texts = texts[2:]
	}
	if len(texts) > 0 {
		change.Left = texts
	}
	return version, change, true
}
