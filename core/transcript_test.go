package chanx_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/google/go-cmp/cmp"
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
	"stranger": {consumer: chanx.ConsumerOptions{AnnounceAuthentication: true}, open: refuseWith(chanx.Unauthenticated)},
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
//	publish GROUP ACTION JSON
//	sleep DURATION       time passes
//	<- text              the server sent a text message
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
						t.Errorf("it went differently (-want +got):\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
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
	var played strings.Builder
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, o)
		c := openRaw(t, l.mux, "/ws")
		hear := func() {
			for _, line := range c.take() {
				fmt.Fprintln(&played, "<-", line)
			}
		}
		hear()
		for line := range strings.Lines(script) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "<- ") {
				continue
			}
			fmt.Fprintln(&played, line)
			step(t, l, c, line)
			hear()
		}
	})
	return played.String()
}

// step does one line of a script.
func step(t *testing.T, l *lab, c *rawClient, line string) {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "->":
		c.send(rest)
	case "=>":
		b, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		c.out <- b
	case "publish":
		parts := strings.SplitN(rest, " ", 3)
		if err := l.PublishJSON(t.Context(), parts[1], []byte(parts[2]), parts[0]); err != nil {
			t.Fatalf("%q: %v", line, err)
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
