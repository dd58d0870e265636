package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
)

// patience is for what takes processes, and machines with much to do.
const patience = 30 * time.Second

// The processes that a test has started are this program, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-supervised" {
		main()
		return
	}
	os.Exit(m.Run())
}

// example is the whole example, which runs for a test.
type example struct {
	*testing.T

	control string // URL of the supervisor
}

// start runs the example with real processes until the test ends.
func start(t *testing.T, args ...string) *example {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), nil, in)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	e := &example{T: t}
	found, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		follow(t, out, found)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		<-drained
	})
	select {
	case e.control = <-found:
	case <-time.After(patience):
		t.Fatal("the example does not say that it runs")
	}
	return e
}

// follow logs what the example prints, and finds where its supervisor is.
func follow(t *testing.T, out io.Reader, found chan<- string) {
	text := make([]byte, 4096)
	for {
		n, err := out.Read(text)
		for line := range strings.Lines(string(text[:n])) {
			t.Log(strings.TrimSuffix(line, "\n"))
			if rest, ok := strings.CutPrefix(line, "supervisor: "); ok {
				found <- strings.Fields(rest)[0]
			}
		}
		if err != nil {
			return
		}
	}
}

// call asks the supervisor, or a process.
func (e *example) call(method, url string, header http.Header) (status int, body string) {
	e.Helper()
	req, err := http.NewRequestWithContext(e.Context(), method, url, nil)
	if err != nil {
		e.Fatal(err)
	}
	maps.Copy(req.Header, header)
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		e.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// do has the supervisor do something, such as "/processes/B/kill".
func (e *example) do(what string) {
	e.Helper()
	if status, body := e.call(http.MethodPost, e.control+what, nil); status != http.StatusOK {
		e.Fatalf("%s: %d %s", what, status, body)
	}
}

// processes are those that the supervisor has, by their names.
func (e *example) processes() map[string]status {
	e.Helper()
	_, body := e.call(http.MethodGet, e.control+"/processes", nil)
	var answer struct {
		Processes []status `json:"processes"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		e.Fatalf("%v: %s", err, body)
	}
	all := map[string]status{}
	for _, s := range answer.Processes {
		all[s.Name] = s
	}
	return all
}

// dial connects a user to a process, and takes the greeting.
func (e *example) dial(user, process string) *chanxtest.Client {
	e.Helper()
	url := "ws" + strings.TrimPrefix(e.processes()[process].URL, "http") + "/ws?user=" + user
	c := chanxtest.DialURL(e, url, &chanxtest.DialOptions{Timeout: patience})
	if hello := chanxtest.Expect[Hello](c); hello.Process != process || hello.PID != e.processes()[process].PID {
		e.Errorf("%s is greeted with %+v", user, hello)
	}
	return c
}

// enter subscribes to the room, and expects these users there.
func (e *example) enter(c *chanxtest.Client, users ...string) *chanxtest.Topic {
	e.Helper()
	room := c.Topic("room:lobby").Subscribe()
	e.expectUsers(room, users...)
	return room
}

func (e *example) expectUsers(room *chanxtest.Topic, users ...string) {
	e.Helper()
	var keys []string
	for _, m := range chanxtest.Expect[chanx.PresenceState[Person]](room).Members {
		keys = append(keys, m.Key)
	}
	if !slices.Equal(keys, users) {
		e.Errorf("there are %q, want %q", keys, users)
	}
}

func (e *example) expectJoined(room *chanxtest.Topic, user string) {
	e.Helper()
	if got := chanxtest.Expect[chanx.PresenceJoined[Person]](room); got.Key != user {
		e.Errorf("%s has joined, want %s", got.Key, user)
	}
}

func (e *example) expectPosted(room *chanxtest.Topic, want Posted) {
	e.Helper()
	if got := chanxtest.Expect[Posted](room); got != want {
		e.Errorf("posted: %+v, want %+v", got, want)
	}
}

// eventually waits until something is so.
func (e *example) eventually(what string, is func() bool) {
	e.Helper()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			e.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// connected reports whether the layer of a process has its server.
func (e *example) connected(process string) bool {
	e.Helper()
	_, body := e.call(http.MethodGet, e.processes()[process].URL+"/healthz", nil)
	var health chanx.Health
	if err := json.Unmarshal([]byte(body), &health); err != nil || health.Layer == nil {
		e.Fatalf("%v: %s", err, body)
	}
	return health.Layer.Connected
}

func texts(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("message ", i)
	}
	return all
}
