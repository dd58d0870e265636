package schema_test

import (
	"testing"

	"github.com/chanx-go/chanx/core/schema"
)

type chat struct {
	Room string `json:"room" minLength:"1" maxLength:"64"`
	User string `json:"user" minLength:"1" maxLength:"64"`
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

var chatFrame = []byte(`{"room":"general","user":"ada.lovelace","text":"the quick brown fox jumps over the lazy dog, twice or even thrice"}`)

func of[T any](t testing.TB, options *schema.Options) *schema.Schema {
	t.Helper()
	s, err := schema.For[T](schema.NewRegistry(options))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func BenchmarkValidate(b *testing.B) {
	s := of[chat](b, nil)
	b.SetBytes(int64(len(chatFrame)))
	b.ReportAllocs()
	for b.Loop() {
		if v := s.Validate(chatFrame); v != nil {
			b.Fatal(v)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	s := of[chat](b, nil)
	b.ReportAllocs()
	for b.Loop() {
		var v chat
		if err := s.Decode(chatFrame, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	s := of[chat](b, nil)
	v := &chat{"general", "ada.lovelace", "the quick brown fox jumps over the lazy dog, twice or even thrice"}
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.AppendJSON(buf, v); err != nil {
			b.Fatal(err)
		}
	}
}
