package layer

// Channels returns how many channels the layer knows.
func (m *Memory) Channels() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.RLock()
		n += len(s.channels)
		s.mu.RUnlock()
	}
	return n
}
