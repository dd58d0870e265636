package check

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	componentID = regexp.MustCompile(`^[a-zA-Z0-9.\-_]+$`)
	plainID     = regexp.MustCompile(`^[A-Za-z0-9_\-]+$`)
	inBraces    = regexp.MustCompile(`\{([^{}]*)\}`)
)

// object is a value as an object; nil for any other.
func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// texts are the strings of an array.
func texts(v any) []string {
	var all []string
	list, _ := v.([]any)
	for _, x := range list {
		if s, ok := x.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// ids checks the names that the specification restricts.
func (d *document) ids() {
	check := func(at string, of map[string]any, allowed *regexp.Regexp) {
		for name := range of {
			if !allowed.MatchString(name) {
				d.problem(Error, join(at, name), "id", "the name %q has characters that names here can't have: it must match %s", name, allowed)
			}
		}
	}
	components := object(d.root["components"])
	for kind := range shapes["components"] {
		check(join("/components", kind), object(components[kind]), componentID)
	}
	check("/servers", object(d.root["servers"]), plainID)
	d.each("channel", func(n *node) { check(join(n.at, "parameters"), object(n.value["parameters"]), plainID) })
}

// tags checks that no tag is there twice.
func (d *document) tags() {
	for _, n := range d.nodes {
		seen := map[string]bool{}
		list, _ := n.value["tags"].([]any)
		for i := range list {
			tag := d.at(join(n.at, "tags", strconv.Itoa(i)))
			if tag == nil || tag.kind != "tag" {
				continue
			}
			if name, ok := tag.value["name"].(string); ok {
				if seen[name] {
					d.problem(Error, join(n.at, "tags", strconv.Itoa(i)), "duplicate-tag", "the tag %q is there twice", name)
				}
				seen[name] = true
			}
		}
	}
}

// servers checks hosts and variables.
func (d *document) servers() {
	d.each("server", func(n *node) {
		host, _ := n.value["host"].(string)
		pathname, _ := n.value["pathname"].(string)
		bare := inBraces.ReplaceAllString(host, "x")
		switch {
		case strings.Contains(bare, "://"):
			d.problem(Error, join(n.at, "host"), "server-host", "%q has a scheme: that is the member protocol", host)
		case strings.ContainsAny(bare, "/?#"):
			d.problem(Error, join(n.at, "host"), "server-host", "%q has a path: that is the member pathname", host)
		}
		d.braces(n, host+" "+pathname, "variables", "host and pathname")
	})
	d.each("variable", func(n *node) { d.choices(n) })
	d.each("parameter", func(n *node) { d.choices(n) })
}

// braces compares the names in braces with what is declared.
func (d *document) braces(n *node, text, member, of string) {
	declared := object(n.value[member])
	seen := map[string]bool{}
	for _, m := range inBraces.FindAllStringSubmatch(text, -1) {
		seen[m[1]] = true
		if _, ok := declared[m[1]]; !ok {
			d.problem(Error, n.at, "undeclared-parameter", "{%s} stands in the %s and is not among the %s", m[1], of, member)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !seen[name] {
			d.problem(Error, join(n.at, member, name), "unused-parameter", "{%s} does not stand in the %s", name, of)
		}
	}
}

// choices checks default and examples against the enum beside them.
func (d *document) choices(n *node) {
	enum := texts(n.value["enum"])
	if len(enum) == 0 {
		return
	}
	if s, ok := n.value["default"].(string); ok && !slices.Contains(enum, s) {
		d.problem(Error, join(n.at, "default"), "example", "%q is not one of %s", s, short(n.value["enum"]))
	}
	for i, s := range texts(n.value["examples"]) {
		if !slices.Contains(enum, s) {
			d.problem(Error, join(n.at, "examples", strconv.Itoa(i)), "example", "%q is not one of %s", s, short(n.value["enum"]))
		}
	}
}

// security checks that scopes are ones that the scheme has.
func (d *document) security() {
	d.each("security scheme", func(n *node) {
		available := map[string]bool{}
		flows := object(n.value["flows"])
		for _, flow := range flows {
			for name := range object(object(flow)["availableScopes"]) {
				available[name] = true
			}
		}
		for i, scope := range texts(n.value["scopes"]) {
			if flows != nil && !available[scope] {
				d.problem(Error, join(n.at, "scopes", strconv.Itoa(i)), "security-scope", "the scope %q is in none of the flows", scope)
			}
		}
	})
}

// addresses checks channels' addresses and their parameters.
func (d *document) addresses() {
	d.each("channel", func(n *node) {
		address, _ := n.value["address"].(string)
		bare := inBraces.ReplaceAllString(address, "x")
		switch {
		case strings.ContainsAny(bare, "?#"):
			d.problem(Error, join(n.at, "address"), "address", "%q has a query or a fragment: a query belongs into the bindings", address)
		case strings.ContainsAny(bare, "{}"):
			d.problem(Error, join(n.at, "address"), "address", "%q has a brace that has no other", address)
		}
		d.braces(n, address, "parameters", "address")
	})
}

// topics checks our extension of channels.
func (d *document) topics() {
	d.each("topic", func(n *node) {
		pattern, ok := n.value["pattern"].(string)
		if _, named := n.value["name"].(string); !ok || !named {
			d.problem(Error, n.at, "topic", "a topic must have the strings name and pattern")
			return
		}
		var inPattern []string
		for _, m := range inBraces.FindAllStringSubmatch(pattern, -1) {
			inPattern = append(inPattern, m[1])
		}
		declared := texts(n.value["parameters"])
		for i, name := range declared {
			if !slices.Contains(inPattern, name) {
				d.problem(Error, join(n.at, "parameters", strconv.Itoa(i)), "topic", "the pattern %q has no {%s}", pattern, name)
			}
		}
		for _, name := range inPattern {
			if !slices.Contains(declared, name) {
				d.problem(Error, n.at, "topic", "{%s} of the pattern is not among the parameters", name)
			}
		}
		for name := range object(n.value["parameterSchemas"]) {
			if !slices.Contains(declared, name) {
				d.problem(Error, join(n.at, "parameterSchemas", name), "topic", "there is no parameter %q", name)
			}
		}
	})
}
