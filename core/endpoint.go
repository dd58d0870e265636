package chanx

import (
	"fmt"
	"regexp"
	"slices"
	"sync/atomic"
)

// Endpoint is a consumer that is mounted at an address. Adapters make one with
// [Mount] and serve handshakes with [Endpoint.ServeHTTP], [Endpoint.Upgrade], or
// [Endpoint.Open] where the framework has a WebSocket of its own.
type Endpoint struct {
	hub      *Hub
	consumer *consumer
	address  atomic.Pointer[address] // written under the hub's mutex
}

// address is where an endpoint is.
type address struct {
	path  string
	names []string // of its parameters
	below bool     // the prefix is not known yet
}

var pathParam = regexp.MustCompile(`\{([^{}]*)\}`)

// methodInFront is what only the patterns of a ServeMux may have.
var methodInFront = regexp.MustCompile(`(^|/)[A-Z]+[ \t]+/`)

// parseAddress says what is wrong with an address.
func parseAddress(path string) (*address, error) {
	if methodInFront.MatchString(path) {
		return nil, fmt.Errorf("chanx: the address %q has a method in it: give the path alone, as a handshake is always a GET", path)
	}
	a := &address{path: cleanPath(path)}
	for _, match := range pathParam.FindAllStringSubmatch(a.path, -1) {
		if match[1] == "" || slices.Contains(a.names, match[1]) {
			return nil, fmt.Errorf("chanx: the address %q has a parameter without a name, or two of one name", path)
		}
		a.names = append(a.names, match[1])
	}
	return a, nil
}

// Mount records that a consumer is served at an address, such as
// "/rooms/{room}": parameters in braces, whatever the framework's own way of
// writing them, with the prefixes of groups in front. It freezes the consumer's
// handlers.
//
// It panics where the address is taken, the consumer is nil or mounted already, or the
// address lacks a parameter that the consumer's [Params] name.
func Mount(m Mountable, address string) *Endpoint { return mount(m, address, false) }

// MountBelow is [Mount] for routers that learn only later under which prefix
// they are themselves: the address is what comes after that, and
// [Endpoint.SetPath] replaces it by the whole one. Until then it may be another
// endpoint's too, and lack parameters.
func MountBelow(m Mountable, address string) *Endpoint { return mount(m, address, true) }

func mount(m Mountable, path string, below bool) *Endpoint {
	var c *consumer
	if m != nil {
		c = m.mountable()
	}
	if c == nil {
		panic(fmt.Sprintf("chanx: the consumer to be mounted at %q is nil: make it with NewConsumer first", path))
	}
	e := &Endpoint{hub: c.hub, consumer: c}
	a, err := parseAddress(path)
	if err != nil {
		panic(err.Error())
	}
	a.below = below
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	if c.endpoint != nil {
		panic(fmt.Sprintf("chanx: consumer %q is mounted already, at %q: make another consumer for %q", c.name, c.endpoint.Path(), a.path))
	}
	if err := e.checkAddress(a); err != nil {
		panic(err.Error())
	}
	for _, t := range c.topics {
		t.freeze(c)
	}
	e.address.Store(a)
	c.endpoint = e
	c.frozen.Store(true)
	c.hub.endpoints = append(c.hub.endpoints, e)
	return e
}

// checkAddress says why an endpoint can't be at a whole address. The hub is
// locked.
func (e *Endpoint) checkAddress(a *address) error {
	if a.below {
		return nil
	}
	c := e.consumer
	if c.alone != nil {
		for _, want := range c.alone.pattern.names {
			if !slices.Contains(a.names, want) {
				return fmt.Errorf("chanx: the address %q has no parameter {%s}, which the pattern %q of topic %q has", a.path, want, c.alone.pattern.text, c.name)
			}
		}
	}
	if c.params != nil {
		for _, want := range c.params.pathNames() {
			if !slices.Contains(a.names, want) {
				return fmt.Errorf("chanx: the address %q has no parameter {%s}, which %v of consumer %q reads", a.path, want, c.params.goType, c.name)
			}
		}
	}
	for _, other := range e.hub.endpoints {
		if there := other.address.Load(); other != e && !there.below && there.path == a.path {
			return fmt.Errorf("chanx: the address %q is taken by consumer %q: consumer %q needs another", a.path, other.consumer.name, c.name)
		}
	}
	return nil
}

// SetPath gives an endpoint of [MountBelow] its whole address. It returns an
// error for an address that Mount would not take; the endpoint keeps the one it
// has then.
func (e *Endpoint) SetPath(address string) error {
	a, err := parseAddress(address)
	if err != nil {
		return err
	}
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	if err := e.checkAddress(a); err != nil {
		return err
	}
	e.address.Store(a)
	return nil
}

// Path returns the address, with parameters in braces.
func (e *Endpoint) Path() string { return e.address.Load().path }

// Endpoints returns what is mounted, in the order in which it was.
func (h *Hub) Endpoints() []*Endpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.endpoints)
}
