package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Definitions are the named types of a [Registry] at one time, with a name for
// each: what the schemas of a larger document share.
type Definitions struct {
	// Schemas are the types' schemas by name. References among them begin with
	// the prefix that was asked for.
	Schemas map[string]json.RawMessage

	prefix string
	names  map[*def]string
}

// Definitions returns the named types that the registry has met. prefix goes
// before a name in a reference, such as "#/components/schemas/".
//
// Two types of one name get the names of their packages before it, both of them,
// so that names don't depend on the order in which types were met.
func (r *Registry) Definitions(prefix string) *Definitions {
	r.mu.Lock()
	defs := slices.Collect(maps.Values(r.defs))
	r.mu.Unlock()
	d := &Definitions{Schemas: map[string]json.RawMessage{}, prefix: prefix, names: nameDefs(defs)}
	for _, x := range defs {
		p := &publisher{prefix: prefix, names: d.names}
		p.node(x.node)
		d.Schemas[d.names[x]] = p.out
	}
	return d
}

// Ref is the schema of s as it stands inside of a document that has the
// definitions: {"$ref":"…"} for a named struct, written out for other types. It
// is without "$schema". s must have been made before the definitions were.
func (d *Definitions) Ref(s *Schema) json.RawMessage {
	p := &publisher{prefix: d.prefix, names: d.names}
	p.node(s.node)
	return p.out
}

// Name is the name that s has among the definitions; "" if it isn't one of them.
func (d *Definitions) Name(s *Schema) string {
	if s.node.ref == nil {
		return ""
	}
	return d.names[s.node.ref]
}

func compareNames(names map[*def]string, x, y *def) int { return strings.Compare(names[x], names[y]) }

// nameDefs gives every definition a name of its own, which depends on nothing
// but the set of them.
func nameDefs(defs []*def) map[*def]string {
	byName := map[string][]*def{}
	for _, d := range defs {
		name := baseName(d.typ)
		byName[name] = append(byName[name], d)
	}
	names := map[*def]string{}
	taken := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if same := byName[name]; len(same) == 1 {
			names[same[0]], taken[name] = name, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if same := byName[name]; len(same) > 1 {
			qualify(name, same, names, taken)
		}
	}
	return names
}

// qualify tells types of one name apart by as much of their packages' paths as
// it takes.
func qualify(name string, same []*def, names map[*def]string, taken map[string]bool) {
	slices.SortStableFunc(same, func(x, y *def) int {
		return strings.Compare(x.typ.PkgPath()+x.typ.String(), y.typ.PkgPath()+y.typ.String())
	})
	for parts := 1; parts <= 8; parts++ {
		long := map[string]*def{}
		for _, d := range same {
			if full := packageName(d.typ, parts) + name; !taken[full] {
				long[full] = d
			}
		}
		if len(long) == len(same) {
			for full, d := range long {
				names[d], taken[full] = full, true
			}
			return
		}
	}
	// Types that are local to functions have nothing but their order.
	n := 1
	for _, d := range same {
		for taken[fmt.Sprint(name, n)] {
			n++
		}
		names[d] = fmt.Sprint(name, n)
		taken[names[d]] = true
	}
}

// packageName is the last parts of a package's path as one word.
func packageName(t reflect.Type, parts int) string {
	path := strings.Split(t.PkgPath(), "/")
	return word(strings.Join(path[max(0, len(path)-parts):], "/"))
}

// baseName is a type's name without its package, in letters and digits: of
// Page[app/users.User] it is PageUser.
func baseName(t reflect.Type) string {
	var out strings.Builder
	name := t.Name()
	if i := strings.IndexByte(name, '['); i >= 0 {
		out.WriteString(word(name[:i]))
		out.WriteString(argumentNames(name[i+1 : len(name)-1]))
		return out.String()
	}
	return word(name)
}

// argumentNames joins the names of type arguments, as reflect writes them.
func argumentNames(args string) string {
	var out strings.Builder
	for args != "" {
		switch {
		case strings.HasPrefix(args, "[]"):
			out.WriteString("List")
			args = args[2:]
		case strings.HasPrefix(args, "map["):
			out.WriteString("Map")
			args = args[4:]
		default:
			// A name reaches to the next bracket, comma or star, and its package's
			// path to the last dot before that.
			end := strings.IndexAny(args, "[],*{} ")
			if end < 0 {
				end = len(args)
			}
			if end == 0 {
				args = args[1:]
				continue
			}
			path := args[:end]
			if i := strings.LastIndexByte(path, '/'); i >= 0 {
				path = path[i+1:]
			}
			if i := strings.LastIndexByte(path, '.'); i >= 0 {
				path = path[i+1:]
			}
			out.WriteString(word(path))
			args = args[end:]
		}
	}
	return out.String()
}

// word makes one word of a text: its parts capitalised, in ASCII.
func word(s string) string {
	var out strings.Builder
	up := true
	for _, r := range s {
		switch {
		case r < unicode.MaxASCII && (isLetter(byte(r)) || isDigit(byte(r))):
			if up {
				r = unicode.ToUpper(r)
			}
			out.WriteRune(r)
			up = false
		case r > unicode.MaxASCII:
			fmt.Fprintf(&out, "U%X", r)
			up = false
		case r == '·': // how reflect marks a local type
		default:
			up = true
		}
	}
	return out.String()
}
