package chanxfiber

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// patience is for how long a session waits for fasthttp to hand over its
// connection, and for the client to take the answer.
const patience = 15 * time.Second

var errAbandoned = errors.New("chanxfiber: fiber has given the request up")

// upgrade is a session on its way to its connection, which fasthttp hands over
// once all middleware has returned. It may never do that: because the client is
// gone, or because a middleware did not wait for the handler. So somebody else has
// to end the session then.
type upgrade struct {
	session *chanx.Session
	header  http.Header // of the 101 response
	guard   *time.Timer
}

// accept puts a session on its way.
func accept(session *chanx.Session) (*upgrade, error) {
	header, err := session.Accept()
	if err != nil {
		session.Discard(err)
		return nil, err
	}
	return &upgrade{session, header, time.AfterFunc(patience, func() { session.Discard(errAbandoned) })}, nil
}

// discard ends the session, if there is one, for which err is the reason.
func (u *upgrade) discard(err error) {
	if u != nil && u.guard.Stop() {
		u.session.Discard(err)
	}
}

// prepare makes the response a 101 and has the session run when the connection is
// there.
func (u *upgrade) prepare(c *fiber.Ctx, r *http.Request) error {
	rc := c.Context()
	// The core has checked the handshake; the upgrader looks at the first line of
	// each header, and not under all the names that a client may write.
	rc.Request.Header.Set("Connection", "Upgrade")
	rc.Request.Header.Set("Upgrade", "websocket")
	for _, name := range []string{"Sec-Websocket-Version", "Sec-Websocket-Key"} {
		rc.Request.Header.Set(name, r.Header.Get(name))
	}
	rc.Response.Header.Del(fiber.HeaderSecWebSocketExtensions)
	err := websocket.New(func(conn *websocket.Conn) {
		hijacked := conn.NetConn()
		transport := hijacked.(interface{ UnsafeConn() net.Conn }).UnsafeConn()
		closing := transport // where a handler ends this goroutine fasthttp closes nothing
		defer func() { _ = closing.Close() }()
		u.run(rc, hijacked, transport)
		closing = hijacked // which does nothing, unless the server keeps hijacked connections
	}, websocket.Config{
		EnableCompression: u.header.Get(fiber.HeaderSecWebSocketExtensions) != "",
		ReadBufferSize:    1, // the smallest: its frames are not used
		WriteBufferSize:   1,
		RecoverHandler:    func(*websocket.Conn) {}, // the default tells the client what the panic was
	})(c)
	if err != nil {
		err = fmt.Errorf("chanxfiber: contrib/websocket: %w", err)
		u.discard(err)
		return err
	}
	// fasthttp writes a 101 of a connection that it closes right after it, where
	// keep-alive is off or a middleware says so. run writes it instead.
	rc.HijackSetNoResponse(true)
	return nil
}

// run answers the handshake and runs the session. The request is the session's
// until run returns.
func (u *upgrade) run(rc *fasthttp.RequestCtx, hijacked, transport net.Conn) {
	if !u.guard.Stop() {
		return
	}
	if err := respond(transport, &rc.Response, u.header); err != nil {
		u.session.Discard(err)
		return
	}
	early := pending(hijacked, transport)
	rc.ResetUserValues() // or a context made from this one would have them
	u.session.RunConn(transport, early)
}

// respond writes the response as middleware left it.
func respond(transport net.Conn, resp *fasthttp.Response, header http.Header) error {
	_ = transport.SetWriteDeadline(time.Now().Add(patience))
	w := bufio.NewWriterSize(transport, 512)
	if status := resp.StatusCode(); status != fasthttp.StatusSwitchingProtocols {
		resp.SetConnectionClose()
		return errors.Join(fmt.Errorf("chanxfiber: a middleware made the answer %d", status), resp.Write(w), w.Flush())
	}
	resp.ResetBody() // which a middleware may have opened a file for
	h := &resp.Header
	h.ResetConnectionClose()
	for _, name := range []string{
		"Upgrade", "Connection", fiber.HeaderSecWebSocketAccept, fiber.HeaderSecWebSocketProtocol, fiber.HeaderSecWebSocketExtensions,
		"Content-Type", "Content-Encoding", "Transfer-Encoding",
	} {
		h.Del(name)
	}
	for name := range header {
		h.Set(name, header.Get(name))
	}
	_, err := transport.Write(h.Header())
	if err == nil {
		err = transport.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("chanxfiber: write the 101 response: %w", err)
	}
	return nil
}

// pending returns what fasthttp has read already of what the client sent after its
// handshake: with a deadline that has passed nothing else can be read.
func pending(hijacked io.Reader, transport net.Conn) []byte {
	_ = transport.SetReadDeadline(time.Unix(1, 0))
	early, _ := io.ReadAll(hijacked)
	_ = transport.SetReadDeadline(time.Time{})
	return early
}
