package chanxtest

import (
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
	at        layer.Position // of the last frame of the history
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
	if *p.Recovered && known && from.Epoch != at.Epoch {
		return fmt.Errorf("it says that the client can go on from epoch %q in epoch %q", from.Epoch, at.Epoch)
	}
	switch {
	case again && at.Epoch == c.at.Epoch: // what comes up to there may be on its way yet
		c.at.Seq = min(c.at.Seq, at.Seq)
		return nil
	case *p.Recovered && known:
		at = from
	case *p.Recovered: // what comes next comes from wherever the client was
		at.Seq = 0
	}
	c.at, c.recovered = at, *p.Recovered
	return nil
}
