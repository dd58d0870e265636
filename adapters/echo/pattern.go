package chanxecho

import (
	"fmt"
	"strings"
)

// restName is the parameter that stands for echo's "*".
const restName = "path"

// mustBeApart panics where a group's prefix and a path in it are glued together to
// something that nobody means, as echo adds no slash in between.
func mustBeApart(whole, path string) {
	prefix := strings.TrimSuffix(whole, path)
	if path != "" && path[0] != '/' && prefix != "" && !strings.HasSuffix(prefix, "/") {
		panic(fmt.Sprintf("chanxecho: the path %q in the group %q makes %q: begin it with a slash", path, prefix, whole))
	}
}

// addressOf turns a path of echo's into an address whose parameters are names in
// braces. It panics for a path that means something else than it seems to.
func addressOf(path string) string {
	if strings.ContainsAny(path, "{}") {
		panic(fmt.Sprintf("chanxecho: the path %q has braces: a parameter of echo's is written \":name\", the rest of a path \"*\"", path))
	}
	if i := strings.IndexByte(path, '*'); i >= 0 && i < len(path)-1 {
		panic(fmt.Sprintf("chanxecho: the path %q goes on behind \"*\", which is all the rest: put it at the end", path))
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '\\' && strings.HasPrefix(path[i+1:], ":"): // a colon that is one
			b.WriteByte(':')
			i++
		case path[i] == ':':
			name, _, _ := strings.Cut(path[i+1:], "/")
			if name == "" {
				panic(fmt.Sprintf("chanxecho: the path %q has a parameter without a name behind its colon", path))
			}
			b.WriteString("{" + name + "}")
			i += len(name)
		case path[i] == '*':
			b.WriteString("{" + restName + "}")
		default:
			b.WriteByte(path[i])
		}
	}
	return b.String()
}
