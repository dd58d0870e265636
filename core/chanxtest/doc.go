// Package chanxtest tests WebSocket consumers through what clients see of them.
//
// [Dial] serves an http.Handler, such as the program's whole router, over a
// network in memory and returns a [Client] of it; [DialURL] connects to a server
// that runs. Typed functions then send and expect messages:
//
//	func TestChat(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			router := app.NewRouter() // mounts the consumers, with the middleware in front
//
//			ann := chanxtest.Dial(t, router, "/ws/rooms/go", nil)
//			bob := chanxtest.Dial(t, router, "/ws/rooms/go", nil)
//
//			chanxtest.Request[app.Pong](ann, app.Ping{}) // a request with its reply
//
//			ann.Send(app.Say{Text: "hello"})
//			if said := chanxtest.Expect[app.Said](bob); said.Text != "hello" {
//				t.Errorf("bob got %+v", said)
//			}
//			chanxtest.Expect[app.Said](ann)
//
//			ann.Send(app.Say{})
//			chanxtest.ExpectError(ann, chanx.Invalid)
//			bob.ExpectNothing()
//		})
//	}
//
// # Topics
//
// A [Topic] is what a client's connection has to do with one topic. What is sent
// through it goes to the topic, and all functions that expect something of a client
// expect it of a topic as well, among the topic's frames alone:
//
//	lobby := ann.Topic("room:lobby").Subscribe()
//	lobby.Send(app.Post{Text: "hello"})
//	posted := chanxtest.Expect[app.Posted](lobby)
//	ann.Topic("room:board").SubscribeError(chanx.Unauthorized)
//
// The frames of other topics, and those of the consumer itself, wait meanwhile. The
// client itself takes whatever comes next, of all topics in the order in which it
// came.
//
// A client that was away goes on from [Topic.Position] with [Topic.Recover]:
//
//	at := log.Position()
//	ann.Drop()
//	// what is published now is missed
//	log = chanxtest.Dial(t, router, "/ws", nil).Topic("log:1")
//	if !log.Recover(at) {
//		t.Error("the history is gone")
//	}
//
// Where a topic has an address of its own, [Client.Alone] returns it.
//
// # What is checked
//
// Every frame that a client gets is checked against what the endpoint declares:
// it must be a well-formed envelope with either a frame of the framework's own or
// a message that is a handler's output or is declared with [chanx.Sends] or
// [chanx.Outgoing]. Dial learns the endpoint from the handshake by itself; DialURL
// can where it is given the hub.
//
// Every frame that goes over the connection is then held against the AsyncAPI
// document of the hub, as package asyncapi writes it. What comes must be exactly one
// of the messages that the server may send on the channel. What is sent must be
// exactly one of those that clients may send there if the server takes it, which a
// frame with its ref shows that is no error; and none of them if the server refuses
// it as malformed, as an unknown action, or as invalid by a schema. So documents and
// generated clients agree with what the program really does. The document is made
// once for what is mounted on a hub.
//
// A frame with a topic must be of a topic that the consumer has, declared there,
// and come while the client is subscribed. Positions stand where they may, and grow
// where the topic keeps history.
//
// # Credentials
//
// [Client.Authenticate] brings a new token on the live connection, where the consumer
// has a [chanx.Authenticator], and [Client.AuthenticateError] one that must be
// refused. When credentials expire the connection is closed: [Client.ExpectClose] with
// [chanx.CloseExpired].
//
// # Failures
//
// A method or function that doesn't find what it wants fails the test at once, as
// [testing.TB.Fatalf] does, at the line of its caller and with what went over the
// connection so far. As with Fatalf, call them on the test's goroutine. None of
// them waits for longer than [DialOptions].Timeout.
//
// # Virtual time
//
// All of this works within a bubble of testing/synctest, where time passes at
// once: pings, timeouts and retries need no sleeping, and [Client.ExpectNothing]
// is exact. Make the hub inside of the bubble, and end what the program itself
// leaves running before the bubble ends, as with [chanx.Hub.Shutdown].
// Fiber's server is no http.Handler and can't be put into a bubble.
//
// # Events
//
// [NewCapture] records what a program publishes and broadcasts, to groups and to
// topics, as a layer that goes in front of the hub's.
package chanxtest
