// Package wsconn is the server side of a WebSocket on a connection hijacked from
// net/http.
//
// coder/websocket parses the handshake and the frames that come in. Everything
// else is done here: the connection is taken over before the 101 response is
// written, so that a middleware which can't give it away is found out while a
// status can still be sent; what goes out are the caller's own bytes, and the
// library never writes to the peer; and a connection holds a buffer only while
// there is something in it. An idle connection is one goroutine on a shallow
// stack.
//
// On TCP and Unix sockets (not on Windows) frames are read without a wait of
// their own: see raw_unix.go. Everything else (TLS, net.Pipe) is read in the
// ordinary, blocking way, with the same results.
package wsconn
