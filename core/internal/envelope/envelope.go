// Package envelope is how a hub writes what it gives to a layer: for other
// processes, which may run an older or newer version of the application.
package envelope

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// version is the first byte. A reader refuses others, since it can't know what
// they mean; fields that it doesn't know it skips.
const version = 1

// Tags of the fields.
const (
	tagAction byte = iota + 1
	tagPayload
	tagText
	tagExcept
	tagKey
	tagConsumer
	tagTo
	tagMessage
	tagSeq
)

// Envelope is a message or an event on its way through a layer. A message to a
// group has its Text, the whole JSON object that the clients get. A message to a
// topic has Action and Payload, as its frame also has what differs between the
// processes; so has an event.
type Envelope struct {
	Action  []byte // of a message or event
	Payload []byte // of an event
	Text    []byte // of a message
	Except  []byte // id of the connection that doesn't get the message
	Key     []byte // what a newer message of the same key replaces in a queue

	Consumer []byte // of an event for one connection
	To       []byte // that connection's id

	Message bool   // it is no event, though it has no Text
	Seq     uint64 // position in a topic that the publisher gave it, or 0
}

// Append appends e's binary form. Empty fields are left out.
func (e *Envelope) Append(dst []byte) []byte {
	dst = append(dst, version)
	dst = field(dst, tagAction, e.Action)
	dst = field(dst, tagExcept, e.Except)
	dst = field(dst, tagKey, e.Key)
	dst = field(dst, tagConsumer, e.Consumer)
	dst = field(dst, tagTo, e.To)
	if e.Message {
		dst = append(dst, tagMessage, 0)
	}
	if e.Seq != 0 {
		var seq [binary.MaxVarintLen64]byte
		dst = field(dst, tagSeq, seq[:binary.PutUvarint(seq[:], e.Seq)])
	}
	dst = field(dst, tagPayload, e.Payload)
	return field(dst, tagText, e.Text)
}

func field(dst []byte, tag byte, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// Parse reads what Append wrote. The fields of e point into b.
func (e *Envelope) Parse(b []byte) error {
	*e = Envelope{}
	if len(b) == 0 || b[0] != version {
		return fmt.Errorf("envelope: not version %d", version)
	}
	for b = b[1:]; len(b) > 0; {
		tag := b[0]
		size, n := binary.Uvarint(b[1:])
		if n <= 0 || size > uint64(len(b)-1-n) {
			return errors.New("envelope: cut off")
		}
		value := b[1+n : 1+n+int(size)]
		b = b[1+n+int(size):]
		switch tag {
		case tagAction:
			e.Action = value
		case tagPayload:
			e.Payload = value
		case tagText:
			e.Text = value
		case tagExcept:
			e.Except = value
		case tagKey:
			e.Key = value
		case tagConsumer:
			e.Consumer = value
		case tagTo:
			e.To = value
		case tagMessage:
			e.Message = true
		case tagSeq:
			e.Seq, _ = binary.Uvarint(value)
		}
	}
	if len(e.Text) == 0 && len(e.Payload) == 0 {
		return errors.New("envelope: neither a message nor an event")
	}
	return nil
}
