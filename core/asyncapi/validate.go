package asyncapi

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

var (
	extensionName = regexp.MustCompile(`^x-[A-Za-z0-9_.-]+$`)
	componentID   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	inBraces      = regexp.MustCompile(`\{([^{}]*)\}`)
)

// current is the id of the server that a request came to.
const current = "current"

// versions of AsyncAPI that documents can be of, the default first.
var versionsOfAsyncAPI = []string{"3.0.0", "3.1.0"}

// validate says all that is wrong with the options, which may be nil.
func (o *Options) validate() error {
	if o == nil {
		return nil
	}
	var p problems
	if o.AsyncAPI != "" && !slices.Contains(versionsOfAsyncAPI, o.AsyncAPI) {
		p.addf("AsyncAPI is %q: there are %s", o.AsyncAPI, strings.Join(versionsOfAsyncAPI, " and "))
	}
	p.url("TermsOfService", o.TermsOfService)
	if c := o.Contact; c != nil {
		p.url("Contact.URL", c.URL)
		if _, err := mail.ParseAddress(c.Email); c.Email != "" && err != nil {
			p.addf("Contact.Email %q is no address", c.Email)
		}
		p.extensions("Contact", c.Extensions)
	}
	if l := o.License; l != nil {
		if l.Name == "" {
			p.addf("License has no Name")
		}
		p.url("License.URL", l.URL)
		p.extensions("License", l.Extensions)
	}
	p.tags("Tags", o.Tags)
	p.docs("ExternalDocs", o.ExternalDocs)
	for _, id := range slices.Sorted(maps.Keys(o.Servers)) {
		p.server(id, o.Servers[id])
	}
	for _, id := range slices.Sorted(maps.Keys(o.SecuritySchemes)) {
		p.id("SecuritySchemes", id)
		p.scheme(fmt.Sprintf("SecuritySchemes[%q]", id), o.SecuritySchemes[id])
	}
	p.extensions("Options", o.Extensions)
	if p == nil {
		if _, err := encode(o.document()); err != nil {
			p.addf("what is given can't be written: %w", err)
		}
	}
	if p == nil {
		return nil
	}
	return fmt.Errorf("asyncapi: the options are wrong: %w", errors.Join(p...))
}

// problems are what is wrong with options. Each check adds those of one part, which
// it is told the name of.
type problems []error

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// url wants a whole URL where there is one.
func (p *problems) url(where, text string) {
	if u, err := url.Parse(text); text != "" && (err != nil || !u.IsAbs()) {
		p.addf("%s %q is no whole URL, such as https://example.com", where, text)
	}
}

func (p *problems) id(where, id string) {
	if !componentID.MatchString(id) {
		p.addf(`%s has an id %q: one consists of letters, digits, ".", "-" and "_"`, where, id)
	}
}

func (p *problems) extensions(where string, extensions spec.Extensions) {
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if !extensionName.MatchString(name) {
			p.addf(`%s has an extension %q: its name must be "x-" with letters, digits, ".", "-" or "_" behind`, where, name)
		}
	}
}

func (p *problems) docs(where string, docs *spec.ExternalDocs) {
	if docs == nil {
		return
	}
	if docs.URL == "" {
		p.addf("%s has no URL", where)
	}
	p.url(where+".URL", docs.URL)
	p.extensions(where, docs.Extensions)
}

func (p *problems) tags(where string, tags []spec.Tag) {
	for i, tag := range tags {
		at := fmt.Sprintf("%s[%d]", where, i)
		if tag.Name == "" {
			p.addf("%s has no Name", at)
		}
		if slices.ContainsFunc(tags[:i], func(other spec.Tag) bool { return other.Name == tag.Name }) {
			p.addf("%s has two of the name %q", where, tag.Name)
		}
		p.docs(at+".ExternalDocs", tag.ExternalDocs)
		p.extensions(at, tag.Extensions)
	}
}

