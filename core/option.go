package chanx

// HandlerOption describes a handler, or says how it is run.
type HandlerOption func(*handlers, *route)

// Summary is one line on what the message does, for the documentation.
func Summary(text string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Summary = text }
}

// Description is a longer text, in Markdown.
func Description(text string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Description = text }
}

// Tags groups messages in the documentation.
func Tags(names ...string) HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Tags = append(r.doc.Tags, names...) }
}

// Deprecated marks a message that clients should stop using.
func Deprecated() HandlerOption {
	return func(_ *handlers, r *route) { r.doc.Deprecated = true }
}

// Sends declares a message that the handler sends or broadcasts beside its
// reply. The documentation lists it, and the test kit fails a test in which a
// client gets a message that nobody declared.
func Sends[M Message]() HandlerOption {
	return func(s *handlers, r *route) { r.sends = append(r.sends, messageOf[M](s)) }
}

// Concurrent runs the handler of a client's message on a goroutine of its own,
// so that it does not hold up the connection's other messages: its reply may
// come out of order, and what it shares with other handlers needs a lock. At
// most [Limits].Concurrent such handlers and streams run for one connection.
func Concurrent() HandlerOption {
	return func(_ *handlers, r *route) { r.concurrent = true }
}
