package servertest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// RedisOptions say what a Redis server is like.
type RedisOptions struct {
	// Args are further arguments, such as "--maxmemory", "4mb".
	Args []string
	// Persist keeps every write in a file, which the system has before the client is
	// answered, so that a server that was killed comes back with all of them. (It
	// is not waited for the disk: no test kills the machine.) Without it the server
	// comes back empty.
	Persist bool
	// TLS has the server speak TLS, and nothing else.
	TLS bool
	// User may do everything, with Password, and nobody else anything. Password
	// without User is that of the user "default".
	User, Password string
}

// Redis starts a Redis server, which ends with the test.
func Redis(tb testing.TB, o RedisOptions) *Server {
	tb.Helper()
	return newRedis(tb, o).run(tb)
}

// newRedis returns a server that is not started. Lines are added to its
// configuration.
func newRedis(tb testing.TB, o RedisOptions, lines ...string) *Server {
	tb.Helper()
	n, dir := port(tb), folder(tb)
	s := &Server{
		Addr:    address(n),
		Dir:     dir,
		program: redisProgram(tb),
		user:    o.User,
		secret:  o.Password,
		ready:   (*Server).ping,
	}
	u := url.URL{Scheme: "redis", Host: s.Addr}
	config := append([]string{
		"bind 127.0.0.1",
		"protected-mode no", // the loopback interface alone is bound
		"dir " + dir,
		`save ""`,
		"enable-debug-command local",
	}, lines...)
	if o.TLS {
		c := certificates(tb, dir)
		u.Scheme, s.TLS = "rediss", c.client
		config = append(config, "port 0", fmt.Sprint("tls-port ", n), "tls-auth-clients no",
			"tls-ca-cert-file "+c.ca, "tls-cert-file "+c.cert, "tls-key-file "+c.key)
	} else {
		config = append(config, fmt.Sprint("port ", n))
	}
	if o.Persist {
		config = append(config, "appendonly yes", "appendfsync no")
	}
	switch {
	case o.User != "":
		config = append(config, "user default off", fmt.Sprintf("user %s on >%s ~* &* +@all", o.User, o.Password))
		u.User = url.UserPassword(o.User, o.Password)
	case o.Password != "":
		config = append(config, "requirepass "+o.Password, "masterauth "+o.Password)
		u.User = url.UserPassword("", o.Password)
	}
	s.URL = u.String()
	file := write(tb, dir, "redis.conf", []byte(strings.Join(config, "\n")+"\n"))
	s.args = append([]string{file}, o.Args...)
	return s
}

func redisProgram(tb testing.TB) string {
	tb.Helper()
	return program(tb, "CHANX_REDIS_SERVER", "redis-server", "redis-server")
}

// ping fails until the server answers, and has loaded what it has stored.
func (s *Server) ping() error {
	answer, err := s.Do("PING")
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("PING is answered with %q", answer)
	}
	return err
}

// Do sends a command to a Redis server, on a connection of its own, and returns the
// answer as redis-cli would print it: an array is one element a line, nil is "".
func (s *Server) Do(args ...string) (string, error) {
	c, err := dialRedis(s)
	if err != nil {
		return "", err
	}
	defer c.conn.Close()
	return c.do(args...)
}

// MustDo is Do where an error ends the test.
func (s *Server) MustDo(args ...string) string {
	s.tb.Helper()
	answer, err := s.Do(args...)
	if err != nil {
		s.tb.Fatalf("servertest: %s: %s: %v", s.Addr, strings.Join(args, " "), err)
	}
	return answer
}
