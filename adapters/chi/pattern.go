package chanxchi

import (
	"fmt"
	"strings"
)

// restName is the parameter that stands for chi's "*", which has no name.
const restName = "path"

// addressOf turns a pattern of chi or of a ServeMux into an address whose
// parameters are plain names in braces. renamed, where it isn't nil, gets the
// parameters that are called something else in the pattern.
func addressOf(pattern string, renamed map[string]string) string {
	p := pattern
	if method, rest, ok := strings.Cut(p, " "); ok {
		if method != "GET" {
			panic(fmt.Sprintf("chanxchi: the pattern %q is for %s: a WebSocket handshake is a GET", pattern, method))
		}
		p = strings.TrimLeft(rest, " \t")
	}
	if i := strings.IndexByte(p, '/'); i > 0 { // a ServeMux's host
		p = p[i:]
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '{':
			end := closing(p, i)
			if end < 0 {
				panic(fmt.Sprintf("chanxchi: the pattern %q has a brace that is not closed", pattern))
			}
			name, _, _ := strings.Cut(p[i+1:end], ":") // chi's regular expressions
			name = strings.TrimSuffix(name, "...")     // ServeMux's rest
			if name != "$" {
				b.WriteString("{" + name + "}")
			}
			i = end
		case '*':
			b.WriteString("{" + restName + "}")
			if renamed != nil {
				renamed[restName] = "*"
			}
		default:
			b.WriteByte(p[i])
		}
	}
	return b.String()
}

// shapeOf returns a pattern of chi's without its method and the names of its
// parameters, by which chi doesn't tell routes apart. addressOf has taken it.
func shapeOf(pattern string) string {
	var b strings.Builder
	p := strings.TrimLeft(strings.TrimPrefix(pattern, "GET "), " \t")
	for i := 0; i < len(p); i++ {
		b.WriteByte(p[i])
		if p[i] == '{' {
			end := closing(p, i)
			if _, expr, ok := strings.Cut(p[i+1:end], ":"); ok {
				b.WriteString(":" + expr)
			}
			i = end - 1
		}
	}
	return b.String()
}

// closing returns the index of the brace that closes the one at i, or -1.
func closing(p string, i int) int {
	depth := 0
	for ; i < len(p); i++ {
		switch p[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
