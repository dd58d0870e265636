// Package chanxfiber mounts chanx consumers on fiber apps and groups.
//
//	app := fiber.New()
//	app.Use(logger.New(), recover.New())
//	chanxfiber.Handle(app.Group("/ws"), "/rooms/:room", chat, nil)
//
// Authentication middleware runs on the upgrade request as on any other. What a
// connection needs of the [fiber.Ctx], which fiber uses again for others, strings
// and all, is copied: the request, the path's values, the identity. The values of
// its UserContext are there for the connection's whole life, under conn.Context();
// its Locals are not, since a password may lie there.
package chanxfiber

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"

	chanx "github.com/chanx-go/chanx/core"
	"github.com/gofiber/fiber/v2"
)

// Options configure a mounted consumer. nil means the defaults.
type Options struct {
	// Identity finds out who the client is, from the context as the middleware
	// left it, for [chanx.Identity]. An error refuses the handshake: a
	// [*chanx.Error] with the status of its reason, any other with 500. The
	// context, and what it has, must not be kept; a string that is returned is
	// copied, in a [chanx.Credential] too. One in a struct is not: that is for
	// strings.Clone, or it would be another client's before long.
	//
	// nil means the local "user", where fiber's JWT middleware leaves the token,
	// else "username", where basicauth leaves the name, else nobody. No other local
	// reaches the connection.
	Identity func(*fiber.Ctx) (any, error)

	// Prefix is the path in front of the router that fiber doesn't know: that of a
	// proxy that takes it off, or the one under which App.Mount mounts an app.
	// Parameters in it stand in braces. It completes the address that is
	// documented.
	Prefix string

	// ErrorHandler answers a handshake that is refused, in the app's own way.
	// Headers such as Retry-After are set. The error's text is for the client, and
	// errors.As finds a [*fiber.Error] with the status in it, and the
	// [*chanx.Error], if it is one. To leave the answer to the app's own handler,
	// return the error. nil means the answer of [chanx.Refusal], in JSON.
	ErrorHandler fiber.ErrorHandler
}

// Handle mounts a consumer at a path of an app or a group, in fiber's syntax:
// "/rooms/:room", "/users/:id<int>", "/flights/:from-:to", or "/files/*", whose
// rest is the parameter "path". An optional parameter that is not there is "".
//
// It panics where the consumer can't be mounted there; see [chanx.Mount].
func Handle(r fiber.Router, path string, consumer chanx.Mountable, opts *Options) {
	h := &handler{}
	if opts != nil {
		h.options = *opts
	}
	if h.options.Identity == nil {
		h.options.Identity = usual
	}
	prefix := ""
	if group, ok := r.(*fiber.Group); ok {
		prefix = group.Prefix
	}
	var address string
	address, h.renamed = parse(prefix, path)
	h.endpoint = chanx.Mount(consumer, h.options.Prefix+address)
	r.Get(path, h.serve)
}

// usual is who the usual middleware has found.
func usual(c *fiber.Ctx) (any, error) {
	for _, key := range []string{"user", "username"} {
		if who := c.Locals(key); who != nil {
			return who, nil
		}
	}
	return nil, nil
}

// handler serves one mounted consumer.
type handler struct {
	endpoint *chanx.Endpoint
	options  Options
	renamed  map[string]string // name in the address → name in the path, where they differ

	located   sync.Once
	misplaced error
}

func (h *handler) serve(c *fiber.Ctx) error {
	rc := c.Context()
	id := rc.ID()
	r, err := request(c)
	if err != nil {
		return h.refuse(c, err)
	}
	misplaced := h.locate(c.Route())
	session, err := h.endpoint.Open(&chanx.Handshake{
		Request:   r,
		PathValue: func(name string) string { return h.pathValue(c, name) },
		Identify: func() (any, error) {
			if misplaced != nil {
				return nil, misplaced
			}
			return h.identify(c)
		},
	})
	var u *upgrade
	if err == nil {
		u, err = accept(session)
	}
	if c.Context() != rc || rc.ID() != id {
		// A middleware has answered for us, and did not wait: this is another's
		// request by now.
		u.discard(errAbandoned)
		return errAbandoned
	}
	if err == nil {
		err = u.prepare(c, r)
	}
	if err != nil {
		return h.refuse(c, err)
	}
	return nil
}

