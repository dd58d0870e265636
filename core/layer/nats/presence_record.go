package chanxnats

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// stay is what the stream has of a session: the last that happened to it.
type stay struct {
	place string // owner, channel, key and id as tokens, of which the subject is made
	seq   uint64 // of the message in the stream
	// age is for how long the message was in the stream when it was read, by the
	// server's clock; 0 where it has just come.
	age time.Duration

	state stayState
	lease leaseID // under which the session entered
	order uint64  // where it stands among the enterings and ends of its key
	grace time.Duration
	key   string
	info  []byte // of a session that is there, or in grace
}

type stayState byte

const (
	stayEntered stayState = 1 // the session is there
	stayLeft    stayState = 2 // it has ended; the key may be in grace
	stayOver    stayState = 3 // it has ended before, and the grace that it left has too
)

// ownerToken and keyToken are parts of the place.
func (s *stay) ownerToken() string { return ownerOf(s.place) }

func (s *stay) keyToken() string {
	return s.place[strings.IndexByte(s.place, '.')+1 : strings.LastIndexByte(s.place, '.')]
}

func ownerOf(place string) string { return place[:strings.IndexByte(place, '.')] }

// ended returns the stay once the session has ended.
func (s *stay) ended(grace time.Duration) stay {
	e := stay{place: s.place, state: stayLeft, lease: s.lease, key: s.key}
	if grace > 0 {
		e.grace, e.info = grace, s.info
	}
	return e
}

// over returns an end once its grace has ended. It still stands where it stood.
func (s *stay) over() stay {
	return stay{place: s.place, state: stayOver, lease: s.lease, key: s.key, order: s.order}
}

const presenceVersion = 1

var errPresenceRecord = errors.New("a message about who is present is none of this package, or of a later version")

// encode returns the message's body.
func (s *stay) encode() []byte {
	b := make([]byte, 0, 40+len(s.key)+len(s.info))
	b = append(b, presenceVersion, byte(s.state))
	b = append(b, s.lease[:]...)
	b = binary.AppendUvarint(b, s.order)
	b = binary.AppendUvarint(b, uint64(s.grace))
	b = binary.AppendUvarint(b, uint64(len(s.key)))
	b = append(b, s.key...)
	return append(b, s.info...)
}

// parseStay reads a message's body. The info shares memory with it.
func parseStay(place string, seq uint64, body []byte) (stay, error) {
	s := stay{place: place, seq: seq}
	if len(body) < 10 || body[0] != presenceVersion || strings.Count(place, ".") != 3 {
		return stay{}, errPresenceRecord
	}
	s.state = stayState(body[1])
	if s.state < stayEntered || s.state > stayOver {
		return stay{}, errPresenceRecord
	}
	copy(s.lease[:], body[2:10])
	body = body[10:]
	var numbers [3]uint64
	for i := range numbers {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			return stay{}, errPresenceRecord
		}
		numbers[i], body = v, body[n:]
	}
	s.order, s.grace = numbers[0], time.Duration(numbers[1])
	if s.grace < 0 || numbers[2] > uint64(len(body)) {
		return stay{}, errPresenceRecord
	}
	s.key, s.info = string(body[:numbers[2]]), body[numbers[2]:]
	if s.state != stayOver {
		s.order = seq
	}
	return s, nil
}

// leaseID tells the leases of an owner apart. It is random.
type leaseID [8]byte

// lease is what the stream has of an owner.
type lease struct {
	seq    uint64
	age    time.Duration // as stay has it
	ended  bool
	id     leaseID
	length time.Duration
}

const (
	leaseRuns  = 1
	leaseEnded = 2
)

func (l *lease) encode() []byte {
	b := make([]byte, 0, 24)
	state := byte(leaseRuns)
	if l.ended {
		state = leaseEnded
	}
	b = append(b, presenceVersion, state)
	b = append(b, l.id[:]...)
	return binary.AppendUvarint(b, uint64(l.length))
}

func parseLease(seq uint64, body []byte) (lease, error) {
	if len(body) < 11 || body[0] != presenceVersion || body[1] != leaseRuns && body[1] != leaseEnded {
		return lease{}, errPresenceRecord
	}
	l := lease{seq: seq, ended: body[1] == leaseEnded}
	copy(l.id[:], body[2:10])
	length, n := binary.Uvarint(body[10:])
	if l.length = time.Duration(length); n <= 0 || l.length < 0 {
		return lease{}, errPresenceRecord
	}
	return l, nil
}
