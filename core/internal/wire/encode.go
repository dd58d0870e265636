package wire

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Head is everything of a server's frame that stands in front of the payload.
type Head struct {
	Discriminator string // name of the field that holds the action
	Action        string
	Topic         string // "" leaves topic and version out
	Ref           []byte // a JSON string with its quotes; nil leaves it out
	Seq           uint64 // 0 leaves it out
}

// AppendHead appends an envelope up to the point at which the payload follows;
// [AppendTail] ends it.
func AppendHead(dst []byte, h Head) []byte {
	dst = append(dst, '{')
	if h.Topic != "" {
		dst = append(dst, `"version":`...)
		dst = strconv.AppendInt(dst, Version, 10)
		dst = append(dst, `,"topic":`...)
		dst = AppendString(dst, h.Topic)
		dst = append(dst, ',')
	}
	if h.Ref != nil {
		dst = append(dst, `"ref":`...)
		dst = append(dst, h.Ref...)
		dst = append(dst, ',')
	}
	if h.Seq != 0 {
		dst = append(dst, `"seq":`...)
		dst = strconv.AppendUint(dst, h.Seq, 10)
		dst = append(dst, ',')
	}
	dst = AppendString(dst, h.Discriminator)
	dst = append(dst, ':')
	dst = AppendString(dst, h.Action)
	return append(dst, `,"payload":`...)
}

// AppendTail ends an envelope after its payload.
func AppendTail(dst []byte) []byte { return append(dst, '}') }

// AppendString appends s as a JSON string. Bytes that aren't UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			dst, _ = jsontext.AppendQuote(dst, s)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
