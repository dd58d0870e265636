package chanxtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/layer"
	"github.com/coder/websocket"
)

// Client is one WebSocket client of a test. It reads all the time, whether the
// test wants frames or not, and answers pings; frames wait in order until the
// test takes them. It is closed when the test ends.
//
// As a [Peer] it stands for the whole connection: it takes the next frame, whatever
// topic that belongs to. A [Topic] takes those of the topic only.
type Client struct {
	t             testing.TB
	host          *host
	ws            *websocket.Conn
	header        http.Header // of the handshake's answer
	contract      *contract
	discriminator string
	timeout       time.Duration
	quiet         time.Duration

	mu      sync.Mutex
	frames  []Frame       // that wait
	log     []string      // the last lines that went over the connection
	lines   int           // how many there were
	changed chan struct{} // closed and replaced when something comes
	closed  *chanx.CloseError
	refs    int
	asked   map[string]layer.Position // from where a client wants to go on, by the ref of its "subscribe"
	came    courses                   // of topics, as their frames come
	sent    requests                  // that answers are held against

	done  chan struct{} // closed when reading has ended
	ended sync.Once
}

// Subprotocol returns the subprotocol that the server chose, "" for none.
func (c *Client) Subprotocol() string { return c.ws.Subprotocol() }

// Header returns the headers of the answer to the handshake.
func (c *Client) Header() http.Header { return c.header.Clone() }

// Send sends a message without a ref.
func (c *Client) Send(m chanx.Message) {
	c.t.Helper()
	c.send("", "", m)
}

// SendRef sends a message with a ref.
func (c *Client) SendRef(ref string, m chanx.Message) {
	c.t.Helper()
	c.send("", ref, m)
}

// Cancel sends stream_cancel for the stream with the ref. For one of a topic's see
// [Topic.Cancel].
func (c *Client) Cancel(ref string) {
	c.t.Helper()
	c.SendRaw(c.envelope("", ref, "stream_cancel", nil))
}

// SendRaw sends a text message as it is.
func (c *Client) SendRaw(text string) {
	c.t.Helper()
	c.write(websocket.MessageText, []byte(text), "-> "+text)
}

// SendBinary sends a binary message.
func (c *Client) SendBinary(data []byte) {
	c.t.Helper()
	c.write(websocket.MessageBinary, data, fmt.Sprintf("-> binary %x", data))
}

func (c *Client) write(kind websocket.MessageType, data []byte, line string) {
	c.t.Helper()
	c.mu.Lock()
	c.note(line)
	var problem error
	if kind == websocket.MessageText && c.contract != nil {
		problem = c.sent.add(c.contract, data)
	}
	c.mu.Unlock()
	if problem != nil {
		c.fail("%s can't be held against the document: %v", limited(line), problem)
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	err := c.ws.Write(ctx, kind, data)
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		c.fail("the server did not read a message for %v", c.timeout)
	default:
		c.mu.Lock()
		if c.closed != nil {
			err = c.closed
		}
		c.mu.Unlock()
		c.fail("the message could not be sent: %v", err)
	}
}

// send sends a message to a topic, or to the consumer itself where that is "".
func (c *Client) send(topic, ref string, m chanx.Message) {
	c.t.Helper()
	payload, err := c.encode(m)
	if err != nil {
		c.fail("%T can't be encoded: %v", m, err)
	}
	c.SendRaw(c.envelope(topic, ref, m.Action(), payload))
}

// envelope makes a frame.
func (c *Client) envelope(topic, ref, action string, payload []byte) string {
	var b strings.Builder
	b.WriteByte('{')
	if topic != "" {
		b.WriteString(`"topic":` + quote(topic) + ",")
	}
	if ref != "" {
		b.WriteString(`"ref":` + quote(ref) + ",")
	}
	b.WriteString(quote(c.discriminator) + ":" + quote(action))
	if payload != nil {
		b.WriteString(`,"payload":` + string(payload))
	}
	b.WriteByte('}')
	return b.String()
}

