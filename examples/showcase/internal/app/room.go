package app

import (
	"context"
	"log/slog"

	chanx "github.com/chanx-go/chanx/core"
)

// Status is what became of a room's message.
type Status string

// The statuses.
const (
	Pending   Status = "PENDING"
	Delivered Status = "DELIVERED"
	Failed    Status = "FAILED"
)

// RoomMessage is said in a room.
type RoomMessage struct {
	Message  string  `json:"message" doc:"What to say"`
	RoomName *string `json:"room_name" default:"null" doc:"Ignored: the connection's address has the room"`
	Status   Status  `json:"status" enum:"PENDING,DELIVERED,FAILED" default:"PENDING"`
}

// Action names the message.
func (RoomMessage) Action() string { return "room_chat" }

// RoomNotification is what everybody in a room hears.
type RoomNotification struct {
	Message  string  `json:"message"`
	RoomName *string `json:"room_name" default:"null" doc:"The room that it was said in"`
	Status   Status  `json:"status" enum:"PENDING,DELIVERED,FAILED" default:"PENDING"`
}

// Action names the message.
func (RoomNotification) Action() string { return "room_notification" }

// RoomParams are the parameters of a room's address.
type RoomParams struct {
	Name string `path:"room_name" minLength:"1" maxLength:"100" doc:"The name of the room" example:"kitchen"`
}

const (
	roomPrefix = "room:"
	aboutRoom  = `A chat room for each name.

| who | hears of |
|---|---|
| everybody in the room | what is said |
| the others | who comes, and who goes |

Rooms need not be made: the first one who names a room is alone in it.`
)

// RoomGroup is the group of a room.
func RoomGroup(name string) string { return roomPrefix + name }

// Room is one client in one room.
type Room struct {
	*chanx.Conn

	name string
}

func newRoom(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Room] {
	room := chanx.NewConsumer(hub, "room_chat", openRoom, opts)
	chanx.Params[RoomParams](room)
	withPing(room)
	chanx.Outgoing[RoomNotification](room)
	kitchen := "kitchen"
	chanx.On(room, (*Room).Say, chanx.Sends[RoomNotification](), chanx.Summary("Say something to the room"),
		chanx.Examples(
			RoomMessage{Message: "Who has the salt?", Status: Pending},
			RoomNotification{Message: "Who has the salt?", RoomName: &kitchen, Status: Pending},
			RoomNotification{Message: "Somebody joined the room", RoomName: &kitchen, Status: Pending}))
	chanx.OnClose(room, (*Room).Left)
	return room
}

func openRoom(ctx context.Context, conn *chanx.Conn) (*Room, error) {
	params, err := chanx.Bind[RoomParams](conn)
	if err != nil {
		return nil, err
	}
	r := &Room{conn, params.Name}
	if err := r.Join(ctx, RoomGroup(r.name)); err != nil {
		return nil, err
	}
	return r, r.tellOthers(ctx, "Somebody joined the room")
}

// Say passes a message on to everybody in the room.
func (r *Room) Say(ctx context.Context, m RoomMessage) error {
	m.RoomName = &r.name
	return r.Broadcast(ctx, RoomNotification(m), RoomGroup(r.name))
}

// Left tells the others that the client is gone.
func (r *Room) Left(ctx context.Context, _ *chanx.CloseError) {
	if err := r.tellOthers(ctx, "Somebody left the room"); err != nil {
		slog.WarnContext(ctx, "showcase: nobody was told that somebody left", "room", r.name, "error", err)
	}
}

func (r *Room) tellOthers(ctx context.Context, text string) error {
	return r.BroadcastOthers(ctx, RoomNotification{text, &r.name, Pending}, RoomGroup(r.name))
}