// identify returns who the client is.
func (h *handler) identify(c *fiber.Ctx) (any, error) {
	who, err := h.options.Identity(c)
	return copied(who), err
}

// copied is an identity that is no string in fiber's memory, of whatever type.
func copied(who any) any {
	switch who := who.(type) {
	case chanx.Credential:
		who.Identity, who.Subject = copied(who.Identity), strings.Clone(who.Subject)
		return who
	case *chanx.Credential:
		if who != nil {
			return copied(*who)
		}
	}
	if v := reflect.ValueOf(who); v.Kind() == reflect.String {
		return reflect.ValueOf(strings.Clone(v.String())).Convert(v.Type()).Interface()
	}
	return who
}

// locate gives the endpoint its whole address at the first request, where an app
// around the router's has mounted that one.
func (h *handler) locate(route *fiber.Route) error {
	h.located.Do(func() {
		address, _ := parse("", route.Path)
		if strings.Count(address, "{") != len(route.Params) {
			h.misplaced = fmt.Errorf("chanxfiber: fiber mixes up the values of the parameters in %q, as App.Mount has a prefix with some: use Group there", route.Path)
		} else if h.options.Prefix == "" && !strings.EqualFold(address, h.endpoint.Path()) {
			h.misplaced = h.endpoint.SetPath(address)
		}
	})
	return h.misplaced
}

// pathValue returns the decoded value of a parameter: fiber leaves it as it stands
// in the URL, unless it is configured to decode the path.
func (h *handler) pathValue(c *fiber.Ctx, name string) string {
	if other, ok := h.renamed[name]; ok {
		name = other
	}
	value := c.Params(name)
	if route := c.Route(); value != "" && name == route.Params[len(route.Params)-1] && strings.HasSuffix(c.Path(), "/") &&
		!strings.HasSuffix(value, "/") && strings.ContainsAny(route.Path[len(route.Path)-1:], "*+") {
		value += "/" // which fiber has taken off, as its routing is not strict
	}
	if c.App().Config().UnescapePath {
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// refuse answers a handshake that is not upgraded.
func (h *handler) refuse(c *fiber.Ctx, err error) error {
	status, header, body := chanx.Refusal(err)
	if h.options.ErrorHandler != nil {
		header.Del("Content-Type")
	}
	for name := range header {
		c.Set(name, header.Get(name))
	}
	if h.options.ErrorHandler == nil {
		return c.Status(status).Send(body)
	}
	message := strings.TrimSpace(string(body))
	if e, ok := errors.AsType[*chanx.Error](err); ok {
		message = cmp.Or(e.Detail, string(e.Reason))
	}
	return h.options.ErrorHandler(c, &refusal{fiber.NewError(status, message), err})
}

// refusal is what an ErrorHandler gets. Its text is for the client.
type refusal struct {
	status *fiber.Error
	cause  error
}

func (r *refusal) Error() string   { return r.status.Message }
func (r *refusal) Unwrap() []error { return []error{r.status, r.cause} }

// request copies the handshake.
func request(c *fiber.Ctx) (*http.Request, error) {
	rc := c.Context()
	r := &http.Request{
		Method:     string(rc.Method()),
		Proto:      string(rc.Request.Header.Protocol()),
		Header:     http.Header{},
		Body:       http.NoBody,
		Host:       string(rc.Host()),
		RemoteAddr: rc.RemoteAddr().String(),
		RequestURI: string(rc.RequestURI()),
		TLS:        rc.TLSConnectionState(),
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	rc.Request.Header.VisitAll(func(name, value []byte) { r.Header.Add(string(name), string(value)) })
	r.Header.Del("Host") // it is a field of its own
	var err error
	if r.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
		return nil, chanx.Errorf(chanx.Malformed, "the request's URL is malformed")
	}
	return r.WithContext(c.UserContext()), nil
}
