package chanxgin

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// pattern is a path of gin's.
type pattern struct {
	sent *regexp.Regexp // finds the values of the parameters in a path as it was sent
	rest string         // the parameter that has the rest of the path, "" for none
}

// wildcard is a parameter in a path, which ends where its segment does, or a colon
// that stands for itself. One without a name is left to gin, which refuses it.
var wildcard = regexp.MustCompile(`\\:|[:*][^/]+`)

// parse returns the address of a path in a group, with parameters in braces, and
// the pattern that it is.
func parse(base, relative string) (address string, p pattern) {
	whole := base
	if relative != "" {
		whole = clean(base + "/" + relative)
	}
	if strings.ContainsAny(whole, "{}") {
		panic(fmt.Sprintf("chanxgin: the path %q has braces, which are no parameters to gin: write /:name, or /*name for the rest", whole))
	}
	expr, end := "", 0
	for _, at := range append(wildcard.FindAllStringIndex(whole, -1), []int{len(whole), len(whole)}) {
		literal, found := whole[end:at[0]], whole[at[0]:at[1]]
		address, expr, end = address+literal, expr+regexp.QuoteMeta(literal), at[1]
		switch {
		case found == "":
		case found[0] == '\\':
			address, expr = address+":", expr+":"
		case found[0] == ':':
			address, expr = address+"{"+found[1:]+"}", expr+"([^/]*)"
		default:
			address, expr, p.rest = address+"{"+found[1:]+"}", expr+"(.*)", found[1:]
		}
	}
	p.sent = regexp.MustCompile("^" + expr + "$")
	return address, p
}

// values returns the decoded values of the parameters, for which given is what
// gin found in u. The engine's settings, which can't be asked for, say whether gin
// looked at the path decoded or as it was sent, and left the values so or decoded
// them as those of a form, with a space for a plus.
func (p pattern) values(u *url.URL, given gin.Params) gin.Params {
	values := slices.Clone(given)
	for i, v := range values {
		if v.Key == p.rest {
			values[i].Value = strings.TrimPrefix(v.Value, "/")
		}
	}
	sent := u.EscapedPath()
	for _, path := range []string{sent, clean(sent)} { // the latter is what RemoveExtraSlash makes of it
		if raw := p.sent.FindStringSubmatch(path); raw != nil && found(raw[1:], values) {
			for i, v := range raw[1:] {
				values[i].Value = unescaped(url.PathUnescape, v)
			}
			break
		}
	}
	return values
}

// found reports whether gin found these values, which are as they were sent.
func found(raw []string, given gin.Params) bool {
	if len(raw) > len(given) {
		return false
	}
	for i, v := range raw {
		if given[i].Value != v && given[i].Value != unescaped(url.QueryUnescape, v) {
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

// clean is a path without what it has too much of.
func clean(p string) string {
	c := path.Clean(p)
	if strings.HasSuffix(p, "/") && c != "/" {
		c += "/"
	}
	return c
}
