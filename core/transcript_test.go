package chanx_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	gocmp "github.com/google/go-cmp/cmp"
)

// transcriptServers are what transcripts talk to. The name of one stands at the
// head of each transcript.
var transcriptServers = map[string]labOptions{
	"plain":      {},
	"kind":       {consumer: chanx.ConsumerOptions{Discriminator: "kind"}},
	"completion": {consumer: chanx.ConsumerOptions{Completion: true}},
	"small":      {hub: chanx.HubOptions{Limits: chanx.Limits{MessageBytes: 64, Groups: 3, Concurrent: 2}}},
	"limited":    {consumer: chanx.ConsumerOptions{RateLimit: &chanx.RateLimit{PerSecond: 2, Burst: 3}, Completion: true}},
	"greeting":   {open: func(ctx context.Context, c *client) error { return c.Send(ctx, said{"welcome"}) }},
	"idle":       {hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: -1, IdleTimeout: time.Minute}}},
	"welcoming": {
		consumer: chanx.ConsumerOptions{AnnounceAuthentication: true},
		open: func(ctx context.Context, c *client) error {
			c.Authenticated(map[string]any{"user": "ann", "id": 9007199254740993})
			return c.Send(ctx, said{"welcome"})
		},
	},
	"guarded": {
		consumer: chanx.ConsumerOptions{
			AnnounceAuthentication: true, Limits: chanx.Limits{PingInterval: -1},
			Authenticator: &chanx.Authenticator{Verify: passes, Query: "token"},
		},
		open: func(_ context.Context, c *client) error {
			who, _ := chanx.Identity[bearer](c.Conn)
			c.Authenticated(map[string]string{"user": who.Name})
			return nil
		},
	},
	"passable": {consumer: chanx.ConsumerOptions{Completion: true, Authenticator: &chanx.Authenticator{Verify: passes, Query: "token"}}},
	"keyed":    {register: registerTopics, consumer: chanx.ConsumerOptions{Authenticator: &chanx.Authenticator{Verify: passes, Query: "token"}}},
	"stranger": {consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}, open: refuseWith(chanx.Unauthenticated)},
	"topics":   {register: registerTopics, hub: chanx.HubOptions{Limits: chanx.Limits{PingInterval: -1}}},
	"lossy":    {register: registerTopics, hub: chanx.HubOptions{Logger: discard}, layer: loseTheSecond},
	"finished": {register: registerTopics, consumer: chanx.ConsumerOptions{Completion: true}},
	"narrow":   {register: registerTopics, hub: chanx.HubOptions{Limits: chanx.Limits{Topics: 2}}},
	"alone":    {register: registerTopics},
	"banned":   {consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}, open: refuseWith(chanx.Forbidden)},
}

func refuseWith(reason chanx.Reason) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		_ = c.Send(ctx, said{"nobody may see this"})
		return chanx.Errorf(reason, "not you")
	}
}

