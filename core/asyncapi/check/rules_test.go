package check_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// member returns the object at a path; an empty one where there is none.
func member(d map[string]any, path ...string) map[string]any {
	for _, name := range path {
		d, _ = d[name].(map[string]any)
	}
	return d
}

// resolve returns what a reference refers to.
func resolve(d map[string]any, ref string) (any, bool) {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, false
	}
	var at any = d
	for name := range strings.SplitSeq(path, "/") {
		object, _ := at.(map[string]any)
		if at, ok = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]; !ok {
			return nil, false
		}
	}
	return at, true
}

// faults are what is wrong with a document that the official schema lets pass.
func faults(d map[string]any) []string {
	var found []string
	fault := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	walk(d, "#", func(path string, object map[string]any) {
		if ref, ok := object["$ref"].(string); ok {
			if _, ok := resolve(d, ref); !ok {
				fault("%s: %s is not there", path, ref)
			}
			if len(object) > 1 {
				fault("%s has something beside its $ref", path)
			}
		}
		for _, keyword := range []string{"prefixItems", "$defs", "unevaluatedProperties", "unevaluatedItems", "dependentRequired", "dependentSchemas", "minContains", "maxContains", "$dynamicRef", "$anchor"} {
			if _, ok := object[keyword]; ok {
				fault("%s has %s, which draft-07 has not", path, keyword)
			}
		}
	})
	for id := range member(d, "operations") {
		op := member(d, "operations", id)
		foreignMessages(op, "operation "+id, fault)
		if reply := member(op, "reply"); reply != nil {
			foreignMessages(reply, "the reply of "+id, fault)
		}
	}
	for id := range member(d, "channels") {
		parameters(member(d, "channels", id), id, fault)
		ambiguous(d, id, fault)
	}
	return found
}

// walk calls f with every object of a document.
func walk(value any, path string, f func(path string, object map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		f(path, v)
		for name, x := range v {
			walk(x, path+"/"+name, f)
		}
	case []any:
		for i, x := range v {
			walk(x, fmt.Sprint(path, "/", i), f)
		}
	}
}

// foreignMessages finds messages that are not of the channel beside them.
func foreignMessages(of map[string]any, what string, fault func(string, ...any)) {
	channel, _ := member(of, "channel")["$ref"].(string)
	messages, _ := of["messages"].([]any)
	if len(messages) == 0 {
		fault("%s has no messages", what)
	}
	for _, m := range messages {
		if ref, _ := m.(map[string]any)["$ref"].(string); !strings.HasPrefix(ref, channel+"/messages/") {
			fault("%s: the message %q is not of %q", what, ref, channel)
		}
	}
}

var inBraces = regexp.MustCompile(`\{([^{}]*)\}`)

// parameters finds parameters that the address has and the channel has not, and
// the other way around.
func parameters(channel map[string]any, id string, fault func(string, ...any)) {
	address, _ := channel["address"].(string)
	declared := member(channel, "parameters")
	names := inBraces.FindAllStringSubmatch(address, -1)
	for _, name := range names {
		if _, ok := declared[name[1]]; !ok {
			fault("channel %s: the parameter %q of the address is not declared", id, name[1])
		}
	}
	if len(declared) != len(names) {
		fault("channel %s: %d parameters are declared, the address has %d", id, len(declared), len(names))
	}
}

// ambiguous finds messages of a channel that a frame of another one matches:
// all that go the same way must require the same member and each have its own
// constant there.
func ambiguous(d map[string]any, id string, fault func(string, ...any)) {
	seen := map[string]string{}
	for name := range member(d, "channels", id, "messages") {
		ref, _ := member(d, "channels", id, "messages", name)["$ref"].(string)
		target, _ := resolve(d, ref)
		message, _ := target.(map[string]any)
		payload := member(message, "payload")
		required, _ := payload["required"].([]any)
		action := ""
		for property := range member(payload, "properties") {
			constant, ok := member(payload, "properties", property)["const"].(string)
			if ok && slices.Contains(required, any(property)) {
				action = property + "=" + constant
			}
		}
		for _, way := range ways(d, "#/channels/"+id+"/messages/"+name) {
			if other, taken := seen[way+action]; action == "" || taken {
				fault("channel %s: a frame can be %q and %q", id, name, other)
			}
			seen[way+action] = name
		}
	}
}

// ways are those that a message goes: "receive", "send" or both, also where no
// operation says so.
func ways(d map[string]any, ref string) []string {
	var found []string
	for id := range member(d, "operations") {
		op := member(d, "operations", id)
		way, _ := op["action"].(string)
		if refersTo(op, ref) {
			found = append(found, way)
		}
		if refersTo(member(op, "reply"), ref) {
			found = append(found, "send")
		}
	}
	if found == nil {
		return []string{"receive", "send"}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// refersTo reports whether something has that message.
func refersTo(of map[string]any, ref string) bool {
	messages, _ := of["messages"].([]any)
	return slices.ContainsFunc(messages, func(m any) bool { return m.(map[string]any)["$ref"] == ref })
}
