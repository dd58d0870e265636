package check

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Severity is how bad a [Problem] is.
type Severity string

const (
	// Error is for what the specification forbids, or what makes a part of the
	// document useless.
	Error Severity = "error"
	// Warning is for what is allowed and most likely a mistake.
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	Severity Severity
	Pointer  string // where: a JSON Pointer, "" for the whole document
	Rule     string // which rule says so, such as "dangling-reference"; "structure" is the official schema
	Message  string // what, for a person, in one line
}

// String is the problem in one line, such as
// `/info: the member "title" is missing`.
func (p Problem) String() string {
	if p.Severity == Warning {
		return fmt.Sprintf("%s: %s (warning)", cmp.Or(p.Pointer, "/"), p.Message)
	}
	return fmt.Sprintf("%s: %s", cmp.Or(p.Pointer, "/"), p.Message)
}

// Document checks an AsyncAPI document of version 3.0 or 3.1, which is given as
// JSON text. It returns what is wrong, by place, in the same order each time; none
// means that nothing was found. An error means that it could not look: the text
// isn't a JSON object, is nested more than 200 levels deep, or is of another
// version.
//
// References to other documents are not followed. It reads nothing but the text,
// and is safe for concurrent use. What it does takes time in proportion to the
// text, more or less; where an example's schema would take too long, that is a
// problem of the rule "limit".
func Document(text []byte) ([]Problem, error) {
	root, problems, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	version, err := versionOf(root)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	d := &document{text: text, root: root, problems: problems}
	d.structure(version)
	d.walk()
	for _, rule := range rules {
		rule(d)
	}
	return d.sorted(), nil
}

// rules are what is checked beside the structure. The last one needs to know
// whether others found something.
var rules = []func(*document){
	(*document).references, (*document).ids, (*document).tags,
	(*document).servers, (*document).security,
	(*document).addresses, (*document).topics,
	(*document).operations, (*document).correlations, (*document).ambiguous,
	(*document).keywords, (*document).foreignSchemas, (*document).examples,
}

var versions = regexp.MustCompile(`^3\.([01])\.[0-9]+$`)

// versionOf returns the version whose schema a document is checked with.
func versionOf(root map[string]any) (string, error) {
	version, ok := root["asyncapi"].(string)
	if !ok {
		return "", errors.New(`it is not an AsyncAPI document: it has no string "asyncapi" that says the version`)
	}
	m := versions.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("AsyncAPI %q is not a version that is known: 3.0.0 and 3.1.0 are", version)
	}
	return "3." + m[1] + ".0", nil
}

func (d *document) problem(severity Severity, at, rule, format string, args ...any) {
	d.problems = append(d.problems, Problem{severity, at, rule, fmt.Sprintf(format, args...)})
}

// has reports whether a rule has found something.
func (d *document) has(rules ...string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool { return slices.Contains(rules, p.Rule) })
}

func (d *document) sorted() []Problem {
	slices.SortFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(comparePointers(a.Pointer, b.Pointer), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(d.problems)
}

// comparePointers orders by members, and elements of arrays by their numbers.
func comparePointers(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(a, b string) int {
		i, err1 := strconv.Atoi(a)
		k, err2 := strconv.Atoi(b)
		if err1 == nil && err2 == nil && i != k {
			return cmp.Compare(i, k)
		}
		return cmp.Compare(a, b)
	})
}
