package chanx

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"sync"

	"github.com/chanx-go/chanx/core/internal/wire"
)

// compressFrom is the size from which a message is worth compressing.
const compressFrom = 512

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // fails for an unknown level only
	return w
}}

// compressFrame appends a text frame with the message compressed without
// context: the same bytes serve every client.
func compressFrame(dst, message []byte) []byte {
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	_, _ = w.Write(message) // a bytes.Buffer takes everything
	_ = w.Flush()
	data := bytes.TrimSuffix(out.Bytes(), []byte{0x00, 0x00, 0xff, 0xff}) // RFC 7692, section 7.2.1
	return append(wire.AppendCompressedHeader(dst, len(data)), data...)
}

// form is whole frames of ours as the connection reads them.
func (c *Conn) form(frames []byte) []byte {
	if !c.out.compressed.Load() {
		return frames
	}
	return compressFrames(frames)
}

// compressFrames returns text frames of ours with the large ones compressed.
func compressFrames(frames []byte) []byte {
	out := make([]byte, 0, len(frames))
	for len(frames) > 0 {
		head, size := 2, int(frames[1])
		switch size {
		case 126:
			head, size = 4, int(binary.BigEndian.Uint16(frames[2:]))
		case 127:
			head, size = 10, int(binary.BigEndian.Uint64(frames[2:]))
		}
		if size >= compressFrom {
			out = compressFrame(out, frames[head:head+size])
		} else {
			out = append(out, frames[:head+size]...)
		}
		frames = frames[head+size:]
	}
	return out
}
