package asyncapi

import (
	"fmt"
	"strings"
)

// Paths are where an adapter mounts a [Handler], for GET and HEAD: the page at the
// path itself, and the document at path + ".json" and path + ".yaml". The path is in
// the router's syntax.
//
// It panics where the three would not fit together: for a path that does not begin
// with a slash, or ends in one, or in the name of a format.
func Paths(path string) []string {
	for _, ending := range []string{".json", ".yaml", ".yml"} {
		if base, ok := strings.CutSuffix(path, ending); ok {
			panic(fmt.Sprintf("chanx: the documentation can't be at %q: give the path of its page, such as %q, and the document is at that with .json and .yaml behind", path, base))
		}
	}
	switch {
	case !strings.HasPrefix(path, "/"):
		panic(fmt.Sprintf("chanx: the documentation can't be at %q: the path begins with a slash, such as %q", path, "/asyncapi"))
	case strings.HasSuffix(path, "/"):
		panic(fmt.Sprintf("chanx: the documentation can't be at %q: the document is at the path with .json behind, so give one that does not end in a slash, such as %q", path, path+"asyncapi"))
	}
	return []string{path, path + ".json", path + ".yaml"}
}
