package local_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/chanx-go/chanx/core/layer/internal/local"
)

// course is what happens to messages, in order.
type course struct {
	mu    sync.Mutex
	steps []string
}

func (c *course) note(step string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, step)
}

func (c *course) expect(t *testing.T, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.steps, want) {
		t.Errorf("what happened is %q, want %q", c.steps, want)
	}
}

// letter is a message that notes when it is sent.
type letter struct {
	course *course
	text   string
	leave  <-chan struct{} // lets it go, if it isn't nil
	begun  atomic.Bool
	sent   chan struct{}
}

func (c *course) letter(text string, leave <-chan struct{}) *letter {
	return &letter{course: c, text: text, leave: leave, sent: make(chan struct{})}
}

func (l *letter) Send() {
	if l.begun.Swap(true) {
		<-l.sent
		return
	}
	if l.leave != nil {
		<-l.leave
	}
	l.course.note("sent " + l.text)
	close(l.sent)
}

func (l *letter) Keep() { l.course.note("kept " + l.text) }

// publish publishes a message that is its text.
func (c *course) publish(ctx context.Context, channels *local.Channels, channel, text string) error {
	return channels.Publish(ctx, channel, []byte(text), c.letter(text, nil))
}

// handle subscribes with a handler that notes what it gets, before f, which may be nil.
func (c *course) handle(t *testing.T, channels *local.Channels, channel string, f func(text string)) {
	t.Helper()
	_, err := channels.Subscribe(t.Context(), channel, func(data []byte) {
		c.note("got " + string(data))
		if f != nil {
			f(string(data))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A message is sent once: before handlers get it, and before Publish returns where
// there are none.
func TestSend(t *testing.T) {
	t.Parallel()
	var c course
	channels := local.NewChannels()
	defer channels.Close()
	c.handle(t, channels, "room", nil)
	c.handle(t, channels, "room", nil)
	for _, channel := range []string{"room", "nobody's"} {
		if err := c.publish(t.Context(), channels, channel, "a"); err != nil {
			t.Error(err)
		}
		c.note("published a")
	}
	if err := channels.Publish(t.Context(), "room", []byte("local"), nil); err != nil {
		t.Error(err)
	}
	c.expect(t, "sent a", "got a", "got a", "published a", "sent a", "published a", "got local", "got local")
}

// A message that a handler publishes is kept for later, and sent when Publish returns, and delivered
// later, whatever becomes of the handler.
func TestSendInHandler(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){
		"Return": func() {},
		"Panic":  func() { panic("boom") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c course
			channels := local.NewChannels()
			defer channels.Close()
			c.handle(t, channels, "room", func(text string) {
				if text != "question" {
					return
				}
				for i := range 2 {
					answer := fmt.Sprint("answer ", i)
					if err := c.publish(t.Context(), channels, "room", answer); err != nil {
						t.Error(err)
					}
					c.note("published " + answer)
				}
				end()
			})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				defer func() { _ = recover() }()
				if err := c.publish(t.Context(), channels, "room", "question"); err != nil {
					t.Error(err)
				}
			}()
			<-ended
			c.expect(t, "sent question", "got question",
				"kept answer 0", "sent answer 0", "published answer 0",
				"kept answer 1", "sent answer 1", "published answer 1",
				"got answer 0", "got answer 1")
		})
	}
}

// Who comes to deliver a message that is being sent waits for that.
func TestSendAndDeliverAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c course
		channels := local.NewChannels()
		defer channels.Close()
		leave, sending := make(chan struct{}), make(chan struct{})
		c.handle(t, channels, "here", func(string) {
			// Somebody else has the turn there, so that this one is delivered by him.
			err := channels.Publish(t.Context(), "there", []byte("answer"), c.letter("answer", sending))
			if err != nil {
				t.Error(err)
			}
			c.note("published answer")
		})
		c.handle(t, channels, "there", func(text string) {
			if text == "first" {
				<-leave
			}
		})
		go func() { _ = c.publish(t.Context(), channels, "there", "first") }()
		synctest.Wait()
		go func() { _ = c.publish(t.Context(), channels, "here", "question") }()
		synctest.Wait()
		close(leave)
		synctest.Wait()
		c.expect(t, "sent first", "got first", "sent question", "got question", "kept answer")
		close(sending)
		synctest.Wait()
		if len(c.steps) != 8 || c.steps[5] != "sent answer" { // then in any order
			t.Errorf("what happened is %q", c.steps)
		}
	})
}

// What Publish returns an error for is neither sent nor delivered.
func TestSendNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c course
		channels := local.NewChannels()
		leave := make(chan struct{})
		if _, err := channels.Subscribe(t.Context(), "room", func([]byte) { <-leave }); err != nil {
			t.Fatal(err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		go func() { _ = channels.Publish(t.Context(), "room", nil, nil) }()
		synctest.Wait()
		go func() { // it waits for the turn
			if err := c.publish(canceled, channels, "room", "withdrawn"); !errors.Is(err, context.Canceled) {
				t.Errorf("Publish that waits: %v", err)
			}
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if err := c.publish(canceled, channels, "room", "late"); !errors.Is(err, context.Canceled) {
			t.Errorf("Publish after its context: %v", err)
		}
		close(leave)
		synctest.Wait()
		channels.Close()
		if err := c.publish(t.Context(), channels, "room", "closed"); !errors.Is(err, local.ErrClosed) {
			t.Errorf("Publish after Close: %v", err)
		}
		c.expect(t)
	})
}

// A message for which there is no room is not sent.
func TestSendWithoutRoom(t *testing.T) {
	t.Parallel()
	var c, refused course
	channels := local.NewChannels()
	defer channels.Close()
	c.handle(t, channels, "room", func(text string) {
		if text != "go" {
			return
		}
		for range local.MaxPosted {
			if err := channels.Publish(t.Context(), "room", nil, nil); err != nil {
				t.Error(err)
			}
		}
		if err := refused.publish(t.Context(), channels, "room", "too much"); !errors.Is(err, local.ErrBacklog) {
			t.Errorf("Publish: %v", err)
		}
	})
	if err := c.publish(t.Context(), channels, "room", "go"); err != nil {
		t.Error(err)
	}
	refused.expect(t)
	if len(c.steps) != 2+local.MaxPosted {
		t.Errorf("%d steps", len(c.steps))
	}
}
