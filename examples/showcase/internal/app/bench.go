package app

import (
	"context"

	chanx "github.com/chanx-go/chanx/core"
)

// Echo is to be repeated.
type Echo struct {
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

// Action names the message.
func (Echo) Action() string { return "echo" }

// EchoReply repeats an [Echo].
type EchoReply struct {
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

// Action names the message.
func (EchoReply) Action() string { return "echo_reply" }

// Publish is for everybody in the room.
type Publish struct {
	Seq  int64  `json:"seq" doc:"The sender's count"`
	T    int64  `json:"t" doc:"The sender's time"`
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

// Action names the message.
func (Publish) Action() string { return "publish" }

// Published is a [Publish] on its way to everybody in the room.
type Published struct {
	Seq  int64  `json:"seq"`
	T    int64  `json:"t"`
	Text string `json:"text" minLength:"1" maxLength:"65536"`
}

// Action names the message.
func (Published) Action() string { return "published" }

// benchBytes is room for the longest text, however it is escaped.
const benchBytes = 1 << 20

// Bench is one client that measures.
type Bench struct{ *chanx.Conn }

func newBench(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*Bench] {
	opts.Limits.MessageBytes = benchBytes
	bench := chanx.NewConsumer(hub, "bench", openBench, opts)
	withPing(bench)
	withEcho(bench)
	return bench
}

func openBench(_ context.Context, conn *chanx.Conn) (*Bench, error) { return &Bench{conn}, nil }

// withEcho repeats what a client says.
func withEcho[C any](r chanx.Registrar[C]) {
	chanx.Reply(r, func(_ C, _ context.Context, m Echo) (EchoReply, error) { return EchoReply(m), nil },
		chanx.Summary("Have a text repeated"))
}

// BenchRoom is one client that measures in a room.
type BenchRoom struct {
	*chanx.Conn

	name string
}

func newBenchRoom(hub *chanx.Hub, opts *chanx.ConsumerOptions) *chanx.Consumer[*BenchRoom] {
	opts.Limits.MessageBytes = benchBytes
	room := chanx.NewConsumer(hub, "bench_room", openBenchRoom, opts)
	withPing(room)
	withEcho(room)
	chanx.On(room, (*BenchRoom).Publish, chanx.Sends[Published](), chanx.Summary("Send a text to everybody in the room"))
	return room
}

func openBenchRoom(ctx context.Context, conn *chanx.Conn) (*BenchRoom, error) {
	r := &BenchRoom{conn, conn.PathValue("name")}
	return r, r.Join(ctx, r.name)
}

// Publish passes a text on to everybody in the room.
func (r *BenchRoom) Publish(ctx context.Context, m Publish) error {
	return r.Broadcast(ctx, Published(m), r.name)
}
