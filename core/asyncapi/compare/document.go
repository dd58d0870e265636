package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// said is what an object says to people, by member.
type said map[string]any

// words compares what two objects say to people.
func (c *comparer) words(old, now jsontext.Pointer, in string, a, b said) {
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if jsonText(a[name]) != jsonText(b[name]) {
			changed = append(changed, name)
		}
	}
	if changed != nil {
		c.add(Documentation, old, now, in, "another %s", strings.Join(changed, ", "))
	}
}

// jsonText is a value in JSON, the same for the same value.
func jsonText(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (c *comparer) info() {
	a, b := c.old.document, c.now.document
	c.words("", "", "", said{"asyncapi": a.AsyncAPI}, said{"asyncapi": b.AsyncAPI})
	saidBy := func(i spec.Info) said {
		return said{
			"title": i.Title, "version": i.Version, "description": i.Description, "termsOfService": i.TermsOfService,
			"contact": i.Contact, "license": i.License, "tags": i.Tags, "externalDocs": i.ExternalDocs, "extensions": i.Extensions,
		}
	}
	c.words("/info", "/info", "", saidBy(a.Info), saidBy(b.Info))
}

// current is the id of a server that the document has from the request for it,
// which is another one for everybody who asks.
const current = "current"

// servers compares where the API is served.
func (c *comparer) servers() {
	olds, news := serversOf(c.old.document), serversOf(c.now.document)
	if len(olds) == 0 || len(news) == 0 {
		return // it is not said
	}
	for _, url := range slices.Sorted(maps.Keys(olds)) {
		id, a := olds[url], c.old.document.Servers[olds[url]]
		match, ok := news[url]
		if !ok {
			c.add(Breaking, pointer("servers", id), "", "", "the API is not served at %s any more", url)
			continue
		}
		b := c.now.document.Servers[match]
		old, now := pointer("servers", id), pointer("servers", match)
		c.security(old, now, "", needed(a.Security, false), needed(b.Security, false))
		if jsonText(a.Variables) != jsonText(b.Variables) {
			c.add(Breaking, old, now, "", "the server has other variables: other addresses may be meant")
		}
		c.words(old, now, "", saidByServer(a), saidByServer(b))
	}
	for _, url := range slices.Sorted(maps.Keys(news)) {
		if _, ok := olds[url]; !ok {
			c.add(Compatible, "", pointer("servers", news[url]), "", "the API is served at %s, too", url)
		}
	}
}

func saidByServer(s *spec.Server) said {
	return said{"title": s.Title, "summary": s.Summary, "description": s.Description, "tags": s.Tags, "externalDocs": s.ExternalDocs}
}

// serversOf returns the ids of servers by their URLs.
func serversOf(d *spec.Document) map[string]string {
	urls := map[string]string{}
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(d.Servers))) {
		if s := d.Servers[id]; id != current {
			urls[fmt.Sprintf("%s://%s%s", s.Protocol, s.Host, s.Pathname)] = id
		}
	}
	return urls
}

// security is what of a client is asked.
type security struct {
	schemes  map[string]bool // one is enough, each described
	optional bool
}

func needed(schemes []spec.SecurityScheme, optional bool) security {
	s := security{map[string]bool{}, optional}
	for _, x := range schemes {
		s.schemes[describeScheme(&x)] = true
	}
	return s
}

func describeScheme(s *spec.SecurityScheme) string {
	var text string
	switch s.Type {
	case "http":
		text = fmt.Sprintf("%s authentication", s.Scheme)
	case "httpApiKey":
		text = fmt.Sprintf("a key in the %s %q", strings.Replace(s.In, "query", "query's parameter", 1), s.Name)
	default:
		text = fmt.Sprintf("the security scheme %s", strings.TrimSpace(s.Type+" "+cmp.Or(s.Name, s.OpenIDConnectURL)))
	}
	if len(s.Scopes) > 0 {
		text += " with the scopes " + strings.Join(slices.Sorted(slices.Values(s.Scopes)), ", ")
	}
	return text
}

// security compares what is asked of clients.
func (c *comparer) security(old, now jsontext.Pointer, in string, a, b security) {
	switch {
	case len(a.schemes) == 0 && len(b.schemes) == 0:
		return
	case len(b.schemes) == 0:
		c.add(Compatible, old, now, in, "clients need no credentials any more")
		return
	case len(a.schemes) == 0 && !b.optional:
		c.add(Breaking, old, now, in, "clients need credentials now: %s", strings.Join(slices.Sorted(maps.Keys(b.schemes)), " or "))
		return
	}
	for _, scheme := range slices.Sorted(maps.Keys(a.schemes)) {
		if !b.schemes[scheme] {
			c.add(Breaking, old, now, in, "%s is not taken any more", scheme)
		}
	}
	for _, scheme := range slices.Sorted(maps.Keys(b.schemes)) {
		if !a.schemes[scheme] {
			c.add(Compatible, old, now, in, "%s is taken, too", scheme)
		}
	}
	if a.optional && !b.optional && len(a.schemes) > 0 {
		c.add(Breaking, old, now, in, "credentials are not optional any more")
	} else if b.optional && !a.optional && len(a.schemes) > 0 {
		c.add(Compatible, old, now, in, "credentials are optional now")
	}
}
