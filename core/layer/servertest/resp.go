package servertest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// respConn is a connection to a Redis server.
type respConn struct {
	conn net.Conn
	r    *bufio.Reader
}

// callTime bounds a call of this package to a server.
const callTime = 5 * time.Second

func dialRedis(s *Server) (*respConn, error) {
	conn, err := dial(s)
	if err != nil {
		return nil, err
	}
	c := &respConn{conn: conn, r: bufio.NewReader(conn)}
	switch {
	case s.user != "":
		_, err = c.do("AUTH", s.user, s.secret)
	case s.secret != "":
		_, err = c.do("AUTH", s.secret)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// dial connects to a server, with TLS where it speaks that from the beginning.
func dial(s *Server) (net.Conn, error) {
	d := &net.Dialer{Timeout: callTime}
	conn, err := d.Dial("tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(callTime)); err != nil {
		conn.Close()
		return nil, err
	}
	if s.TLS != nil && s.Name == "" { // NATS begins with a line in the clear
		conn = tls.Client(conn, s.TLS)
	}
	return conn, nil
}

// do sends a command and reads its answer.
func (c *respConn) do(args ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return "", err
	}
	return readRESP(c.r, maxDepth)
}

// maxDepth is how deep arrays may be in arrays.
const maxDepth = 8

// readRESP reads one answer of version 2 of the protocol, with arrays so deep. An
// array becomes its elements' lines.
func readRESP(r *bufio.Reader, depth int) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line in place of an answer")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	switch {
	case err != nil || kind != '$' && kind != '*':
		return "", fmt.Errorf("%q is no answer", line)
	case n < 0:
		return "", nil
	case n > 64<<20 || depth == 0:
		return "", fmt.Errorf("an answer of %d bytes or elements, %d deep", n, maxDepth-depth)
	case kind == '$':
		text, err := io.ReadAll(io.LimitReader(r, int64(n)+2))
		if err != nil || len(text) != n+2 {
			return "", errors.Join(io.ErrUnexpectedEOF, err)
		}
		return string(text[:n]), nil
	}
	var lines []string
	for range n {
		element, err := readRESP(r, depth-1)
		if err != nil {
			return "", err
		}
		lines = append(lines, element)
	}
	return strings.Join(lines, "\n"), nil
}
