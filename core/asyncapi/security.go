package asyncapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

const (
	schemesPrefix  = "#/components/securitySchemes/"
	bearerProtocol = "bearer.*"
)

// key is where an authenticator looks for a token.
type key struct{ in, name string }

// keysOf are the places where an authenticator looks, nil for none.
func keysOf(a *chanx.AuthenticatorInfo) []key {
	if a == nil {
		return nil
	}
	all := []key{{"header", a.Header}, {"cookie", a.Cookie}, {"query", a.Query}}
	return slices.DeleteFunc(all, func(k key) bool { return k.name == "" })
}

// id is what the scheme of a key is called, unless another one is.
func (k key) id() string {
	if k.bearer() {
		return "bearer"
	}
	return k.in + "_" + strings.Map(func(r rune) rune {
		if r == '.' || r == '-' {
			return '_'
		}
		return clean(r)
	}, strings.ToLower(k.name))
}

func (k key) bearer() bool { return k == key{"header", "Authorization"} }

// scheme is how the document says it.
func (k key) scheme() *spec.SecurityScheme {
	if k.bearer() {
		return &spec.SecurityScheme{Type: "http", Scheme: "bearer", Description: "A token, or the subprotocol `bearer.<token>`"}
	}
	return &spec.SecurityScheme{Type: "httpApiKey", In: k.in, Name: k.name}
}

// security finds out what clients have to bring to each channel. A scheme of the
// options takes the place of one that would have its id.
func (g *generator) security() error {
	schemes := maps.Clone(g.options.SecuritySchemes)
	if schemes == nil {
		schemes = map[string]*spec.SecurityScheme{}
	}
	ids := g.keyIDs()
	for _, s := range g.inOrder() {
		for _, id := range s.Doc.Security {
			if g.options.SecuritySchemes[id] == nil {
				return fmt.Errorf("consumer %q names the security scheme %q: Options.SecuritySchemes has none of that name", s.Consumer, id)
			}
			s.require(id)
		}
		for _, k := range keysOf(s.Authenticator) {
			id := ids[k]
			if schemes[id] == nil {
				schemes[id] = k.scheme()
			}
			s.require(id)
		}
	}
	if len(schemes) > 0 {
		g.document.Components.SecuritySchemes = schemes
	}
	for _, id := range slices.Sorted(maps.Keys(g.options.Servers)) {
		for _, security := range g.options.Servers[id].Security {
			if name, ok := strings.CutPrefix(security.Ref, schemesPrefix); security.Ref != "" && (!ok || schemes[name] == nil) {
				return fmt.Errorf("the server %q refers to the security scheme %q, which is not in the document: Options.SecuritySchemes may have it", id, security.Ref)
			}
		}
	}
	return nil
}

// keyIDs gives each key an id of its own.
func (g *generator) keyIDs() map[key]string {
	ids, taken := map[key]string{}, map[string]bool{}
	var keys []key
	for _, s := range g.sources {
		keys = append(keys, keysOf(s.Authenticator)...)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.in, b.in), cmp.Compare(a.name, b.name)) })
	for _, k := range slices.Compact(keys) {
		ids[k] = plainStyle.own(k.id(), taken)
	}
	return ids
}

// require adds a scheme to those of which a client needs one.
func (s *source) require(id string) {
	ref := spec.SecurityScheme{Ref: schemesPrefix + id}
	if !slices.ContainsFunc(s.security, func(other spec.SecurityScheme) bool { return other.Ref == ref.Ref }) {
		s.security = append(s.security, ref)
	}
}

// subprotocols are those that the consumer accepts.
func (s *source) subprotocols() []string {
	all := slices.Clone(s.Subprotocols)
	if s.Authenticator != nil && !slices.Contains(all, bearerProtocol) {
		all = append(all, bearerProtocol)
	}
	return all
}

// letsInNobody reports whether who brings nothing is let in, as nobody.
func (s *source) letsInNobody() bool {
	return s.Authenticator != nil && s.Authenticator.Optional && len(s.Doc.Security) == 0
}
