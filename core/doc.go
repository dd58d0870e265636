// Package chanx serves typed messages over WebSocket.
//
//	type Say struct {
//		Text string `json:"text" minLength:"1" maxLength:"500"`
//	}
//
//	func (Say) Action() string { return "say" }
//
//	// Chat is one client in one room.
//	type Chat struct {
//		*chanx.Conn
//		room string
//	}
//
//	func openChat(ctx context.Context, conn *chanx.Conn) (*Chat, error) {
//		c := &Chat{conn, conn.PathValue("room")}
//		return c, c.Join(ctx, c.room)
//	}
//
//	func (c *Chat) Say(ctx context.Context, m Say) error {
//		return c.Broadcast(ctx, Said{From: c.ID(), Text: m.Text}, c.room)
//	}
//
//	func main() {
//		chat := chanx.NewConsumer(chanx.NewHub(nil), "chat", openChat, nil)
//		chanx.On(chat, (*Chat).Say, chanx.Sends[Said]())
//
//		r := chi.NewRouter()
//		chanxchi.Handle(r, "/rooms/{room}", chat, nil)
//		http.ListenAndServe(":8080", r)
//	}
//
// # What there is
//
// A [Hub] owns the layer between processes, the [Limits] and every connection. A
// [Consumer] serves one kind of connection: its handlers are registered with
// [On], [Reply], [Stream], [OnEvent], [MapEvent] and [Forward], and an adapter
// mounts it at an address. A [Conn] is one client; the state of a connection is a
// struct of the application, which usually embeds it.
//
// A [Message] is a Go value with an action, its name on the wire. What clients
// send is validated by the tags of its struct before a handler sees it: see package
// [github.com/chanx-go/chanx/core/schema]. An event is a message that comes from
// the server's side, with [Consumer.Publish], from any process.
//
// A group is a named set of connections of one consumer: see [Conn.Join] and
// [Conn.Broadcast].
//
// A [Topic] is a stream that clients subscribe to, many of them over one connection:
// see [NewTopic] and [Topics]. A [Subscription] is one client's, and its state a
// struct of the application too; its handlers are registered with the functions that
// consumers have. A topic may keep a [History], from which clients get what they have
// missed, track who is there, see [TrackPresence], and have an address of its own,
// see [Topic.Alone].
//
// # Many processes
//
// Hubs on one layer are one, in however many processes: those of packages
// github.com/chanx-go/chanx/core/layer/redis and .../nats connect them. A process that
// only publishes mounts nothing. [Hub.CountConnections], [Consumer.Members],
// [Topic.Subscribers] and [Hub.Disconnect] ask all of them, [Hub.Health] says how this
// one is, and a [Propagator] lets traces travel with events.
//
// # Authentication
//
// The framework's middleware runs on the handshake, and its adapter's Identity option
// passes on what it has found; where there is none, an [Authenticator] asks for a
// token. [Identity] gets what they say of a client. A [Credential] has a time at which
// it expires, until when the client can refresh it on the live connection.
//
// # Concurrency
//
// The handlers and events of one connection run one after the other, in the order
// in which they came, so the fields of its state need no lock. Streams and
// handlers registered with [Concurrent] run beside them.
//
// # Errors
//
// Misuse at registration panics with what to do. A handler's error reaches the
// client if it is an [*Error], made with [Errorf]; any other is logged, and the
// client is told [Internal].
package chanx
