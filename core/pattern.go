package chanx

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxTopic bounds the name of a topic, which a client makes up and the server
// keeps.
const maxTopic = 512

// pattern is what the names of a topic look like: segments between colons, each
// of which may have one parameter, "room:{room}" or "user-{id}:inbox".
type pattern struct {
	text     string
	segments []segment
	names    []string // of the parameters, in their order
}

// segment is literal text, or text around a parameter.
type segment struct {
	before, after string
	param         bool
}

// parsePattern says what is wrong with a pattern.
func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	if text == "" {
		return p, fmt.Errorf("it is empty")
	}
	for part := range strings.SplitSeq(text, ":") {
		before, rest, param := strings.Cut(part, "{")
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case strings.Contains(before, "}") || param && !closed || strings.Contains(name, "{"):
			return p, fmt.Errorf("the braces of %q don't match: a parameter is a name alone, such as {id}, and Params says what it may be", part)
		case strings.ContainsAny(after, "{}"):
			return p, fmt.Errorf("%q has more than one parameter: put a colon between them", part)
		case param && name == "":
			return p, fmt.Errorf("%q has a parameter without a name", part)
		case param && slices.Contains(p.names, name):
			return p, fmt.Errorf("it has two parameters {%s}", name)
		case param:
			p.names = append(p.names, name)
		}
		p.segments = append(p.segments, segment{before, after, param})
	}
	return p, nil
}

// same reports whether two patterns match the same topics.
func (p *pattern) same(other *pattern) bool { return slices.Equal(p.segments, other.segments) }

// value is the part of a topic's segment that fills the parameter.
func (s *segment) value(part string) (string, bool) {
	if !s.param {
		return "", part == s.before
	}
	rest, ok := strings.CutPrefix(part, s.before)
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, s.after)
	return rest, ok && rest != ""
}

// matches reports whether a topic's name is one of the pattern.
func (p *pattern) matches(topic string) bool {
	return len(topic) <= maxTopic && utf8.ValidString(topic) && p.walk(topic, func(string) bool { return true })
}

// param returns the value of a parameter in a topic's name, "" for a name that
// the pattern doesn't have.
func (p *pattern) param(topic, name string) (found string) {
	i := slices.Index(p.names, name)
	p.walk(topic, func(value string) bool {
		if i == 0 {
			found = value
		}
		i--
		return i >= 0
	})
	return found
}

// walk calls yield with the value of each parameter, until it returns false or the
// topic doesn't match.
func (p *pattern) walk(topic string, yield func(value string) bool) bool {
	rest, more := topic, true
	for i := range p.segments {
		if !more {
			return false
		}
		var part string
		part, rest, more = strings.Cut(rest, ":")
		s := &p.segments[i]
		value, ok := s.value(part)
		if !ok {
			return false
		}
		if s.param && !yield(value) {
			return false
		}
	}
	return !more
}

// fill makes a topic's name of the values of the parameters.
func (p *pattern) fill(values []string) (string, error) {
	if len(values) != len(p.names) {
		return "", fmt.Errorf("the pattern %q takes one value for each of %q, and not %d in all", p.text, p.names, len(values))
	}
	var b strings.Builder
	next := 0
	for i, s := range p.segments {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(s.before)
		if s.param {
			v := values[next]
			if v == "" || strings.Contains(v, ":") {
				return "", fmt.Errorf("the parameter {%s} of the pattern %q can't be %q: it needs at least one character, and no colon", p.names[next], p.text, v)
			}
			b.WriteString(v)
			next++
		}
		b.WriteString(s.after)
	}
	if !utf8.ValidString(b.String()) { // no client could name it
		return "", fmt.Errorf("%q is not UTF-8, as a topic of the pattern %q has to be", b.String(), p.text)
	}
	if b.Len() > maxTopic {
		return "", fmt.Errorf("a topic of the pattern %q would be longer than %d bytes", p.text, maxTopic)
	}
	return b.String(), nil
}
