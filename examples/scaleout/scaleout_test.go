package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/core/layer/servertest"
)

func TestOnNATS(t *testing.T) {
	e := start(t) // with a server of its own
	room := e.everything()
	e.withoutBroker(room)
}

func TestOnRedis(t *testing.T) {
	start(t, "-layer", servertest.Redis(t, servertest.RedisOptions{}).URL).everything()
}

// everything is what the page shows. It leaves one client, in the room.
func (e *example) everything() *chanxtest.Topic {
	e.Helper()
	ada, bob, cleo := e.dial("ada", "A"), e.dial("bob", "B"), e.dial("cleo", "C")
	atA := e.enter(ada, "ada")
	atB := e.enter(bob, "ada", "bob")
	e.expectJoined(atA, "bob")
	atC := e.enter(cleo, "ada", "bob", "cleo")
	e.expectJoined(atA, "cleo")
	e.expectJoined(atB, "cleo")

	atA.Send(Post{"hello"})
	for _, room := range []*chanxtest.Topic{atA, atB, atC} {
		e.expectPosted(room, Posted{"ada", "A", "hello"})
	}
	e.greet(ada, bob, cleo)
	e.ask(ada)
	e.loseB(atA, atB, atC)
	e.disconnect(ada, cleo)
	return atA
}

// greet is what goes to everybody, and to one connection.
func (e *example) greet(ada, bob, cleo *chanxtest.Client) {
	e.Helper()
	bob.Send(Wave{})
	for _, c := range []*chanxtest.Client{ada, bob, cleo} {
		if got := chanxtest.Expect[Waved](c); got != (Waved{"bob", "B"}) {
			e.Errorf("waved: %+v", got)
		}
	}
	chanxtest.Request[JobTaken](cleo, Job{"stressed"})
	if got := chanxtest.Expect[JobDone](cleo); got != (JobDone{"stressed", "desserts", e.processes()["worker"].PID}) {
		e.Errorf("the job is done: %+v", got)
	}
	ada.ExpectNothing()
}

// ask asks all processes through one client.
func (e *example) ask(c *chanxtest.Client) {
	e.Helper()
	e.eventually("A knows of all processes", func() bool {
		got := chanxtest.Request[Counted](c, Count{})
		return got.Total == 3 && got.Processes == 3 && len(got.Missing) == 0
	})
	var users []string
	for _, m := range chanxtest.Request[Everybody](c, Who{}).Members {
		users = append(users, m.Identity)
	}
	slices.Sort(users)
	if want := []string{"ada", "bob", "cleo"}; !slices.Equal(users, want) {
		e.Errorf("there are %q, want %q", users, want)
	}
}

// loseB kills a process: its client comes back through another one, and gets what it
// has missed, in order and once.
func (e *example) loseB(atA, atB, atC *chanxtest.Topic) {
	e.Helper()
	at, before := atB.Position(), e.processes()["B"].PID
	e.do("/processes/B/kill")
	if pid := e.processes()["B"].PID; pid != 0 {
		e.Errorf("B was killed, and is process %d", pid)
	}
	for _, text := range texts(20) {
		atA.Send(Post{text})
		for _, room := range []*chanxtest.Topic{atA, atC} {
			e.expectPosted(room, Posted{"ada", "A", text})
		}
	}
	back := e.dial("bob", "C").Topic("room:lobby")
	if !back.Recover(at) {
		e.Error("nothing was recovered")
	}
	for _, text := range texts(20) {
		e.expectPosted(back, Posted{"ada", "A", text})
	}
	e.expectUsers(back, "ada", "bob", "cleo")

	e.do("/processes/B/start")
	if pid := e.processes()["B"].PID; pid == before || pid == 0 {
		e.Errorf("B was process %d, and is now %d", before, pid)
	}
	dora := e.enter(e.dial("dora", "B"), "ada", "bob", "cleo", "dora")
	for _, room := range []*chanxtest.Topic{atA, atC, back} {
		for chanxtest.Expect[chanx.PresenceJoined[Person]](room).Key != "dora" {
			continue // bob, who is there through another process than before
		}
	}
	dora.Send(Post{"from B"})
	for _, room := range []*chanxtest.Topic{atA, atC, back} {
		e.expectPosted(room, Posted{"dora", "B", "from B"})
	}
}

// disconnect ends the connections of a user, from another process.
func (e *example) disconnect(ada, cleo *chanxtest.Client) {
	e.Helper()
	if got := chanxtest.Request[Disconnected](ada, Disconnect{"cleo"}); got.Connections != 1 {
		e.Errorf("disconnected: %+v", got)
	}
	if reason := cleo.ExpectClose(chanx.CloseForbidden); reason != "disconnected by ada" {
		e.Errorf("cleo is told %q", reason)
	}
}

// withoutBroker takes the layer's server away. The hubs stay, and what is local goes
// on.
func (e *example) withoutBroker(room *chanxtest.Topic) {
	e.Helper()
	eve := e.dial("eve", "A")
	e.do("/broker/stop")
	e.eventually("A knows that the layer is away", func() bool { return !e.connected("A") })
	chanxtest.RequestError(eve, Wave{}, chanx.Unavailable)
	if got := chanxtest.Expect[Waved](eve); got != (Waved{"eve", "A"}) {
		e.Errorf("waved: %+v", got)
	}
	chanxtest.RequestError(room, Post{"lost"}, chanx.Unavailable)

	e.do("/broker/start")
	for _, process := range names {
		e.eventually(process+" has the layer back", func() bool { return e.connected(process) })
	}
	frank := e.dial("frank", "C")
	eve.Send(Wave{})
	for _, c := range []*chanxtest.Client{eve, frank} {
		if got := chanxtest.Expect[Waved](c); got != (Waved{"eve", "A"}) {
			e.Errorf("waved: %+v", got)
		}
	}
}

// The page and what belongs to it, of each process; and whom the supervisor answers.
func TestHTTP(t *testing.T) {
	e := start(t, "-layer", servertest.Redis(t, servertest.RedisOptions{}).URL)
	b := e.processes()["B"].URL
	for target, kind := range map[string]string{
		"/": "text/html", "/page/page.js": "text/javascript", "/page/page.css": "text/css", "/page/icon.svg": "image/svg+xml",
		"/config.json": "application/json", "/healthz": "application/json",
	} {
		resp, err := http.Get(b + target)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || !strings.HasPrefix(got, kind) {
			t.Errorf("GET %s: %d %s", target, resp.StatusCode, got)
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, e.control) || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s has the policy %q", target, policy)
		}
	}
	for _, c := range []struct {
		method, target string
		header         http.Header
		want           int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/processes", http.Header{"Origin": {b}}, 200},
		{"GET", "/processes", http.Header{"Origin": {"http://example.com"}}, 403},
		{"POST", "/processes/B/kill", http.Header{"Origin": {"null"}}, 403},
		{"POST", "/processes/B/kill", http.Header{"Host": {"example.com"}}, 403},
		{"GET", "/processes/B/kill", nil, 405},
		{"POST", "/processes/Z/kill", nil, 404},
		{"POST", "/broker/stop", nil, 404}, // which is not the supervisor's
		{"POST", "/processes/B/start", nil, 200},
		{"POST", "/processes/worker/stop", nil, 200},
	} {
		if got, body := e.call(c.method, e.control+c.target, c.header); got != c.want {
			t.Errorf("%s %s %v: %d %s, want %d", c.method, c.target, c.header, got, body, c.want)
		}
	}
	if all := e.processes(); all["B"].PID == 0 || all["worker"].PID != 0 {
		t.Errorf("the processes are %+v", all)
	}
}
