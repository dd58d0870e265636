package layer

import "sync"

// Channels returns how many channels the layer knows.
func (m *Memory) Channels() int {
	return m.channels.Len()
}

func count(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// Histories returns how many channels with history the layer knows.
func (m *Memory) Histories() int {
	return count(&m.history.channels)
}
