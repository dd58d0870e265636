package chanxtest

import (
	"errors"
	"fmt"

	"github.com/chanx-go/chanx/core/layer"
)

// courses are what has become of the topics of a connection, by name: of those
// that were subscribed to.
type courses map[string]*course

// course is how far a subscription has got.
type course struct {
	on        bool           // the client is subscribed
	history   bool           // the topic keeps history
	recovered bool           // the client has got, or gets, what it had missed
	at        layer.Position // up to there the client has had the history
}

// of returns the course of a topic, the zero one where it was not subscribed to.
func (all courses) of(topic string) course {
	if c := all[topic]; c != nil {
		return *c
	}
	return course{}
}

// follow takes a frame into account. It returns what is wrong with it there.
func (all courses) follow(f *Frame, asked map[string]layer.Position) error {
	if f.Topic == "" || f.Action == "error" || f.Action == "complete" { // these answer what is no subscription too
		return nil
	}
	c := all[f.Topic]
	switch {
	case f.Action == "subscribed":
		if c == nil {
			c = &course{}
			all[f.Topic] = c
		}
		from, known := asked[f.Ref]
		return c.begin(f.place, from, known)
	case c == nil || !c.on:
		return fmt.Errorf("it came while the client was not subscribed to %q", f.Topic)
	case f.Action == "unsubscribed":
		c.on = false
	case f.Seq != 0 && c.history:
		if f.Seq <= c.at.Seq {
			return fmt.Errorf("its place in the topic, %d, is not after %d, where the client was already", f.Seq, c.at.Seq)
		}
		c.at.Seq = f.Seq
	}
	return nil
}

// begin takes the place into account that "subscribed" tells. The client has asked
// to go on from there, if that is known.
func (c *course) begin(p *place, from layer.Position, known bool) error {
	again := c.on
	c.on, c.history = true, p != nil
	if p == nil {
		return nil
	}
	at := p.position()
	if again {
		return c.goOn(at, *p.Recovered)
	}
	switch {
	case *p.Recovered && known && from.Epoch != at.Epoch:
		return fmt.Errorf("it says that the client can go on from epoch %q in epoch %q", from.Epoch, at.Epoch)
	case *p.Recovered && known:
		at = from
	case *p.Recovered: // what comes next comes from wherever the client was
		at.Seq = 0
	}
	c.at, c.recovered = at, *p.Recovered
	return nil
}

// goOn takes a place into account that a client is told while it is subscribed: up
// to there it has had the history, or can't have it any more.
func (c *course) goOn(at layer.Position, recovered bool) error {
	switch {
	case recovered:
		return errors.New("it says that what was missed comes next, to a client that was subscribed already")
	case at.Epoch == c.at.Epoch && at.Seq < c.at.Seq:
		return fmt.Errorf("it says that the client is at %d, and the client was at %d already", at.Seq, c.at.Seq)
	}
	c.at = at
	return nil
}
