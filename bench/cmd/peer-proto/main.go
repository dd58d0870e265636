// peer-proto: coder/websocket with one technique after another switched on, to
// see what each is worth. With all flags at their first value it is peer-coder.
//
//	-read  std     net/http's buffers, kept for the connection's life
//	       pooled  a buffer only while there is something in it; coder reads
//	               through a 16-byte bufio.Reader
//	       once    pooled, and one read system call per message instead of two:
//	               coder reads only whole frames that are in memory
//	       own     pooled, and frames parsed here instead of by coder (to see
//	               what coder's read path costs)
//	-batch         replies to messages that were read together are written
//	               together (with -read once or own and -echo direct)
//	-rawsys        non-blocking reads and writes without telling the scheduler
//	-detach        the read loop runs on a goroutine of its own, so that
//	               net/http's request, buffers and stack are freed
//	-echo  std     c.Write under a context with a timeout
//	       noctx   c.Read and c.Write under a context that is never done
//	       direct  reply framed here and written to the hijacked connection
//	-fan   std     a queue and a writer goroutine per connection, c.Write
//	       each    a shared frame, a goroutine only while a queue is not empty
//	       conn    the same, and what waits is written as one
//	       room    one log per room, one goroutine that writes the same bytes to
//	               each member without waiting
//	-codec v1      encoding/json twice
//	       fast    action and payload found by one scan, payload decoded and
//	               encoded by segmentio/encoding, envelope appended
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	segmentio "github.com/segmentio/encoding/json"

	"github.com/chanx-go/chanx/bench/internal/peer"
	"github.com/chanx-go/chanx/bench/micro"
)

var (
	read   = flag.String("read", "std", "std, pooled, once or own")
	rawsys = flag.Bool("rawsys", false, "RawSyscall for non-blocking reads and writes")
	batch  = flag.Bool("batch", false, "write replies together")
	detach = flag.Bool("detach", false, "leave the HTTP handler")
	echo   = flag.String("echo", "std", "std, noctx or direct")
	fan    = flag.String("fan", "std", "std, each, conn or room")
	codec  = flag.String("codec", "v1", "v1 or fast")
)

type client struct {
	c    *websocket.Conn
	w    *wconn
	send chan []byte
	room *room
	name string
	held *[]byte // replies not yet written
	rest []byte  // -read own: what follows the current frame
}

// more says whether another whole message is in memory already.
func (cl *client) more() bool {
	if *read == "own" {
		return whole(cl.rest)
	}
	return *read == "once" && cl.w.buf != nil && whole((*cl.w.buf)[cl.w.r:cl.w.w])
}

// reply writes a frame, or holds it while more messages wait in memory.
func (cl *client) reply(f []byte) {
	if !*batch {
		cl.w.sendShared(f)
		return
	}
	more := cl.more()
	if cl.held == nil {
		if !more {
			cl.w.sendShared(f)
			return
		}
		cl.held = bufPool.Get().(*[]byte)
		*cl.held = (*cl.held)[:0]
	}
	*cl.held = append(*cl.held, f...)
	if !more || len(*cl.held) > 16<<10 {
		cl.w.sendShared(*cl.held)
		*cl.held = (*cl.held)[:cap(*cl.held)]
		bufPool.Put(cl.held)
		cl.held = nil
	}
}

var (
	rooms   peer.Rooms[*client]
	logsMu  sync.Mutex
	logs    = map[string]*room{}
	errBad  = errors.New("bad message")
	outPool = sync.Pool{New: func() any { b := make([]byte, 0, 8192); return &b }}
	msgPool = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 8192)) }}
)

func roomOf(name string) *room {
	logsMu.Lock()
	defer logsMu.Unlock()
	r := logs[name]
	if r == nil {
		r = &room{}
		r.space.L = &r.mu
		logs[name] = r
	}
	return r
}

func main() {
	ln := peer.Listen()
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", serve)
	mux.HandleFunc("/ws/room/{name}", serve)
	log.Fatal(http.Serve(ln, mux))
}

func serve(w http.ResponseWriter, r *http.Request) {
	h := &hijacker{ResponseWriter: w}
	c, err := websocket.Accept(h, r, nil)
	if err != nil {
		return
	}
	c.SetReadLimit(128 << 10)
	cl := &client{c: c, w: h.c, name: r.PathValue("name")}
	ctx := r.Context()
	if *detach || *echo != "std" {
		ctx = context.Background()
	}
	if *detach {
		go cl.run(ctx)
		return
	}
	cl.run(ctx)
}

func (cl *client) run(ctx context.Context) {
	defer func() { _ = cl.c.CloseNow() }()
	if *echo == "std" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	if cl.name != "" {
		if *fan == "room" {
			cl.room = roomOf(cl.name)
			cl.room.join(cl.w)
			defer cl.room.leave(cl.w)
		} else {
			rooms.Join(cl.name, cl)
			defer rooms.Leave(cl.name, cl)
		}
	}
	if *fan == "std" {
		cl.send = make(chan []byte, 256)
		done := make(chan struct{})
		defer close(done)
		go cl.writeLoop(ctx, done)
	}
	if *read == "own" {
		cl.own(ctx)
		return
	}
	if *echo == "std" {
		for {
			_, b, err := cl.c.Read(ctx)
			if err != nil || cl.handle(ctx, b) != nil {
				return
			}
		}
	}
	next := func() error { return cl.next(ctx) }
	if *read == "once" {
		for cl.w.once(next) && next() == nil { //nolint:revive // next does it all
		}
		return
	}
	for next() == nil { //nolint:revive // the same
	}
}

