package layer

// Rosters returns how many channels with presence the layer knows, and how many
// owners have sessions on them.
func (m *Memory) Rosters() (rosters, owners int) {
	seen := make(map[*memoryOwner]bool)
	for i := range m.presence.shards {
		s := &m.presence.shards[i]
		s.mu.RLock()
		rosters += len(s.rosters)
		for o := range s.owned {
			seen[o] = true
		}
		s.mu.RUnlock()
	}
	return rosters, len(seen)
}
