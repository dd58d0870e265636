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

// Histories returns how many channels with history the layer knows.
func (m *Memory) Histories() int {
	n := 0
	for i := range m.history.shards {
		s := &m.history.shards[i]
		s.mu.RLock()
		n += len(s.channels)
		s.mu.RUnlock()
	}
	return n
}