// next reads one message through coder into a pooled buffer and handles it.
func (cl *client) next(ctx context.Context) error {
	_, r, err := cl.c.Reader(ctx)
	if err != nil {
		return err
	}
	m := msgPool.Get().(*bytes.Buffer)
	m.Reset()
	_, err = m.ReadFrom(r)
	if err == nil {
		err = cl.handle(ctx, m.Bytes())
	}
	msgPool.Put(m)
	return err
}

// own parses frames out of the pooled buffer. A message that does not fit it,
// a fragment or a control frame is not handled: this is for measuring.
func (cl *client) own(ctx context.Context) {
	w := cl.w
	var keep []byte
	for {
		if w.buf == nil {
			if w.fill() != nil {
				return
			}
		}
		b := (*w.buf)[w.r:w.w]
		if len(keep) > 0 {
			keep = append(keep, b...)
			b = keep
		}
		for len(b) >= 6 {
			n, h := int(b[1]&127), 6
			if n == 126 {
				if len(b) < 8 {
					break
				}
				n, h = int(binary.BigEndian.Uint16(b[2:])), 8
			}
			if n == 127 || b[0]&0x8f != 0x81 {
				return
			}
			if len(b) < h+n {
				break
			}
			p := b[h : h+n]
			unmask(p, b[h-4:h])
			cl.rest = b[h+n:]
			if cl.handle(ctx, p) != nil {
				return
			}
			b = b[h+n:]
		}
		if len(b) > 0 {
			keep = append([]byte(nil), b...)
		} else {
			keep = nil
		}
		bufPool.Put(w.buf)
		w.buf = nil
	}
}

func unmask(p, key []byte) {
	k := uint64(binary.LittleEndian.Uint32(key))
	k |= k << 32
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= key[i&3]
	}
}

func (cl *client) handle(ctx context.Context, b []byte) error {
	o := outPool.Get().(*[]byte)
	defer outPool.Put(o)
	reply := (*o)[:0]
	var out []byte
	var err error
	if *codec == "v1" {
		var r []byte
		if r, out, err = peer.Handle(b); err == nil && r != nil {
			if *echo == "direct" {
				reply = append(appendHeader(reply, len(r)), r...)
			} else {
				reply = r
			}
		}
	} else {
		reply, out, err = fast(b, reply)
		if cap(reply) > cap(*o) {
			*o = reply
		}
		if *echo != "direct" && len(reply) > 0 {
			reply = reply[10:]
		} else if len(reply) > 0 {
			reply = front(reply)
		}
	}
	if err != nil {
		return err
	}
	if out != nil {
		cl.broadcast(out)
	}
	if len(reply) == 0 {
		return nil
	}
	switch *echo {
	case "direct":
		cl.reply(reply)
		return nil
	case "noctx":
		return cl.c.Write(ctx, websocket.MessageText, reply)
	}
	return cl.write(ctx, reply)
}

// front puts the frame header right before the payload at b[10:].
func front(b []byte) []byte {
	n := len(b) - 10
	switch {
	case n < 126:
		b[8], b[9] = 0x81, byte(n)
		return b[8:]
	case n < 1<<16:
		b[6], b[7] = 0x81, 126
		binary.BigEndian.PutUint16(b[8:], uint16(n))
		return b[6:]
	}
	b[0], b[1] = 0x81, 127
	binary.BigEndian.PutUint64(b[2:], uint64(n))
	return b
}

func fast(b, dst []byte) (reply, out []byte, err error) {
	a, raw, err := micro.Scan(b)
	if err != nil {
		return nil, nil, err
	}
	switch string(a) {
	case "echo":
		var p peer.EchoPayload
		if err := segmentio.Unmarshal(raw, &p); err != nil {
			return nil, nil, err
		}
		if len(p.Text) == 0 || len(p.Text) > 64<<10 {
			return nil, nil, errBad
		}
		dst = append(dst, "0123456789"+`{"action":"echo_reply","payload":`...)
		if dst, err = segmentio.Append(dst, &p, 0); err != nil {
			return nil, nil, err
		}
		return append(dst, '}'), nil, nil
	case "publish":
		var p peer.PublishPayload
		if err := segmentio.Unmarshal(raw, &p); err != nil {
			return nil, nil, err
		}
		out = append(make([]byte, 0, len(b)+16), `{"action":"published","payload":`...)
		if out, err = segmentio.Append(out, &p, 0); err != nil {
			return nil, nil, err
		}
		return nil, append(out, '}'), nil
	}
	return nil, nil, errBad
}

func (cl *client) broadcast(out []byte) {
	switch *fan {
	case "room":
		if cl.room != nil {
			cl.room.publish(out)
		}
	case "each", "conn":
		f := frameOf(out)
		rooms.Each(cl.name, func(m *client) { m.w.enqueue(f) })
	default:
		rooms.Each(cl.name, func(m *client) {
			select {
			case m.send <- out:
			default:
				go func() { _ = m.c.Close(websocket.StatusPolicyViolation, "too slow") }()
			}
		})
	}
}

func (cl *client) write(ctx context.Context, b []byte) error {
	if *echo != "std" {
		return cl.c.Write(ctx, websocket.MessageText, b)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return cl.c.Write(ctx, websocket.MessageText, b)
}

func (cl *client) writeLoop(ctx context.Context, done chan struct{}) {
	t := time.NewTicker(30 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case b := <-cl.send:
			if cl.write(ctx, b) != nil {
				return
			}
		case <-t.C:
			if cl.c.Ping(ctx) != nil {
				return
			}
		}
	}
}

var _ net.Conn = (*wconn)(nil)
