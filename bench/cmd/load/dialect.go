package main

import (
	"bytes"
	"strconv"
)

// A dialect is how a server frames the same three things: an echo, joining the
// room, and publishing to it.
type dialect struct {
	name string
	// greet[0] is sent after the upgrade; each later one after the reply to the
	// one before it. ack says whether a message is the awaited reply.
	greet  func(join bool) []string
	ack    func(step int, b []byte) bool
	echo   func(text string) string    // the 8-digit counter stands where text begins, and where %ID% is
	pub    func(payload string) string // %ID% likewise
	room   string                      // path suffix that joins the room
	batch  bool                        // several newline-separated messages in a frame
	rep    string                      // what an echo reply must contain in its first bytes; "" for none
	pushed string                      // what a room message must contain in its first bytes
}

// dialects returns them by name.
func dialects() map[string]*dialect {
	return map[string]*dialect{
		// {"action":..,"payload":..}; the room is joined by path.
		"chanx": {
			name: "chanx", room: "/room/bench",
			echo: func(t string) string { return `{"action":"echo","payload":{"text":"` + t + `"}}` },
			pub:  func(p string) string { return `{"action":"publish","payload":` + p + `}` },
			rep:  `"action":"echo_reply"`, pushed: `"action":"published"`,
		},
		// the same over topic frames on one connection.
		"chanx-topic": {
			name: "chanx-topic",
			greet: func(join bool) []string {
				if !join {
					return nil
				}
				return []string{`{"version":1,"topic":"room:bench","ref":"1","action":"subscribe"}`}
			},
			ack:  func(_ int, b []byte) bool { return bytes.Contains(b, []byte(`"subscribed"`)) },
			echo: func(t string) string { return `{"action":"echo","payload":{"text":"` + t + `"}}` },
			pub: func(p string) string {
				return `{"version":1,"topic":"room:bench","ref":"%ID%","action":"publish","payload":` + p + `}`
			},
			rep: `"action":"echo_reply"`, pushed: `"published"`,
		},
		// bytes back, no meaning.
		"raw": {
			name: "raw", room: "/room/bench",
			echo: func(t string) string { return `{"action":"echo","payload":{"text":"` + t + `"}}` },
			pub:  func(p string) string { return `{"action":"publish","payload":` + p + `}` },
		},
		// centrifuge JSON protocol v2.
		"centrifuge": {
			name: "centrifuge", batch: true,
			greet: func(join bool) []string {
				g := []string{`{"id":1,"connect":{}}`}
				if join {
					g = append(g, `{"id":2,"subscribe":{"channel":"bench"}}`)
				}
				return g
			},
			ack: func(step int, b []byte) bool {
				return bytes.HasPrefix(b, []byte(`{"id":`+strconv.Itoa(step+1))) && !bytes.Contains(b, []byte(`"error"`))
			},
			echo: func(t string) string { return `{"id":%ID%,"rpc":{"method":"echo","data":{"text":"` + t + `"}}}` },
			pub:  func(p string) string { return `{"id":%ID%,"publish":{"channel":"bench","data":` + p + `}}` },
			rep:  `"rpc":{"data":`, pushed: `{"push":{`,
		},
	}
}

// near looks for want in the first n bytes of b.
func near(b []byte, want string, n int) bool {
	if len(b) > n {
		b = b[:n]
	}
	return bytes.Contains(b, []byte(want))
}

// each calls f for every message in a frame.
func (d *dialect) each(b []byte, f func([]byte)) {
	if !d.batch {
		f(b)
		return
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			f(b)
			return
		}
		if i > 0 {
			f(b[:i])
		}
		b = b[i+1:]
	}
}
