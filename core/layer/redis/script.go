package chanxredis

import (
	"context"
	"crypto/sha1" //nolint:gosec // how the server names scripts
	"encoding/hex"
	"errors"
	"strings"

	"github.com/redis/rueidis"
)

// script is a program that the server runs in one step. It has to be sent once, and
// is named by its hash from then on, until the server starts anew.
type script struct{ text, hash string }

// newScript returns a script that consists of parts.
func newScript(parts ...string) *script {
	text := strings.Join(parts, "")
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return &script{text: text, hash: hex.EncodeToString(sum[:])}
}

// scriptCall is what a script is run with. All keys are in one partition.
type scriptCall struct{ keys, args []string }

// run runs a script. The errors are those of do: nothing is run twice.
func (c *client) run(ctx context.Context, s *script, call scriptCall) (rueidis.RedisMessage, error) {
	msg, err := c.do(ctx, c.evalsha(s, call))
	if isNoScript(err) {
		msg, err = c.do(ctx, c.eval(s, call))
	}
	return msg, err
}

// runAll runs a script many times, in few round trips, and returns a reply for each.
func (c *client) runAll(ctx context.Context, s *script, calls []scriptCall) []reply {
	cmds := make([]rueidis.Completed, len(calls))
	for i, call := range calls {
		cmds[i] = c.evalsha(s, call)
	}
	replies := c.doMulti(ctx, cmds...)
	for i := range replies {
		if isNoScript(replies[i].err) {
			replies[i].msg, replies[i].err = c.do(ctx, c.eval(s, calls[i]))
		}
	}
	return replies
}

func (c *client) evalsha(s *script, call scriptCall) rueidis.Completed {
	return c.b().Evalsha().Sha1(s.hash).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build()
}

func (c *client) eval(s *script, call scriptCall) rueidis.Completed {
	return c.b().Eval().Script(s.text).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build()
}

func isNoScript(err error) bool {
	var answer *rueidis.RedisError
	return errors.As(err, &answer) && answer.IsNoScript()
}

// publishCommand returns the command by which a script publishes what it has done.
func (c *client) publishCommand() string {
	if c.sharded {
		return "SPUBLISH"
	}
	return "PUBLISH"
}
