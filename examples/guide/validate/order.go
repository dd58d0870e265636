// Package validate is the code of docs/validation.md.
package validate

import (
	"context"
	"errors"
	"time"

	chanx "github.com/chanx-go/chanx/core"
)

// Side is which way an order goes.
type Side string

// The sides.
const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// Enum returns every side.
func (Side) Enum() []Side { return []Side{Buy, Sell} }

// PlaceOrder places an order.
type PlaceOrder struct {
	Symbol   string     `json:"symbol" pattern:"^[A-Z]{1,5}$" example:"ACME"`
	Side     Side       `json:"side"`
	Quantity int        `json:"quantity" minimum:"1" maximum:"1000000"`
	Limit    *float64   `json:"limit" exclusiveMinimum:"0"`            // may be null or absent
	Note     string     `json:"note,omitempty" maxLength:"200"`        // may be absent
	Validity string     `json:"validity" enum:"day,gtc" default:"day"` // absent means "day"
	Tags     []string   `json:"tags,omitempty" maxItems:"10" uniqueItems:"true"`
	Expires  *time.Time `json:"expires"`
}

// Action names the message on the wire.
func (PlaceOrder) Action() string { return "place_order" }

// Validate checks what no tag can say.
func (o PlaceOrder) Validate() error {
	if o.Validity == "gtc" && o.Limit == nil {
		return errors.New("an order without an end needs a limit")
	}
	return nil
}

// Placed answers a [PlaceOrder].
type Placed struct {
	Quantity int    `json:"quantity"`
	Validity string `json:"validity"`
}

// Action names the message on the wire.
func (Placed) Action() string { return "placed" }

// DeskParams come with the handshake.
type DeskParams struct {
	Desk  string   `path:"desk" minLength:"1"`
	Depth int      `query:"depth" default:"10" minimum:"1" maximum:"100"`
	Feeds []string `query:"feed" required:"false"`
	Token string   `header:"X-Desk-Token"`
	Theme *string  `cookie:"theme"`
}

// Desk is one client at a trading desk.
type Desk struct {
	*chanx.Conn
	params DeskParams
}

func openDesk(_ context.Context, conn *chanx.Conn) (*Desk, error) {
	params, err := chanx.Bind[DeskParams](conn)
	if err != nil {
		return nil, err // 400, naming every parameter that is wrong
	}
	return &Desk{conn, params}, nil
}

func (d *Desk) place(_ context.Context, o PlaceOrder) (Placed, error) {
	return Placed{Quantity: o.Quantity, Validity: o.Validity}, nil
}

// NewConsumer makes the consumer of the desks.
func NewConsumer(hub *chanx.Hub) *chanx.Consumer[*Desk] {
	desk := chanx.NewConsumer(hub, "desk", openDesk, nil)
	chanx.Params[DeskParams](desk)
	chanx.Reply(desk, (*Desk).place)
	return desk
}
