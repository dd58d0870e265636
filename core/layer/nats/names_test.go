package chanxnats

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestToken(t *testing.T) {
	for name, want := range map[string]string{
		"":                       "=",
		"room":                   "room",
		"a-b_c/9":                "a-b_c/9",
		"a.b":                    "a=2Eb",
		"*":                      "=2A",
		"=":                      "=3D",
		"é\x00":                  "=C3=A9=00",
		strings.Repeat("x", 160): strings.Repeat("x", 160),
		strings.Repeat("x", 161): "==",
	} {
		got := token(name)
		if strings.HasPrefix(want, "==") {
			if !strings.HasPrefix(got, "==") || len(got) != 66 {
				t.Errorf("token(%q) is %q", name, got)
			}
		} else if got != want {
			t.Errorf("token(%q) is %q, want %q", name, got, want)
		}
	}
}

// FuzzToken: tokens can be told back, unless they are hashed, so no two names have
// the same.
func FuzzToken(f *testing.F) {
	for _, name := range []string{"", "=", "==", "a.b", "a=2Eb", "\xff", strings.Repeat("é", 100), "> *"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		tok := token(name)
		if tok == "" || len(tok) > maxToken || strings.ContainsAny(tok, ".*> \t\r\n\x00") {
			t.Fatalf("token(%q) is %q", name, tok)
		}
		if strings.HasPrefix(tok, "==") {
			return
		}
		if got := untoken(t, tok); got != name {
			t.Errorf("token(%q) is %q, which means %q", name, tok, got)
		}
	})
}

func untoken(t *testing.T, tok string) string {
	t.Helper()
	if tok == "=" {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(tok); i++ {
		if tok[i] != '=' {
			b.WriteByte(tok[i])
			continue
		}
		c, err := hex.DecodeString(tok[i+1 : i+3])
		if err != nil {
			t.Fatal(err)
		}
		b.Write(c)
		i += 2
	}
	return b.String()
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]target{
		"nats://localhost":               {servers: "nats://localhost:4222", name: "localhost:4222"},
		"tls://a:1":                      {servers: "tls://a:1", name: "a:1"},
		"nats://u:p%40@a,b:2?prefix=x.y": {servers: "nats://u:p%40@a:4222,nats://u:p%40@b:2", name: "a:4222,b:2", prefix: "x.y"},
		"nats://secret@[::1]:3/":         {servers: "nats://secret@[::1]:3", name: "[::1]:3"},
		"nats://[::1]":                   {servers: "nats://[::1]:4222", name: "[::1]:4222"},
	} {
		if got, err := parseURL(text); err != nil || got != want {
			t.Errorf("parseURL(%q): %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "nats", "http://a", "nats://", "nats://a,", "nats://a/b", "nats://a?x=1", "nats://a:b", "nats://u:p@a b", "nats://a?%zz"} {
		if got, err := parseURL(text); err == nil {
			t.Errorf("parseURL(%q): %+v", text, got)
		}
	}
	for _, text := range []string{"nats://u:secret?@a", "nats://u:?secret@a", "nats://u:secret/@a", "nats://u:secret#@a", "nats://u:secret @a b"} {
		if _, err := parseURL(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("parseURL(%q): %v", text, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("nats://u:p@a:1,b?prefix=x")
	f.Add("tls://[::1]:4222")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseURL(text)
		if err == nil && (got.servers == "" || got.name == "" || strings.Contains(got.name, "@")) {
			t.Errorf("parseURL(%q): %+v", text, got)
		}
	})
}

func TestPrefix(t *testing.T) {
	for prefix, good := range map[string]bool{
		"": true, "chanx": true, "team.app-1_x": true, "a.b.c": true,
		".": false, "a.": false, ".a": false, "a..b": false, "a/b": false, "a b": false, "*": false, ">": false, "é": false,
	} {
		if _, err := (&Options{Prefix: prefix}).withDefaults(target{}); (err == nil) != good {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
	if o, err := (*Options)(nil).withDefaults(target{prefix: "url"}); err != nil || o.Prefix != "url" {
		t.Errorf("the URL's prefix became %q, %v", o.Prefix, err)
	}
	if o, err := (&Options{Prefix: "own"}).withDefaults(target{prefix: "url"}); err != nil || o.Prefix != "own" {
		t.Errorf("the options' prefix became %q, %v", o.Prefix, err)
	}
}
