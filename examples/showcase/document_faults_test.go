package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// faults are what is wrong with the sample's document. Each returns where.
var faults = map[string]func(d document) []string{
	"a frame that matches two messages": func(d document) (at []string) {
		for way, messages := range d.ways() {
			for i, a := range messages {
				for _, b := range messages[:i] {
					if !d.requires(a, "action") && !d.requires(b, "action") || d.action(a) == d.action(b) {
						at = append(at, way+": "+d.action(a)+" and "+d.action(b))
					}
				}
			}
		}
		return at
	},
	"members beside a reference": func(d document) []string { return besideRefs(nil, "#", map[string]any(d)) },
	"a message without name, title or content type": func(d document) (at []string) {
		for id, v := range d.at("#/components/messages") {
			m := v.(map[string]any)
			if m["name"] == nil || m["title"] == nil || m["contentType"] == nil {
				at = append(at, id)
			}
		}
		return at
	},
	"a channel without the frame for errors": func(d document) (at []string) {
		for id, v := range d.at("#/channels") {
			messages := slices.Collect(maps.Values(v.(map[string]any)["messages"].(map[string]any)))
			if !slices.ContainsFunc(messages, func(m any) bool { return d.action(m) == "error" }) {
				at = append(at, id)
			}
		}
		return at
	},
	"a reply that nothing tells whose it is": func(d document) (at []string) {
		for id, op := range d.operations() {
			for _, m := range append(slices.Clone(op.received), op.sent...) {
				if op.received != nil && d.deref(m)["correlationId"] == nil {
					at = append(at, id)
				}
			}
		}
		return at
	},
	"a frame of a topic that can't name it": func(d document) (at []string) {
		for id, v := range d.at("#/channels") {
			channel := v.(map[string]any)
			for _, m := range channel["messages"].(map[string]any) {
				properties := d.deref(d.deref(m)["payload"])["properties"].(map[string]any)
				if channel["x-topic"] != nil && properties["topic"] == nil {
					at = append(at, id+": "+d.action(m))
				}
			}
		}
		return at
	},
	"an id that depends on what else there is": func(d document) (at []string) {
		for id, op := range d.operations() {
			messages := op.received
			if messages == nil {
				messages = op.sent
			}
			if plain := op.channel + "." + d.action(messages[0]); id != plain && id != plain+".send" && id != plain+".refresh" {
				at = append(at, id)
			}
		}
		return at
	},
	"a text that says nothing": func(d document) (at []string) {
		for id, v := range d.at("#/operations") {
			op := v.(map[string]any)
			if op["summary"] == "" || op["description"] == "" {
				at = append(at, id)
			}
		}
		return at
	},
	"a handshake that nothing is said of": func(d document) (at []string) {
		for id, v := range d.at("#/channels") {
			if v.(map[string]any)["bindings"] == nil {
				at = append(at, id)
			}
		}
		return at
	},
	"a server that is nowhere": func(d document) (at []string) {
		for id, v := range d.at("#/servers") {
			if v.(map[string]any)["host"] == "testserver" {
				at = append(at, id)
			}
		}
		return at
	},
}

// ways are the messages that go one way on a channel.
func (d document) ways() map[string][]any {
	refs := map[string]map[string]any{}
	add := func(way string, messages []any) {
		if refs[way] == nil {
			refs[way] = map[string]any{}
		}
		for _, m := range messages {
			refs[way][refOf(m)] = m
		}
	}
	for _, op := range d.operations() {
		add("to "+op.channel, op.received)
		add("from "+op.channel, op.sent)
	}
	ways := map[string][]any{}
	for way, messages := range refs {
		ways[way] = slices.Collect(maps.Values(messages))
	}
	return ways
}

// requires reports whether a message can't be without a member.
func (d document) requires(message any, member string) bool {
	required, _ := d.deref(d.deref(message)["payload"])["required"].([]any)
	return slices.Contains(required, any(member))
}

// besideRefs appends the places of references that have company.
func besideRefs(at []string, place string, value any) []string {
	switch v := value.(type) {
	case []any:
		for i, x := range v {
			at = besideRefs(at, fmt.Sprintf("%s/%d", place, i), x)
		}
	case map[string]any:
		if v["$ref"] != nil && len(v) > 1 {
			at = append(at, place)
		}
		for name, x := range v {
			at = besideRefs(at, place+"/"+name, x)
		}
	}
	return at
}

// The sample has every one of these faults, which shows that they are found, and
// the showcase has none.
func TestNoFaultOfTheSample(t *testing.T) {
	text, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	sample, ours := parsed(t, text), parsed(t, []byte(written(t, "chi")))
	for fault, find := range faults {
		if len(find(sample)) == 0 {
			t.Errorf("%s: the sample has it, and it was not found there", fault)
		}
		if at := find(ours); len(at) > 0 {
			slices.Sort(at)
			t.Errorf("%s: %q", fault, at)
		}
	}
}
