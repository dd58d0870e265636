package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

func isolationCases() []testCase {
	return []testCase{
		{name: "isolation/two users at once", run: usersAtOnce},
		{name: "isolation/sends after the end", run: sendsAfterTheEnd},
	}
}

// own is everything of a user's own.
func own(user string) facts {
	return facts{
		User: user, Tag: "tag of " + user,
		Values: map[string]string{"tenant": "tenant " + user, "room": "room " + user},
		Bound:  bound{Query: "query " + user, Header: "header " + user, Cookie: "cookie-" + user},
	}
}

func (f facts) equal(other facts) bool {
	return f.User == other.User && f.Tag == other.Tag && f.Bound == other.Bound && !f.Ended && !f.Request && maps.Equal(f.Values, other.Values)
}

// personal has routes on which everything is its user's own.
func personal(k *kit) *site {
	s := k.site(siteOptions{})
	r := s.Group(s.pattern("/{tenant}"), byHeader, func(c Context, next func() error) error {
		user, _ := c.Get("user-of-the-suite").(string)
		c.SetContext(withTag(c.Context(), strings.Clone("tag of "+user)))
		return next()
	})
	s.mount(r, "/rooms/{room}", s.peers("peers", nil), storedUser)
	r.Get(s.pattern("/plain/{room}"), func(c Context) error {
		user, _ := c.Get("user-of-the-suite").(string)
		return c.Answer(http.StatusOK, "hello "+user+c.Header("X-Tag"))
	})
	s.start()
	return s
}

// headersOf are the headers of a user's requests.
func headersOf(user string) http.Header {
	return http.Header{"X-User": {user}, "X-Tag": {"header " + user}, "Cookie": {"tag=cookie-" + user}}
}

// Users that connect at once, with plain requests of others in between, never see
// anything of each other's: neither at first nor long after, when the framework
// has used everything of their requests again.
func usersAtOnce(k *kit) {
	s := personal(k)
	const users, rounds = 6, 8
	transport := &http.Transport{MaxIdleConnsPerHost: users}
	defer transport.CloseIdleConnections()
	plain := &http.Client{Transport: transport}
	var all sync.WaitGroup
	clients := make([]map[string]*client, users)
	for u := range users {
		clients[u] = map[string]*client{}
		all.Go(func() {
			for i := range rounds {
				user := fmt.Sprintf("%c%d%s", 'a'+u, i, strings.Repeat("x", rand.IntN(20)))
				c, err := s.connectAs(user)
				if err == nil {
					clients[u][user] = c
					err = s.plainAs(plain, "p"+user)
				}
				if err == nil {
					err = c.isStill(user)
				}
				if err != nil {
					s.Errorf("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, of := range clients {
		for user, c := range of {
			if err := c.isStill(user); err != nil {
				s.Errorf("later: %v", err)
			}
		}
	}
}

// connectAs is open for goroutines of a test's.
func (s *site) connectAs(user string) (*client, error) {
	c, err := s.tryConnect()
	if err != nil {
		return nil, err
	}
	target := fmt.Sprintf("/tenant%%20%s/rooms/room%%20%s?q=query+%s", user, user, user)
	if _, err := io.WriteString(c.conn, handshake(s.address, target, lines(headersOf(user))...)); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the handshake of %s is answered with %s", user, response.Status)
	}
	return c, nil
}

// plainAs makes a plain request.
func (s *site) plainAs(client *http.Client, user string) error {
	target := fmt.Sprintf("http://%s/tenant%%20%s/plain/room%%20%s?q=query+%s", s.address, user, user, user)
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	r.Header = headersOf(user)
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if want := "hello " + user + "header " + user; string(body) != want {
		return fmt.Errorf("the plain route says %q, %w, want %q", body, err, want)
	}
	return nil
}

// isStill compares what a connection knows with what is its user's own.
func (c *client) isStill(user string) error {
	got, err := askFor[facts](c, "query", query{[]string{"tenant", "room"}})
	if want := own(user); err == nil && !got.equal(want) {
		err = fmt.Errorf("the connection knows %+v, want %+v", got, want)
	}
	return err
}

// Connections come and go while goroutines keep sending to those that have ended:
// nothing of that reaches another client, a request, or nobody in a panic.
func sendsAfterTheEnd(k *kit) {
	s := k.site(siteOptions{})
	var senders sync.WaitGroup
	var late atomic.Int64
	send := func(p *peer, text string) {
		for after := 0; after < 50; {
			if err := p.Send(context.Background(), said{text}); errors.Is(err, chanx.ErrClosed) {
				after++
				late.Add(1)
			} else if err != nil {
				s.Errorf("Send: %v", err)
				return
			}
			<-time.After(100 * time.Microsecond)
		}
	}
	h := &hooks{options: chanx.ConsumerOptions{Overflow: chanx.DropOldest}, note: func(_ context.Context, p *peer, text string) error {
		for range 3 {
			senders.Go(func() { send(p, text) })
		}
		return nil
	}}
	c := s.peers("peers", h)
	s.mount(s, "/ws", c, nil)
	s.Get(s.pattern("/plain"), func(c Context) error { return c.Answer(http.StatusOK, "plain "+c.Header("X-Tag")) })
	s.start()
	const workers, rounds = 6, 12
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range rounds {
				if err := s.hears(fmt.Sprintf("for %d.%d", w, i), i); err != nil {
					s.Errorf("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
	s.nobodyLeft()
	senders.Wait()
	if late.Load() == 0 {
		s.Errorf("nothing was sent after the end")
	}
}

// hears connects, has goroutines send to it for a while, and leaves in one way or
// another. The next request takes its place.
func (s *site) hears(text string, i int) error {
	c, err := s.tryConnect()
	if err != nil {
		return err
	}
	defer c.drop()
	if _, err := io.WriteString(c.conn, handshake(s.address, "/ws")); err != nil {
		return err
	}
	if response, err := http.ReadResponse(c.br, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the handshake is answered with %v, %w", response, err)
	}
	if _, err := c.conn.Write(masked(fin|opText, fmt.Appendf(nil, `{"action":"note","payload":{"text":%q}}`, text))); err != nil {
		return err
	}
	want := `{"action":"said","payload":{"text":"` + text + `"}}`
	for range 20 {
		first, data, err := c.readFrame()
		if got := describe(first, data); err != nil || got != want && got != `{"action":"noted","payload":null}` {
			return fmt.Errorf("%s hears %q, %w", text, got, err)
		}
	}
	switch i % 3 {
	case 0:
		_, err = c.conn.Write(masked(fin|opClose, []byte{3, 232}))
	case 1:
		_, err = c.conn.Write([]byte("no frame at all"))
	}
	c.drop()
	if err != nil {
		return err
	}
	return s.plainIs("plain " + text)
}

// plainIs makes a plain request on a new connection, whose answer has to be whole.
func (s *site) plainIs(want string) error {
	c, err := s.tryConnect()
	if err != nil {
		return err
	}
	defer c.drop()
	if _, err := io.WriteString(c.conn, "GET /plain HTTP/1.1\r\nHost: "+s.address+"\r\nX-Tag: "+strings.TrimPrefix(want, "plain ")+"\r\n\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != want {
		return fmt.Errorf("a plain request is answered with %q, %w, want %q", body, err, want)
	}
	return nil
}
