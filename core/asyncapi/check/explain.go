package check

import (
	"encoding/json"
	"fmt"
	"maps"
	neturl "net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// explainer says in a line what a validator says in a tree.
type explainer struct {
	root     any
	official *official // nil: names of unknown members are not guessed
}

// leaf is a cause that has no other.
type leaf struct {
	at, text string
	wrong    wrong
}

// wrong is what tells of an alternative that it was not the one meant.
type wrong int

const (
	inside    wrong = iota
	value           // another value of a member is wanted
	otherKind       // another type is wanted
)

// leaves returns the causes that a person has to know. Of alternatives it takes
// the one that was meant.
func (e explainer) leaves(err *jsonschema.ValidationError) []leaf {
	switch k := err.ErrorKind.(type) {
	case *kind.OneOf:
		if len(err.Causes) > 0 {
			return e.meant(err)
		}
	case *kind.AnyOf:
		return e.meant(err)
	case *kind.PropertyNames:
		at := join(join("", err.InstanceLocation...), k.Property)
		return []leaf{{at, "the name is not allowed here", inside}}
	}
	if len(err.Causes) == 0 {
		return e.texts(err)
	}
	var all []leaf
	for _, cause := range err.Causes {
		all = append(all, e.leaves(cause)...)
	}
	return all
}

// meant returns the causes of the alternative that fits best.
func (e explainer) meant(err *jsonschema.ValidationError) []leaf {
	at := join("", err.InstanceLocation...)
	object, _ := lookup(e.root, err.InstanceLocation).(map[string]any)
	_, reference := object["$ref"]
	var best []leaf
	lowest := -1
	for _, cause := range err.Causes {
		of, ok := cause.ErrorKind.(*kind.Reference)
		if len(err.Causes) > 1 && reference != (ok && strings.HasSuffix(of.URL, "Reference.json")) {
			continue
		}
		leaves := e.leaves(cause)
		score := min(len(leaves), 999)
		for _, l := range leaves {
			switch {
			case l.wrong == otherKind && l.at == at:
				score += 100_000
			case l.wrong == value && strings.Count(l.at, "/") == strings.Count(at, "/")+1:
				score += 1000
			}
		}
		if lowest < 0 || score < lowest {
			best, lowest = leaves, score
		}
	}
	return best
}

// texts are what a cause says.
func (e explainer) texts(err *jsonschema.ValidationError) []leaf {
	at := join("", err.InstanceLocation...)
	one := func(w wrong, format string, args ...any) []leaf { return []leaf{{at, fmt.Sprintf(format, args...), w}} }
	var all []leaf
	switch k := err.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range slices.Sorted(slices.Values(k.Properties)) {
			all = append(all, leaf{join(at, name), "unknown member" + guess(name, e.members(err.SchemaURL)), inside})
		}
		return all
	case *kind.Required:
		for _, name := range k.Missing {
			all = append(all, leaf{at, fmt.Sprintf("the member %q is missing", name), inside})
		}
		return all
	case *kind.Type:
		return one(otherKind, "must be of type %s, is of type %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		var texts []string
		for _, v := range k.Want {
			if s, ok := v.(string); ok {
				texts = append(texts, s)
			}
		}
		text, _ := k.Got.(string)
		return one(value, "must be one of %s, is %s%s", short(k.Want), short(k.Got), guess(text, texts))
	case *kind.Const:
		return one(value, "must be %s, is %s", short(k.Want), short(k.Got))
	case *kind.Format:
		return one(inside, "%s is not of the format %q", short(k.Got), k.Want)
	case *kind.Pattern:
		return one(inside, "%s does not match the pattern %s", short(k.Got), k.Want)
	case *kind.FalseSchema:
		return one(inside, "nothing is allowed here")
	case *kind.Not:
		return one(inside, "it is what the schema excludes")
	case *kind.OneOf:
		return one(inside, "it is several of the things of which it must be one")
	}
	return one(inside, "%s", err.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
}

// members are the names that an official schema knows.
func (e explainer) members(url string) []string {
	if e.official == nil {
		return nil
	}
	_, fragment, _ := strings.Cut(url, "#")
	pointer, err := neturl.PathUnescape(fragment)
	if err != nil || pointer == "" {
		return slices.Sorted(maps.Keys(object(e.official.whole["properties"])))
	}
	path := strings.Split(pointer[1:], "/")
	for i, name := range path {
		path[i] = unescaper.Replace(name)
	}
	schema, _ := lookup(e.official.whole, path).(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// lookup returns what is at a path through objects; nil where nothing is.
func lookup(v any, path []string) any {
	for _, name := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// short is a value as JSON, cut where it is long.
func short(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if runes := []rune(string(text)); len(runes) > 120 {
		return string(runes[:117]) + "…"
	}
	return string(text)
}

// guess asks whether one of the known names was meant.
func guess(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if n := distance(name, k); n > 0 && n < least+1 && (best == "" || n < least) {
			best, least = k, n
		}
	}
	if best == "" || name == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance is how many letters have to be changed; many for what is too long to
// be a name.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for k := range len(b) {
			change := last
			if a[i] != b[k] {
				change++
			}
			last = row[k+1]
			row[k+1] = min(change, row[k]+1, row[k+1]+1)
		}
	}
	return row[len(b)]
}
