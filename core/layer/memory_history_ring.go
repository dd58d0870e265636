package layer

import "time"

// ring is a queue that grows and shrinks with what is in it.
type ring struct {
	slots []kept
	first int // where the oldest is
	count int
}

// kept is an entry in a ring.
type kept struct {
	data []byte
	at   time.Duration // when it was appended
}

// at returns the i-th, counted from the oldest.
func (r *ring) at(i int) *kept {
	return &r.slots[(r.first+i)%len(r.slots)]
}

func (r *ring) push(k kept) {
	if r.count == len(r.slots) {
		r.resize(max(2*r.count, 1))
	}
	r.count++
	*r.at(r.count - 1) = k
}

// drop forgets the n oldest, or nothing where n is below 1.
func (r *ring) drop(n int) {
	if n <= 0 {
		return
	}
	for i := range n {
		*r.at(i) = kept{}
	}
	r.first = (r.first + n) % len(r.slots)
	r.count -= n
	if len(r.slots) > 8 && r.count <= len(r.slots)/4 {
		r.resize(2 * r.count)
	}
}

func (r *ring) resize(size int) {
	slots := make([]kept, size)
	for i := range r.count {
		slots[i] = *r.at(i)
	}
	r.slots, r.first = slots, 0
}
