package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// pattern is a regular expression that means the same to Go and to ECMA 262
// (with its u flag), which JSON Schema refers to.
type pattern struct {
	source string // what is published
	match  func([]byte) bool
}

// newPattern compiles what an author wrote in Go's syntax. What ECMA 262 spells
// differently is rewritten: `.` becomes `[^\n]`, `\s` becomes `[\t\n\f\r ]`; what
// it understands differently or not at all is an error.
func newPattern(source string) (*pattern, error) {
	if _, err := regexp.Compile(source); err != nil {
		return nil, err
	}
	t := translator{in: source}
	if err := t.translate(); err != nil {
		return nil, err
	}
	compiled, err := regexp.Compile(t.out.String())
	if err != nil {
		return nil, err
	}
	return &pattern{t.out.String(), compiled.Match}, nil
}

// quotePattern is a pattern that matches the text itself, in both dialects.
func quotePattern(text string) string {
	var out strings.Builder
	for _, r := range text {
		writeLiteral(&out, r)
	}
	return out.String()
}

const syntaxChars = `^$\.*+?()[]{}|/`

func writeLiteral(out *strings.Builder, r rune) {
	if r != '/' && strings.ContainsRune(syntaxChars, r) {
		out.WriteByte('\\')
	}
	out.WriteRune(r)
}

// translator goes through a valid Go expression token by token.
type translator struct {
	in  string
	out strings.Builder
	// atom is whether something stands before that may be repeated.
	atom bool
}

func (t *translator) translate() error {
	for t.in != "" {
		r, n := utf8.DecodeRuneInString(t.in)
		rest := t.in[n:]
		switch r {
		case '\\':
			if err := t.escape(false); err != nil {
				return err
			}
			continue
		case '[':
			if err := t.class(); err != nil {
				return err
			}
			t.atom = true
			continue
		case '(':
			if strings.HasPrefix(rest, "?") && !strings.HasPrefix(rest, "?:") {
				return errors.New("ECMA 262 has no such group; use (…) or (?:…), without names and flags")
			}
			if t.out.WriteByte('('); strings.HasPrefix(rest, "?:") {
				t.out.WriteString("?:")
				rest = rest[2:]
			}
			t.atom = false
		case '*', '+', '?', '{':
			var err error
			if rest, err = t.repeat(); err != nil {
				return err
			}
		case '.':
			t.out.WriteString(`[^\n]`)
			t.atom = true
		case '^', '$', '|':
			t.out.WriteRune(r)
			t.atom = false
		case ')':
			t.out.WriteByte(')')
			t.atom = true
		default:
			writeLiteral(&t.out, r)
			t.atom = true
		}
		t.in = rest
	}
	return nil
}

var repetition = regexp.MustCompile(`^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??`)

// repeat copies a repetition, or a brace that Go takes for itself.
func (t *translator) repeat() (rest string, err error) {
	token := repetition.FindString(t.in)
	if token == "" {
		t.out.WriteString(`\{`)
		t.atom = true
		return t.in[1:], nil
	}
	if !t.atom {
		return "", fmt.Errorf("ECMA 262 has nothing for %s to repeat here", token)
	}
	t.out.WriteString(token)
	t.atom = false
	return t.in[len(token):], nil
}

// escape translates the escape that t.in begins with.
func (t *translator) escape(inClass bool) error {
	r, n := utf8.DecodeRuneInString(t.in[1:])
	token := t.in[:1+n]
	t.in = t.in[1+n:]
	atom := true
	switch r {
	case 'd', 'D', 'w', 'W', 't', 'n', 'f', 'r', 'v':
		t.out.WriteString(token)
	case 'b', 'B':
		t.out.WriteString(token)
		atom = false
	case 's':
		space := `\t\n\f\r `
		if !inClass {
			space = "[" + space + "]"
		}
		t.out.WriteString(space)
	case 'S':
		if inClass {
			return errors.New(`\S in a class means something else in ECMA 262; list the characters`)
		}
		t.out.WriteString(`[^\t\n\f\r ]`)
	case 'x':
		if len(t.in) < 2 || t.in[0] == '{' {
			return errors.New(`ECMA 262 has no \x{…}; write the character itself`)
		}
		t.out.WriteString(token + t.in[:2])
		t.in = t.in[2:]
	case 'p', 'P':
		if err := t.property(token); err != nil {
			return err
		}
	default:
		if r < utf8.RuneSelf && (isLetter(byte(r)) || isDigit(byte(r))) {
			return fmt.Errorf("%s means something else in ECMA 262, or nothing", token)
		}
		if inClass && r == '-' {
			t.out.WriteString(`\-`)
		} else {
			writeLiteral(&t.out, r)
		}
	}
	t.atom = atom
	return nil
}

// property translates a Unicode property: general categories mean the same to
// both, save those of characters that don't exist.
func (t *translator) property(token string) error {
	name, rest := t.in[:1], t.in[1:]
	if name == "{" {
		name, rest, _ = strings.Cut(rest, "}")
	}
	if len(name) > 2 || !strings.Contains("LMNPSZ", name[:1]) || name == "LC" {
		return fmt.Errorf("%s{%s} means something else in ECMA 262, or nothing; only general categories, such as %s{L}, are the same", token, name, token)
	}
	t.out.WriteString(token + "{" + name + "}")
	t.in = rest
	return nil
}

// class translates the character class that t.in begins with.
func (t *translator) class() error {
	t.out.WriteByte('[')
	t.in = t.in[1:]
	if strings.HasPrefix(t.in, "^") {
		t.out.WriteByte('^')
		t.in = t.in[1:]
	}
	for first := true; ; first = false {
		r, n := utf8.DecodeRuneInString(t.in)
		switch {
		case r == ']' && !first:
			t.out.WriteByte(']')
			t.in = t.in[1:]
			return nil
		case r == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
			continue
		case strings.HasPrefix(t.in, "[:"):
			return errors.New("ECMA 262 has no [:classes:]; list the characters")
		case r == '[' || r == ']':
			t.out.WriteByte('\\')
		}
		t.out.WriteRune(r)
		t.in = t.in[n:]
	}
}

const base64Source = `^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`

// base64Pattern matches padded base64 of any length; size is that of a Go array,
// or -1.
func base64Pattern(size int) *pattern {
	source := base64Source
	if size >= 0 {
		source = `^(?:[A-Za-z0-9+/]{4})*` + [...]string{"", "[A-Za-z0-9+/]{2}==", "[A-Za-z0-9+/]{3}="}[size%3] + "$"
	}
	return &pattern{source, func(s []byte) bool {
		if len(s)%4 != 0 {
			return false
		}
		digits := s
		for len(digits) > 0 && digits[len(digits)-1] == '=' {
			digits = digits[:len(digits)-1]
		}
		for _, c := range digits {
			if !isLetter(c) && !isDigit(c) && c != '+' && c != '/' {
				return false
			}
		}
		padding := len(s) - len(digits)
		return padding <= 2 && (size < 0 || padding == (3-size%3)%3)
	}}
}