// TestTranscripts plays the files in testdata. Each has transcripts, begun by a
// line "== server: what it is about". Then
//
//	-> text              the client sends a text message
//	=> hex               the client sends bytes, as they are
//	open NAME [PATH]     another client connects, to /ws, with ?user=NAME
//	NAME -> text         and sends; it connects where it has not yet
//	NAME drop            and goes away without a word
//	publish GROUP ACTION JSON
//	publish NAME@TOPIC ACTION JSON    the same to a topic
//	sequence NAME@TOPIC SEQ TEXT      publishes a note with a position of the publisher's
//	sleep DURATION       time passes
//	<- text              the server sent a text message
//	NAME <- text         to another client
//	<- close CODE REASON, ping, pong, end (of the connection)
//
// "go test -run Transcripts -update" writes what the server says.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, rest, _ := strings.Cut(string(data), "== ")
			played := head
			for transcript := range strings.SplitSeq(rest, "\n== ") {
				title, script, _ := strings.Cut(transcript, "\n")
				server, name, ok := strings.Cut(title, ": ")
				if _, known := transcriptServers[server]; !ok || !known {
					t.Fatalf("%q does not name a server", title)
				}
				t.Run(name, func(t *testing.T) {
					got := strings.TrimSpace(play(t, transcriptServers[server], script))
					if want := strings.TrimSpace(script); !*update && got != want {
						t.Errorf("it went differently (-want +got):\n%s", gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
					}
					played += "== " + title + "\n" + got + "\n\n"
				})
			}
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimSpace(played)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// play does what a script says and returns it with what the server says now.
func play(t *testing.T, o labOptions, script string) string {
	t.Helper()
	s := &stage{t: t}
	synctest.Test(t, func(t *testing.T) {
		s.t, s.lab = t, newLab(t, o)
		if !strings.Contains(script, "\nopen ") && !strings.HasPrefix(script, "open ") {
			s.open("", "/ws")
		}
		for line := range strings.Lines(script) {
			line = strings.TrimRight(line, "\n")
			if heardPattern.MatchString(line) {
				continue
			}
			fmt.Fprintln(&s.played, line)
			s.step(line)
			s.hear()
		}
	})
	return s.played.String()
}

// stage is where a script is played.
type stage struct {
	t       *testing.T
	lab     *lab
	clients []actor
	epochs  []string // of topics, which go by E1, E2, ... in scripts
	played  strings.Builder
}

type actor struct {
	name string // "" for the one who is there without a word
	*rawClient
}

func (s *stage) open(name, path string) *rawClient {
	s.t.Helper()
	if name != "" && !strings.Contains(path, "user=") {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "user=" + name
	}
	c := openRaw(s.t, s.lab.mux, path)
	s.clients = append(s.clients, actor{name, c})
	s.hear()
	return c
}

func (s *stage) client(name string) *rawClient {
	for _, c := range slices.Backward(s.clients) {
		if c.name == name {
			return c.rawClient
		}
	}
	return s.open(name, "/ws")
}

var (
	heardPattern = regexp.MustCompile(`^(\w+ )?<- |^# error: `)
	epochPattern = regexp.MustCompile(`"epoch":"([^"]+)"`)
	layerPattern = regexp.MustCompile(`"action":"(said|group_complete)"`)
)

// hear writes down what the server has said. A broadcast comes back from the layer
// on a goroutine of its own, before or after the answer to who has sent it: it
// stands behind that.
func (s *stage) hear() {
	for _, c := range s.clients {
		lines := c.take()
		var delivered []string
		lines = slices.DeleteFunc(lines, func(line string) bool {
			of := layerPattern.MatchString(line)
			if of {
				delivered = append(delivered, line)
			}
			return of
		})
		for _, line := range append(lines, delivered...) {
			for _, m := range epochPattern.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(s.epochs, m[1]) {
					s.epochs = append(s.epochs, m[1])
				}
			}
			for i, epoch := range s.epochs {
				line = strings.ReplaceAll(line, epoch, fmt.Sprint("E", i+1))
			}
			fmt.Fprintln(&s.played, strings.TrimSpace(c.name+" <- "+line))
		}
	}
}

// step does one line of a script.
func (s *stage) step(line string) {
	t := s.t
	t.Helper()
	for i, epoch := range s.epochs {
		line = regexp.MustCompile(fmt.Sprintf(`\bE%d\b`, i+1)).ReplaceAllLiteralString(line, epoch)
	}
	name := ""
	verb, rest, _ := strings.Cut(line, " ")
	if next, after, ok := strings.Cut(rest, " "); ok && next == "->" {
		name, verb, rest = verb, next, after
	} else if rest == "drop" {
		name, verb = verb, rest
	}
	switch verb {
	case "->":
		s.client(name).send(rest)
	case "drop":
		s.client(name).drop()
		s.clients = slices.DeleteFunc(s.clients, func(c actor) bool { return c.name == name })
	case "open":
		name, path, _ := strings.Cut(rest, " ")
		s.open(name, cmp.Or(path, "/ws"))
	case "=>":
		b, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		s.client("").out <- b
	case "publish":
		parts := strings.SplitN(rest, " ", 3)
		if err := s.lab.publish(t.Context(), parts[0], parts[1], parts[2]); err != nil {
			fmt.Fprintln(&s.played, "# error:", err)
		}
	case "sequence":
		parts := strings.SplitN(rest, " ", 3)
		name, topic, _ := strings.Cut(parts[0], "@")
		seq, err := strconv.ParseUint(parts[1], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if err := s.lab.topic(name).Publish(t.Context(), chanx.WithSeq(note{parts[2]}, seq), topic); err != nil {
			fmt.Fprintln(&s.played, "# error:", err)
		}
	case "sleep":
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		<-time.After(d)
	case "", "#":
	default:
		t.Fatalf("unknown line %q", line)
	}
}