func (p *problems) server(id string, s *spec.Server) {
	where := fmt.Sprintf("Servers[%q]", id)
	p.id("Servers", id)
	if id == current {
		p.addf("%s is the server that a request came to: choose another id", where)
	}
	switch {
	case s == nil:
		p.addf("%s is nil", where)
		return
	case s.Host == "":
		p.addf("%s has no Host", where)
	case strings.Contains(s.Host, "://"):
		p.addf("%s has the Host %q with a scheme, which is for Protocol: leave it out", where, s.Host)
	case strings.ContainsAny(s.Host, "/?#@ \t\r\n"):
		p.addf("%s has the Host %q, which is more than a name and a port: what comes after is for Pathname", where, s.Host)
	}
	if s.Protocol == "" {
		p.addf(`%s has no Protocol: give "wss" or "ws"`, where)
	}
	if s.Pathname != "" && s.Pathname[0] != '/' {
		p.addf("%s has the Pathname %q, which does not begin with a slash", where, s.Pathname)
	}
	for _, match := range inBraces.FindAllStringSubmatch(s.Host+s.Pathname, -1) {
		if s.Variables[match[1]] == nil {
			p.addf("%s has {%s} in it, and no such variable among Variables", where, match[1])
		}
	}
	for i := range s.Security {
		if s.Security[i].Ref == "" {
			p.scheme(fmt.Sprintf("%s.Security[%d]", where, i), &s.Security[i])
		}
	}
	p.tags(where+".Tags", s.Tags)
	p.docs(where+".ExternalDocs", s.ExternalDocs)
	p.extensions(where, s.Extensions)
}

// membersOfSchemes are those that a security scheme has beside its description, by
// its type: those with an asterisk it must have.
var membersOfSchemes = map[string]string{
	"http":                 "scheme* bearerFormat",
	"httpApiKey":           "name* in*",
	"apiKey":               "in*",
	"oauth2":               "flows* scopes",
	"openIdConnect":        "openIdConnectUrl* scopes",
	"userPassword":         "",
	"X509":                 "",
	"symmetricEncryption":  "",
	"asymmetricEncryption": "",
	"plain":                "",
	"scramSha256":          "",
	"scramSha512":          "",
	"gssapi":               "",
}

// scheme also wants a scheme to have no member that only another type has.
func (p *problems) scheme(where string, s *spec.SecurityScheme) {
	if s == nil {
		p.addf("%s is nil", where)
		return
	}
	members, ok := membersOfSchemes[s.Type]
	if !ok {
		p.addf("%s has the type %q: there are %s", where, s.Type, strings.Join(slices.Sorted(maps.Keys(membersOfSchemes)), ", "))
		return
	}
	has := map[string]bool{
		"scheme": s.Scheme != "", "bearerFormat": s.BearerFormat != "", "name": s.Name != "", "in": s.In != "",
		"flows": len(s.Flows) > 0, "scopes": len(s.Scopes) > 0, "openIdConnectUrl": s.OpenIDConnectURL != "",
	}
	for name := range strings.FieldsSeq(members) {
		name, required := strings.CutSuffix(name, "*")
		if required && !has[name] {
			p.addf("%s of the type %s needs %q", where, s.Type, name)
		}
		delete(has, name)
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if has[name] {
			p.addf("%s of the type %s can't have %q", where, s.Type, name)
		}
	}
	places := map[string][]string{"httpApiKey": {"header", "query", "cookie"}, "apiKey": {"user", "password"}}[s.Type]
	if places != nil && s.In != "" && !slices.Contains(places, s.In) {
		p.addf("%s of the type %s can't be in %q: there are %s", where, s.Type, s.In, strings.Join(places, ", "))
	}
	if s.BearerFormat != "" && s.Scheme != "bearer" {
		p.addf("%s has a bearerFormat, which is for the scheme bearer only", where)
	}
	p.url(where+".OpenIDConnectURL", s.OpenIDConnectURL)
	p.extensions(where, s.Extensions)
}
