// Package notes is the application of the guides for frameworks: teams have notes,
// which are written over HTTP and seen by who is connected.
package notes

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Note is an event: somebody has written a note. Clients get it as it is.
type Note struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
	By   string `json:"by"`
}

// Action names the event, and the message on the wire.
func (Note) Action() string { return "note" }

// WhoAmI asks what the server knows of the client.
type WhoAmI struct{}

// Action names the message on the wire.
func (WhoAmI) Action() string { return "who_am_i" }

// You answers a [WhoAmI].
type You struct {
	Name string `json:"name"`
	Team string `json:"team"`
}

// Action names the message on the wire.
func (You) Action() string { return "you" }

// Reader is one client, who sees what is written in one team.
type Reader struct {
	*chanx.Conn
	you You
}

func openReader(ctx context.Context, conn *chanx.Conn) (*Reader, error) {
	name, ok := chanx.Identity[string](conn)
	if !ok {
		return nil, chanx.Errorf(chanx.Unauthenticated, "log in first")
	}
	r := &Reader{conn, You{Name: name, Team: conn.PathValue("team")}}
	return r, r.Join(ctx, r.you.Team)
}

func (r *Reader) whoAmI(context.Context, WhoAmI) (You, error) { return r.you, nil }

// NewReaders makes the consumer of those who read notes. A token may come as a
// subprotocol.
func NewReaders(hub *chanx.Hub) *chanx.Consumer[*Reader] {
	readers := chanx.NewConsumer(hub, "notes", openReader, &chanx.ConsumerOptions{
		Subprotocols: []string{"bearer.*"},
	})
	chanx.Reply(readers, (*Reader).whoAmI)
	chanx.Forward[Note](readers)
	return readers
}
