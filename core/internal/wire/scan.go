// Package wire reads and writes what goes over a WebSocket: the JSON envelope
// of a message and the RFC 6455 frame around it.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// Version is the version of the envelope that this package speaks.
const Version = 1

// Envelope is one client frame taken apart. Its slices point into the scanned
// bytes wherever a string had no escapes.
type Envelope struct {
	Action  []byte // unescaped; nil where the frame has none
	Topic   []byte // unescaped; nil where the frame has none
	Ref     []byte // the JSON string as it stands in the frame, quotes included; nil where the frame has none
	Payload []byte // the raw value; nil where the frame has none
	Version int64  // 1 where the frame has none
}

// maxRef bounds a ref, which is repeated on everything that answers it.
const maxRef = 512

// maxTopic bounds a topic as it stands in the frame, where each of its bytes may
// be written as six.
const maxTopic = 6*512 + 2

var (
	errNotObject = errors.New("a frame is one JSON object")
	errUTF8      = errors.New("the text is not valid UTF-8")
)

// Scan takes one frame apart in a single strict pass: the whole text is checked,
// names that stand twice in one object and invalid UTF-8 included. discriminator
// is the name of the field that holds the action. Unknown fields are skipped.
//
// An error describes the text in words for the client. Unless the text isn't
// JSON at all, e then still has what the frame says of itself, so that the error
// can be sent with the frame's ref and topic.
func (e *Envelope) Scan(b []byte, discriminator string) error {
	*e = Envelope{Version: Version}
	if !utf8.Valid(b) {
		return errUTF8
	}
	i := jsonraw.SkipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return errNotObject
	}
	var wrong error
	end, err := jsonraw.Members(b, i, func(name, value []byte) error {
		if err := e.member(unquote(name), value, discriminator); err != nil && wrong == nil {
			wrong = err
		}
		return nil
	})
	if err == nil {
		if end = jsonraw.SkipSpace(b, end); end < len(b) {
			err = &jsonraw.SyntaxError{Offset: end, Msg: "unexpected text after the object"}
		}
	}
	if err != nil {
		*e = Envelope{Version: Version}
		return err
	}
	if wrong == nil && e.Action == nil {
		wrong = fmt.Errorf("the frame has no %q", discriminator)
	}
	return wrong
}

// member takes one field of the envelope.
func (e *Envelope) member(name, value []byte, discriminator string) error {
	switch string(name) {
	case discriminator:
		if value[0] != '"' {
			return fmt.Errorf("%q must be a string", discriminator)
		}
		e.Action = unquote(value)
	case "payload":
		e.Payload = value
	case "ref":
		if value[0] != '"' {
			return errors.New(`"ref" must be a string`)
		}
		if len(value) > maxRef {
			return fmt.Errorf(`"ref" is longer than %d bytes`, maxRef)
		}
		e.Ref = value
	case "topic":
		if value[0] != '"' {
			return errors.New(`"topic" must be a string`)
		}
		if len(value) > maxTopic {
			return fmt.Errorf(`"topic" is longer than %d bytes`, maxTopic)
		}
		e.Topic = unquote(value)
	case "version":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return errors.New(`"version" must be an integer`)
		}
		e.Version = n
	}
	return nil
}

// unquote returns what stands in a valid JSON string.
func unquote(token []byte) []byte {
	if bytes.IndexByte(token, '\\') < 0 {
		return token[1 : len(token)-1]
	}
	return jsonraw.Unquote(nil, token)
}

// Text returns what stands in a valid JSON string.
func Text(token []byte) string { return string(unquote(token)) }
