package relay

import (
	"hash/maphash"
	"strings"
	"sync"
)

// numbers counts the messages of this process on each channel. It remembers those it
// has published to most recently: at least 64 Ki channels, and at most twice as many.
//
// A number has the generation in which the channel came in above its lower 32 bits,
// and 1 in these at first. So a channel that was forgotten begins with a number that
// it never had, and everyone sees that it is a beginning and no loss.
type numbers struct {
	seed   maphash.Seed
	shards [numberShards]numberShard
}

const (
	numberShards    = 32
	numbersPerShard = 64 << 10 / numberShards
	generationShift = 32
)

type numberShard struct {
	mu         sync.Mutex
	generation uint64
	recent     map[string]uint64
	old        map[string]uint64
}

// next returns the number of the next message to a channel.
func (n *numbers) next(channel string) uint64 {
	s := &n.shards[maphash.String(n.seed, channel)%numberShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.recent[channel]
	if !ok {
		last = s.admit(channel)
		channel = strings.Clone(channel) // which may be part of something large
	}
	last++
	s.recent[channel] = last
	return last
}

// admit makes room for a channel, and returns the number of its last message.
func (s *numberShard) admit(channel string) uint64 {
	last, known := s.old[channel]
	if len(s.recent) >= numbersPerShard || s.recent == nil {
		if s.recent != nil {
			s.generation++
		}
		s.recent, s.old = make(map[string]uint64), s.recent
	}
	if !known {
		last = s.generation << generationShift
	}
	return last
}
