// peer-raw: what the machine allows. A byte echo with hand-written framing and
// nothing else, in three I/O shapes:
//
//	net    a goroutine per connection on net.Conn: Go's read tries, then parks,
//	       so a message costs two reads and one write
//	once   a goroutine per connection inside one RawConn.Read call, which waits
//	       for readiness without the second read
//	epoll  one locked thread, one epoll, one read and one write per message
//
// It is a measuring stick, not a server: no fragments, no close handshake.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/chanx-go/chanx/bench/internal/peer"
)

var loop = flag.String("loop", "net", "net, once or epoll")

const bufSize = 64 << 10

func main() {
	ln := peer.Listen()
	var ep *poller
	if *loop == "epoll" {
		ep = newPoller()
		go ep.run()
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			if upgrade(c) != nil {
				_ = c.Close()
				return
			}
			switch *loop {
			case "net":
				echoNet(c)
			case "once":
				echoOnce(c)
			case "epoll":
				ep.add(c)
			}
		}()
	}
}

func upgrade(c net.Conn) error {
	r, err := http.ReadRequest(bufio.NewReaderSize(c, 1024))
	if err != nil {
		return err
	}
	h := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(h[:])+"\r\n\r\n")
	return err
}

// turn rewrites every whole client frame in b as server frames in place (they
// are 4 bytes shorter), and returns the bytes to send and the bytes left over.
func turn(b []byte) (out, rest []byte) {
	w := 0
	i := 0
	for {
		p := b[i:]
		if len(p) < 6 {
			break
		}
		n, h := int(p[1]&127), 2
		if n == 126 {
			if len(p) < 8 {
				break
			}
			n, h = int(binary.BigEndian.Uint16(p[2:])), 4
		} else if n == 127 {
			break
		}
		if len(p) < h+4+n {
			break
		}
		var key [8]byte
		copy(key[:], p[h:h+4])
		copy(key[4:], p[h:h+4])
		k := binary.LittleEndian.Uint64(key[:])
		first := p[0]
		src := p[h+4 : h+4+n]
		j := 0
		for ; j+8 <= n; j += 8 {
			binary.LittleEndian.PutUint64(src[j:], binary.LittleEndian.Uint64(src[j:])^k)
		}
		for ; j < n; j++ {
			src[j] ^= key[j&3]
		}
		b[w] = first
		if h == 2 {
			b[w+1] = byte(n)
		} else {
			b[w+1] = 126
			binary.BigEndian.PutUint16(b[w+2:], uint16(n))
		}
		copy(b[w+h:], src)
		w += h + n
		i += h + 4 + n
	}
	return b[:w], b[i:]
}

func echoNet(c net.Conn) {
	defer func() { _ = c.Close() }()
	b := make([]byte, bufSize)
	k := 0
	for {
		n, err := c.Read(b[k:])
		if err != nil {
			return
		}
		out, rest := turn(b[:k+n])
		if len(out) > 0 {
			if _, err := c.Write(out); err != nil {
				return
			}
		}
		k = copy(b, rest)
	}
}

func rawRead(fd int, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), e
}

func rawWrite(fd int, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), e
}

// serve does one read and one write on fd; false ends the connection.
func serve(fd int, b []byte, keep *[]byte) bool {
	k := copy(b, *keep)
	n, e := rawRead(fd, b[k:])
	if e == syscall.EAGAIN {
		return true
	}
	if e != 0 || n == 0 {
		return false
	}
	out, rest := turn(b[:k+n])
	if len(out) > 0 {
		if m, e := rawWrite(fd, out); e != 0 || m != len(out) {
			return false
		}
	}
	*keep = append((*keep)[:0], rest...)
	return true
}

func echoOnce(c net.Conn) {
	defer func() { _ = c.Close() }()
	rc, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	b := make([]byte, bufSize)
	var keep []byte
	_ = rc.Read(func(fd uintptr) bool { return !serve(int(fd), b, &keep) })
}

type poller struct{ ep int }

func newPoller() *poller {
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		log.Fatal(err)
	}
	return &poller{ep}
}

func (p *poller) add(c net.Conn) {
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		return
	}
	fd, err := unix.Dup(int(f.Fd()))
	f.Close()
	_ = c.Close()
	if err != nil {
		return
	}
	_ = unix.SetNonblock(fd, true)
	_ = unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (p *poller) run() {
	runtime.LockOSThread()
	ev := make([]unix.EpollEvent, 256)
	b := make([]byte, bufSize)
	keep := map[int32]*[]byte{}
	for {
		n, err := unix.EpollWait(p.ep, ev, -1)
		if err != nil {
			continue
		}
		for _, e := range ev[:n] {
			k := keep[e.Fd]
			if k == nil {
				k = new([]byte)
				keep[e.Fd] = k
			}
			if !serve(int(e.Fd), b, k) {
				delete(keep, e.Fd)
				_ = unix.Close(int(e.Fd))
			}
		}
	}
}
