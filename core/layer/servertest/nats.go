package servertest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
)

// NATSOptions say what a NATS server is like.
type NATSOptions struct {
	// JetStream has the server keep streams, in files.
	JetStream bool
	// MaxStore bounds what JetStream keeps, in bytes; 0 is 1 GiB.
	MaxStore int64
	// TLS has the server take connections with TLS alone.
	TLS bool
	// User may do everything, with Password, and nobody else anything.
	User, Password string
	// Token is what clients must show, where there is no User.
	Token string
	// Config are further lines of the configuration.
	Config string
	// Args are further arguments.
	Args []string
}

// NATS starts a NATS server, which ends with the test. It keeps its streams over
// Kill and Start.
func NATS(tb testing.TB, o NATSOptions) *Server {
	tb.Helper()
	return newNATS(tb, "alone", o).run(tb)
}

func newNATS(tb testing.TB, name string, o NATSOptions) *Server {
	tb.Helper()
	dir := folder(tb)
	s := &Server{
		Addr:    address(port(tb)),
		Name:    name,
		Dir:     dir,
		program: program(tb, "CHANX_NATS_SERVER", "nats-server", "nats-server"),
		user:    o.User,
		secret:  o.Password,
		ready:   (*Server).greet,
	}
	u := url.URL{Scheme: "nats", Host: s.Addr}
	config := []string{
		"server_name: " + name,
		"listen: " + s.Addr,
	}
	if o.JetStream {
		if o.MaxStore == 0 {
			o.MaxStore = 1 << 30
		}
		config = append(config, fmt.Sprintf("jetstream { store_dir: %q, max_mem: %d, max_file: %d }", dir, o.MaxStore, o.MaxStore))
		s.ready = (*Server).streams
	}
	if o.TLS {
		c := certificates(tb, dir)
		u.Scheme, s.TLS = "tls", c.client
		config = append(config, fmt.Sprintf("tls { cert_file: %q, key_file: %q, timeout: 5 }", c.cert, c.key))
	}
	switch {
	case o.User != "":
		config = append(config, fmt.Sprintf("authorization { user: %q, password: %q }", o.User, o.Password))
		u.User = url.UserPassword(o.User, o.Password)
	case o.Token != "":
		config = append(config, fmt.Sprintf("authorization { token: %q }", o.Token))
		u.User, s.secret = url.User(o.Token), o.Token
	}
	s.URL = u.String()
	config = append(config, o.Config)
	file := write(tb, dir, "nats.conf", []byte(strings.Join(config, "\n")+"\n"))
	s.args = append([]string{"-c", file}, o.Args...)
	return s
}

// greet fails until the server answers.
func (s *Server) greet() error {
	c, err := dialNATS(s)
	if err != nil {
		return err
	}
	c.conn.Close()
	return nil
}

// streams fails until JetStream answers.
func (s *Server) streams() error {
	answer, err := s.Request("$JS.API.INFO", "")
	if err != nil {
		return err
	}
	var info struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(answer), &info); err != nil {
		return fmt.Errorf("JetStream answers %q: %w", answer, err)
	}
	if info.Error != nil {
		return fmt.Errorf("JetStream: %s", info.Error.Description)
	}
	return nil
}

// Request sends a request to a NATS server, on a connection of its own, and returns
// the first answer.
func (s *Server) Request(subject, data string) (string, error) {
	c, err := dialNATS(s)
	if err != nil {
		return "", err
	}
	defer c.conn.Close()
	_, err = fmt.Fprintf(c.conn, "SUB _INBOX.servertest.%[1]p 1\r\nPUB %[2]s _INBOX.servertest.%[1]p %[3]d\r\n%[4]s\r\n", c, subject, len(data), data)
	if err != nil {
		return "", err
	}
	for {
		line, err := c.line()
		if err != nil {
			return "", err
		}
		if !strings.HasPrefix(line, "MSG ") {
			continue
		}
		var size int
		if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &size); err != nil || size < 0 || size > 64<<20 {
			return "", fmt.Errorf("%q is no message", line)
		}
		answer := make([]byte, size)
		_, err = io.ReadFull(c.r, answer)
		return string(answer), err
	}
}

// natsConn is a connection to a NATS server.
type natsConn struct {
	conn net.Conn
	r    *bufio.Reader
}

func dialNATS(s *Server) (*natsConn, error) {
	conn, err := dial(s)
	if err != nil {
		return nil, err
	}
	c := &natsConn{conn: conn, r: bufio.NewReader(conn)}
	if err := c.connect(s); err != nil {
		c.conn.Close()
		return nil, err
	}
	return c, nil
}

// connect begins the protocol.
func (c *natsConn) connect(s *Server) error {
	if line, err := c.line(); err != nil || !strings.HasPrefix(line, "INFO ") {
		return errors.Join(fmt.Errorf("the server says %q", line), err)
	}
	if s.TLS != nil {
		c.conn = tls.Client(c.conn, s.TLS)
		c.r = bufio.NewReader(c.conn)
	}
	options := map[string]any{"verbose": false, "pedantic": false, "protocol": 1, "headers": true, "no_responders": true, "lang": "go", "version": "0"}
	switch {
	case s.user != "":
		options["user"], options["pass"] = s.user, s.secret
	case s.secret != "":
		options["auth_token"] = s.secret
	}
	text, err := json.Marshal(options)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.conn, "CONNECT %s\r\nPING\r\n", text); err != nil {
		return err
	}
	for {
		switch line, err := c.line(); {
		case err != nil:
			return err
		case strings.HasPrefix(line, "-ERR"):
			return fmt.Errorf("the server says %s", line)
		case line == "PONG":
			return nil
		}
	}
}

func (c *natsConn) line() (string, error) {
	line, err := c.r.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
