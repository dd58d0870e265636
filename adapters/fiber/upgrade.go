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

// patience is for how long a client may take to read an answer that is no 101.
const patience = 15 * time.Second

var errAbandoned = errors.New("chanxfiber: fiber has given the request up")

// upgrade is a session on its way to its connection, which fasthttp hands over
// once all middleware has returned. It may never do that: because the client is
// gone, or because a middleware did not wait for the handler. The session ends by
// itself then.
type upgrade struct {
	session *chanx.Session
	header  http.Header // of the 101 response
}

// accept puts a session on its way.
func accept(session *chanx.Session) (*upgrade, error) {
	header, err := session.Accept()
	if err != nil {
		session.Discard(err)
		return nil, err
	}
	return &upgrade{session, header}, nil
}

// discard ends the session, if there is one, for which err is the reason.
func (u *upgrade) discard(err error) {
	if u != nil {
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
	resp := &rc.Response
	if resp.StatusCode() != fasthttp.StatusSwitchingProtocols {
		u.session.Discard(answer(transport, resp))
		return
	}
	resp.ResetBody() // which a middleware may have opened a file for
	early := pending(hijacked, transport)
	rc.ResetUserValues() // or a context made from this one would have them
	u.session.RunConn(transport, u.head(&resp.Header), early)
}

// answer writes what a middleware has put in the place of the 101 response, and
// returns that as the reason why there is no socket.
func answer(transport net.Conn, resp *fasthttp.Response) error {
	_ = transport.SetWriteDeadline(time.Now().Add(patience))
	w := bufio.NewWriterSize(transport, 512)
	resp.SetConnectionClose()
	return errors.Join(fmt.Errorf("chanxfiber: a middleware made the answer %d", resp.StatusCode()), resp.Write(w), w.Flush())
}

// head is the 101 response, with the headers that middleware has set.
func (u *upgrade) head(h *fasthttp.ResponseHeader) []byte {
	h.ResetConnectionClose()
	for _, name := range []string{
		"Upgrade", "Connection", fiber.HeaderSecWebSocketAccept, fiber.HeaderSecWebSocketProtocol, fiber.HeaderSecWebSocketExtensions,
		"Content-Type", "Content-Encoding", "Transfer-Encoding",
	} {
		h.Del(name)
	}
	for name := range u.header {
		h.Set(name, u.header.Get(name))
	}
	return h.Header()
}

// pending returns what fasthttp has read already of what the client sent after its
// handshake: with a deadline that has passed nothing else can be read.
func pending(hijacked io.Reader, transport net.Conn) []byte {
	_ = transport.SetReadDeadline(time.Unix(1, 0))
	early, _ := io.ReadAll(hijacked)
	_ = transport.SetReadDeadline(time.Time{})
	return early
}
