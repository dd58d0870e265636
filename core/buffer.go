package chanx

import "sync"

var bufferPool = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// maxPooled is the largest buffer worth keeping: bigger ones are rare, and would
// stay as big as the biggest message ever sent.
const maxPooled = 64 << 10

// getBuffer returns an empty buffer for putBuffer to take back.
func getBuffer() *[]byte {
	b := bufferPool.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func putBuffer(b *[]byte) {
	if cap(*b) <= maxPooled {
		bufferPool.Put(b)
	}
}