// freshRef returns a ref that no request had yet.
func (c *Client) freshRef() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refs++
	return "test-" + strconv.Itoa(c.refs)
}

// Close closes the connection with a close frame and waits for the server's.
func (c *Client) Close(code chanx.CloseCode, reason string) {
	c.t.Helper()
	c.mu.Lock()
	c.note(fmt.Sprintf("-> close %d %s", code, reason))
	c.mu.Unlock()
	err := c.ws.Close(websocket.StatusCode(code), reason)
	<-c.done
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	// The server's close frame ends the reading, unless the library's Close came
	// between two reads and took it.
	taken := err == nil && errors.Is(closed.Err, net.ErrClosed) || websocket.CloseStatus(err) != -1
	if closed.Code == chanx.CloseAbnormal && !taken {
		c.fail("the server did not answer a close frame: %v", closed.Err)
	}
}

// Drop ends the connection without a close frame, as a client does that loses
// its network.
func (c *Client) Drop() {
	c.mu.Lock()
	c.note("-> drop")
	c.mu.Unlock()
	_ = c.ws.CloseNow()
	<-c.done
}

// end is the client's end with the test's.
func (c *Client) end() {
	c.ended.Do(func() {
		if c.ws != nil {
			_ = c.ws.CloseNow()
			<-c.done
		}
		c.host.close()
		for _, f := range c.frames {
			if f.problem != nil {
				c.t.Errorf("chanxtest: the client got a frame that the test did not read: %s: %v", limited(f.Text), f.problem)
			}
		}
	})
}

// read takes frames until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	for {
		kind, data, err := c.ws.Read(context.Background())
		if err != nil {
			c.stopped(err)
			return
		}
		f := Frame{Text: fmt.Sprintf("binary %x", data), problem: errors.New("it is binary")}
		if kind == websocket.MessageText {
			f = parse(data, c.discriminator)
		}
		c.mu.Lock()
		f.before = c.came.of(f.Topic)
		f.problem = c.check(&f)
		c.frames = append(c.frames, f)
		c.note("<- " + f.Text)
		c.signal()
		c.mu.Unlock()
	}
}

// check says what is wrong with a frame that came. c is locked.
func (c *Client) check(f *Frame) error {
	if err := c.contract.check(f); err != nil {
		return err
	}
	err := c.came.follow(f, c.asked)
	if c.contract == nil {
		return nil
	}
	if err == nil {
		err = c.contract.published(f)
	}
	if err == nil {
		err = c.sent.answered(f)
	}
	return err
}

// stopped notes how the connection ended.
func (c *Client) stopped(err error) {
	closed := &chanx.CloseError{Code: chanx.CloseAbnormal, Err: err}
	if e, ok := errors.AsType[websocket.CloseError](err); ok {
		closed = &chanx.CloseError{Code: chanx.CloseCode(e.Code), Reason: e.Reason, Remote: true}
	}
	_ = c.ws.CloseNow()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = closed
	c.note(strings.TrimSpace(fmt.Sprintf("<- close %d %s", closed.Code, closed.Reason)))
	c.signal()
}

// signal wakes who waits. c is locked.
func (c *Client) signal() {
	close(c.changed)
	c.changed = make(chan struct{})
}

const logged = 20

// note keeps a line for a failure's message. c is locked.
func (c *Client) note(line string) {
	c.lines++
	if len(c.log) == logged {
		c.log = slices.Delete(c.log, 0, 1)
	}
	c.log = append(c.log, limited(line))
}

// fail ends the test, with what went over the connection.
func (c *Client) fail(format string, args ...any) {
	c.t.Helper()
	c.mu.Lock()
	log := strings.Join(c.log, "\n\t")
	switch {
	case len(c.log) == 0:
		log = "(nothing was sent or received)"
	case c.lines > len(c.log):
		log = fmt.Sprintf("(%d before these)\n\t", c.lines-len(c.log)) + log
	}
	c.mu.Unlock()
	c.t.Fatalf("chanxtest: %s\n\t%s", fmt.Sprintf(format, args...), log)
}
