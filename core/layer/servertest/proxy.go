package servertest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP proxy with the faults of a network. Its methods may be called from
// many goroutines at once.
type Proxy struct {
	Addr string // where it listens, host and port

	target string
	ending sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	listener net.Listener // nil while cut
	conns    map[*net.TCPConn]struct{}
	delay    time.Duration
	rate     int           // bytes a second in each direction of a connection; 0 is without bound
	open     chan struct{} // closed where things pass
}

// NewProxy starts a proxy for the server at target, a host and port. It ends with
// the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	p := &Proxy{target: target, conns: map[*net.TCPConn]struct{}{}, open: make(chan struct{})}
	close(p.open)
	var err error
	for range 5 { // somebody who doesn't know of guards may have taken the port
		p.Addr = address(port(tb))
		if err = p.listen(); err == nil {
			tb.Cleanup(p.close)
			return p
		}
	}
	tb.Fatalf("servertest: %v", err)
	return nil
}

func (p *Proxy) listen() error {
	l, err := net.Listen("tcp", p.Addr) //nolint:noctx // it is over at once
	if err != nil {
		return err
	}
	p.listener = l
	p.ending.Go(func() { p.accept(l) })
	return nil
}

// Cut resets all connections and refuses new ones, until Restore.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

func (p *Proxy) cut() {
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	p.reset()
}

// Reset resets all connections. New ones are taken.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset()
}

func (p *Proxy) reset() {
	for c := range p.conns {
		_ = c.SetLinger(0)
		_ = c.Close()
		delete(p.conns, c)
	}
}

// Hang lets nothing pass, until Restore: neither data nor the end of a connection.
// Connections stay, and new ones come to nothing, as with a host that a network
// doesn't reach any more. What is sent meanwhile arrives after Restore, if its
// connection lives so long.
func (p *Proxy) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Slow has everything arrive that much later, each way, until Restore.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Throttle lets that many bytes pass in a second, in each direction of each
// connection, until Restore.
func (p *Proxy) Throttle(bytesPerSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = bytesPerSecond
}

// Restore ends all faults.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.rate = 0, 0
	select {
	case <-p.open:
	default:
		close(p.open)
	}
	if p.listener != nil || p.closed {
		return
	}
	if err := p.listen(); err != nil {
		// The port is reserved: only what is no test takes it.
		panic("servertest: " + err.Error())
	}
}

// Conns returns how many connections pass through the proxy.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.cut()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
	p.mu.Unlock()
	p.ending.Wait()
}

func (p *Proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		p.ending.Go(func() { p.serve(c.(*net.TCPConn)) })
	}
}

// serve carries one connection.
func (p *Proxy) serve(client *net.TCPConn) {
	<-p.passing()
	d := net.Dialer{Timeout: callTime}
	conn, err := d.Dial("tcp", p.target)
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	server := conn.(*net.TCPConn)
	if !p.add(client, server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client) })
	both.Go(func() { p.carry(client, server) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
	_ = client.Close()
	_ = server.Close()
}

// add takes note of a pair of connections, and closes them where it is too late.
func (p *Proxy) add(client, server *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		_ = server.Close()
		return false
	}
	p.conns[client], p.conns[server] = struct{}{}, struct{}{}
	return true
}

// passing returns a channel that is closed while things pass.
func (p *Proxy) passing() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// parcel is data under way.
type parcel struct {
	data []byte
	due  time.Time
}

// carry moves data from one connection to the other until either ends, and passes
// on the end.
func (p *Proxy) carry(to, from *net.TCPConn) {
	way := make(chan parcel, 256)
	stopped := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		defer close(stopped)
		p.deliver(to, way)
	})
	for {
		buffer := make([]byte, 16<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			p.mu.Lock()
			due := time.Now().Add(p.delay)
			p.mu.Unlock()
			select {
			case way <- parcel{buffer[:n], due}:
			case <-stopped:
			}
		}
		if err != nil {
			break
		}
	}
	close(way)
	writer.Wait()
}

// deliver writes what comes along the way, each at its time.
func (p *Proxy) deliver(to *net.TCPConn, way <-chan parcel) {
	for next := range way {
		<-time.After(time.Until(next.due))
		<-p.passing()
		if _, err := to.Write(next.data); err != nil {
			_ = to.Close()
			return
		}
		p.mu.Lock()
		rate := p.rate
		p.mu.Unlock()
		if rate > 0 {
			<-time.After(time.Duration(len(next.data)) * time.Second / time.Duration(rate))
		}
	}
	<-p.passing()
	_ = to.CloseWrite()
}
