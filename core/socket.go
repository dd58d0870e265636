package chanx

import "time"

// Socket is the seam between the core and a WebSocket library: the transport of
// one connection whose handshake is done. The core serialises writes, builds
// frames, answers pings and closes; an adapter's socket moves bytes.
//
// Serve runs on one goroutine. TryWrite and Write are never called at the same
// time as each other, but while Serve runs. Other connections get the same bytes,
// and the core uses them again: they must not be changed, or kept after the call.
// Close may be called at any time from any goroutine.
//
// A socket may have two more methods. Pending() bool, called from within message
// only, reports whether another message has been read already; answers are then
// joined. PeerGone() bool reports whether the client is known to have hung up
// although Serve has not returned, which it can't while a handler runs.
type Socket interface {
	// Serve reads until the connection ends. It calls message for each data
	// message and control for each ping (opcode 0x9) and pong (0xA), on the
	// goroutine that called it; the data is valid during the call only. It
	// returns an error of message as it is, and else a [*CloseError] with the
	// code with which the connection is to be closed: the peer's (Remote), or
	// 1002, 1007 or 1009 for what is wrong with its frames, or 1006.
	Serve(message func(binary bool, data []byte) error, control func(opcode byte, data []byte)) error

	// TryWrite writes what can be written without waiting, and returns how much
	// that was: 0 where the transport can't tell.
	TryWrite(frames []byte) (int, error)

	// Write writes all frames, or returns an error once the deadline has passed.
	Write(frames []byte, deadline time.Time) (int, error)

	// Close ends the connection at once: a Serve or Write under way returns.
	Close() error
}
