package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// operations checks that operations and replies have messages of their channels,
// and that no two are the same.
func (d *document) operations() {
	seen := map[string]string{}
	d.each("operation", func(n *node) {
		if !strings.HasPrefix(n.at, "/operations/") {
			return
		}
		own := d.messagesOf(n)
		if reply := d.at(join(n.at, "reply")); reply != nil && reply.kind == "reply" {
			d.messagesOf(reply)
		}
		channel, _ := object(n.value["channel"])["$ref"].(string)
		slices.Sort(own)
		meaning := fmt.Sprint(n.value["action"], " ", channel, " ", own)
		if other, ok := seen[meaning]; ok && channel != "" {
			d.problem(Warning, n.at, "duplicate-operation", "%q does the same: it has the same action, channel and messages", other)
		}
		seen[meaning] = strings.TrimPrefix(n.at, "/operations/")
	})
}

// messagesOf returns the places of the messages that an operation or a reply lists,
// and checks that they are the channel's.
func (d *document) messagesOf(n *node) []string {
	channel := d.at(join(n.at, "channel"))
	if ref, _ := object(n.value["channel"])["$ref"].(string); strings.HasPrefix(ref, "#/components/") {
		d.problem(Error, join(n.at, "channel"), "operation-channel", "%q must be one of the document's channels, not of its components", ref)
	}
	var found []string
	list, _ := n.value["messages"].([]any)
	for i, m := range list {
		ref, _ := object(m)["$ref"].(string)
		at, _, ok := d.locate(ref)
		if !ok {
			continue
		}
		found = append(found, at)
		if channel != nil && !isMessageOf(at, channel.at) {
			d.problem(Error, join(n.at, "messages", strconv.Itoa(i)), "foreign-message", "%q is not a message of the channel %q: write #%s/messages/…", ref, channel.at, channel.at)
		}
	}
	return found
}

func isMessageOf(at, channel string) bool {
	name, ok := strings.CutPrefix(at, channel+"/messages/")
	return ok && !strings.Contains(name, "/")
}

// correlations checks that what tells whose answer a message is, is in the message.
func (d *document) correlations() {
	d.each("message", func(n *node) {
		id := d.at(join(n.at, "correlationId"))
		if id == nil || id.kind != "correlation id" {
			return
		}
		location, _ := id.value["location"].(string)
		source, pointer, _ := strings.Cut(location, "#")
		member := map[string]string{"$message.payload": "payload", "$message.header": "headers"}[source]
		if member == "" {
			return
		}
		if schema := d.at(join(n.at, member)); schema != nil && schema.kind == "schema" && !d.mayHave(schema, pointer, maxHops) {
			d.problem(Error, join(n.at, "correlationId"), "correlation-location", "%s is not in the schema of the %s", location, member)
		}
	})
}

// mayHave reports whether a schema knows the member that a pointer names, or says
// nothing of members.
func (d *document) mayHave(schema *node, pointer string, depth int) bool {
	if pointer == "" || pointer == "/" || schema == nil || depth == 0 {
		return true
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	if rest != "" {
		rest = "/" + rest
	}
	v := schema.value
	if _, ok := object(v["properties"])[unescaper.Replace(name)]; ok {
		return d.mayHave(d.at(join(schema.at, "properties", unescaper.Replace(name))), rest, depth-1)
	}
	if v["patternProperties"] != nil || object(v["additionalProperties"]) != nil || v["items"] != nil {
		return true
	}
	says := v["properties"] != nil || v["additionalProperties"] == false
	for _, part := range d.inPlace(schema) {
		part = d.follow(part)
		if part == nil || d.mayHave(part, pointer, depth-1) {
			return true
		}
		says = true
	}
	return !says
}
