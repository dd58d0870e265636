// Package topics is the code of docs/topics.md.
package topics

// Say is what a subscriber of a discussion sends.
type Say struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

// Action names the message on the wire.
func (Say) Action() string { return "say" }

// Saved answers a [Say].
type Saved struct {
	ID int `json:"id"`
}

// Action names the message on the wire.
func (Saved) Action() string { return "saved" }

// Said is an event: something was said in a discussion.
type Said struct {
	ID   int    `json:"id"`
	From string `json:"from"`
	Text string `json:"text"`
}

// Action names the event, and the message on the wire.
func (Said) Action() string { return "said" }

// Closed is an event: a discussion is over.
type Closed struct{}

// Action names the event.
func (Closed) Action() string { return "closed" }

// Mail is an event: a user has got mail.
type Mail struct {
	From string `json:"from"`
}

// Action names the event, and the message on the wire.
func (Mail) Action() string { return "mail" }

// Price is an event: something costs another amount now.
type Price struct {
	Cents int `json:"cents"`
}

// Action names the event, and the message on the wire.
func (Price) Action() string { return "price" }

// Notice is sent to one subscriber.
type Notice struct {
	Text string `json:"text"`
}

// Action names the message on the wire.
func (Notice) Action() string { return "notice" }
