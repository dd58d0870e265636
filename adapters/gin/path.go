package chanxgin

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// pattern is a path of gin's in segments. A parameter is the end of its segment,
// or, the last, of the path.
type pattern []segment

type segment struct {
	literal string // in front of the parameter, if there is one
	name    string // of the parameter, "" for none
	rest    bool   // the parameter has all segments that follow
}

// parse returns the address of a path in a group, with parameters in braces, and
// the pattern that it is.
func parse(base, relative string) (address string, p pattern) {
	whole := path.Join(base, relative)
	if strings.HasSuffix(relative, "/") && !strings.HasSuffix(whole, "/") {
		whole += "/"
	}
	if strings.ContainsAny(whole, "{}") {
		panic(fmt.Sprintf("chanxgin: the path %q has braces, which are no parameters to gin: write /:name, or /*name for the rest", whole))
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(whole, "/"), "/") {
		s := parseSegment(part)
		address += "/" + s.literal
		if s.name != "" {
			address += "{" + s.name + "}"
		}
		p = append(p, s)
	}
	return address, p
}

// parseSegment splits "v:version" and the like. A colon that stands for itself is
// written "\:".
func parseSegment(part string) segment {
	s := segment{literal: part}
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '\\':
			i++
		case ':', '*':
			s = segment{part[:i], part[i+1:], part[i] == '*'}
			i = len(part)
		}
	}
	s.literal = strings.ReplaceAll(s.literal, `\:`, ":")
	return s
}

// values returns the decoded values of the parameters, for which given is what
// gin found in u. The engine's settings, which can't be asked for, say whether gin
// looked at the path decoded or as it was sent, and left the values so or decoded
// them as those of a form, with a space for a plus.
func (p pattern) values(u *url.URL, given gin.Params) gin.Params {
	if len(given) == 0 {
		return nil
	}
	sent := u.EscapedPath()
	raw, ok := p.match(sent)
	if !ok || !found(raw, given) {
		raw, ok = p.match(clean(sent)) // RemoveExtraSlash
	}
	asSent := ok && found(raw, given)
	values := make(gin.Params, 0, len(given))
	for i, param := range given {
		if asSent && i < len(raw) {
			param.Value = unescaped(url.PathUnescape, raw[i])
		}
		if p[len(p)-1].rest && param.Key == p[len(p)-1].name {
			param.Value = strings.TrimPrefix(param.Value, "/")
		}
		values = append(values, param)
	}
	return values
}

// match returns the values of the parameters in a path, the rest with the slash in
// front.
func (p pattern) match(path string) (values []string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range p {
		if i >= len(parts) || !strings.HasPrefix(parts[i], s.literal) {
			return nil, false
		}
		value := parts[i][len(s.literal):]
		switch {
		case s.rest:
			return append(values, "/"+strings.Join(parts[i:], "/")), true
		case s.name != "":
			values = append(values, value)
		case value != "":
			return nil, false
		}
	}
	return values, len(parts) == len(p)
}

// found reports whether gin found these values, which are as they were sent.
func found(raw []string, given gin.Params) bool {
	for i, value := range raw {
		if i >= len(given) || given[i].Value != value && given[i].Value != unescaped(url.QueryUnescape, value) {
			return false
		}
	}
	return true
}

// unescaped is s decoded, or s where it can't be.
func unescaped(decode func(string) (string, error), s string) string {
	if d, err := decode(s); err == nil {
		return d
	}
	return s
}

// clean is a path as gin's RemoveExtraSlash makes it.
func clean(sent string) string {
	c := path.Clean(sent)
	if strings.HasSuffix(sent, "/") && c != "/" {
		c += "/"
	}
	return c
}
