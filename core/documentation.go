package chanx

import (
	stdjson "encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
)

// Doc is what the documentation says of a consumer, a topic or a message. What is
// wrong with one panics at registration.
type Doc struct {
	Summary     string // one line
	Description string // Markdown
	Tags        []string
	Deprecated  bool // of a message
	// ExternalDocs is where more is written; nil for nowhere.
	ExternalDocs *Link
	// Extensions are further members in the document, for its readers and tools. Their
	// names begin with "x-", and their values are what JSON can say.
	Extensions map[string]any
	// Security names what a consumer's clients have to bring where middleware of the
	// framework asks for it: schemes of the options of the document. One of those named
	// is enough. What an [Authenticator] reads is documented without that.
	Security []string
}

// Link is where more is written.
type Link struct {
	URL         string // absolute
	Description string // Markdown
}

// extensionName is what extensions may be called.
var extensionName = regexp.MustCompile(`^x-[A-Za-z0-9_.-]+$`)

// ownExtensions are those that the documentation has already.
var ownExtensions = []string{"x-topic", "x-subprotocols", "x-security-optional"}

// checked returns the doc of a consumer or a topic as it is from now on, or panics
// with what is wrong with it.
func (d Doc) checked(title string) Doc {
	d.Tags, d.Security = slices.Clone(d.Tags), slices.Clone(d.Security)
	if d.ExternalDocs != nil {
		link := *d.ExternalDocs
		link.mustBeValid(title)
		d.ExternalDocs = &link
	}
	d.Extensions = maps.Clone(d.Extensions)
	for name, value := range d.Extensions {
		d.Extensions[name] = extension(title, name, value)
	}
	return d
}

// mustBeValid panics where a link leads nowhere.
func (l *Link) mustBeValid(title string) {
	if u, err := url.Parse(l.URL); err != nil || !u.IsAbs() {
		panic(fmt.Sprintf("chanx: %s: the documentation refers to %q: give a whole URL, such as https://example.com/docs", title, l.URL))
	}
}

// extension is the JSON of an extension's value.
func extension(title, name string, value any) stdjson.RawMessage {
	switch {
	case !extensionName.MatchString(name):
		panic(fmt.Sprintf(`chanx: %s: an extension can't be called %q: its name is "x-" with letters, digits, ".", "-" or "_" behind`, title, name))
	case slices.Contains(ownExtensions, name):
		panic(fmt.Sprintf("chanx: %s: the documentation has an extension %q of its own: choose another name", title, name))
	}
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("chanx: %s: the value of the extension %q can't be written as JSON: %v", title, name, err))
	}
	return text
}
