package chanx

// hold is what arrives for a subscription before the client has been told that it
// is subscribed, or has got what it had missed.
type hold struct {
	frames  []held
	bytes   int
	inPlace bool // a handler sees an event that the client had missed, and what it sends doesn't wait
	leaves  bool // the server has unsubscribed the client before that; guarded by the lane
}

// held are frames that wait, with their mark in a topic's history or 0.
type held struct {
	data []byte
	key  string
	mark uint64
}

// add keeps frames, whose bytes must not be changed any more. The outbox of the
// connection is locked.
func (h *hold) add(c *Conn, f held) sent {
	if limit := c.consumer.limits.QueueBytes; limit > 0 && h.bytes+len(f.data) > limit {
		return sentOverflow
	}
	h.bytes += len(f.data)
	h.frames = append(h.frames, f)
	return sentRetained
}

// sendInPlace says whether what is sent goes out at once, in its place among what
// the client had missed. Where handlers see events nothing else arrives then but on
// the lane.
func (s *Subscription) sendInPlace(now bool) {
	s.conn.out.mu.Lock()
	defer s.conn.out.mu.Unlock()
	if s.hold != nil {
		s.hold.inPlace = now
	}
}

// leaveLater makes a subscription that has not begun yet end as soon as it has. It
// reports false where it has begun. The lane is held.
func (s *Subscription) leaveLater() bool {
	if !s.holding.Load() {
		return false
	}
	s.hold.leaves = true
	return true
}

// release lets go of what was held, beside what the client has had already, and
// of what comes from now on.
func (s *Subscription) release(after uint64) {
	c := s.conn
	c.out.mu.Lock()
	result := sentOK
	h := s.hold
	s.hold, s.after, s.had = nil, after, after
	if h != nil {
		for _, f := range h.frames {
			if s.has(f.mark) || s.gone {
				continue
			}
			if result = c.put(f.data, f.key, true); result == sentOverflow || result == sentClosed {
				break
			}
			s.got(f.mark)
		}
	}
	s.holding.Store(false)
	c.out.mu.Unlock()
	_ = c.after(result)
}

// has reports whether the client has had what is at a mark. The
// connection's outbox is locked, or the subscription holds nothing any more.
func (s *Subscription) has(mark uint64) bool {
	return s != nil && mark != 0 && mark <= s.after
}

// got notes that the client was given what is at a mark. The connection's outbox
// is locked.
func (s *Subscription) got(mark uint64) {
	if s != nil && mark != 0 {
		s.had = mark
	}
}

// catchesUp reports whether a batch of which low is the first place has to be
// looked at one by one.
func (s *Subscription) catchesUp(low uint64) bool {
	return s != nil && (s.holding.Load() || s.has(low))
}
