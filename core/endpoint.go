package chanx

import (
	"fmt"
	"regexp"
	"slices"
)

// Endpoint is a consumer that is mounted at an address. Adapters make one with
// [Mount] and serve handshakes with [Endpoint.ServeHTTP], [Endpoint.Upgrade], or
// [Endpoint.Open] where the framework has a WebSocket of its own.
type Endpoint struct {
	hub      *Hub
	consumer *consumer
	path     string
	names    []string // of the path's parameters
}

var pathParam = regexp.MustCompile(`\{([^{}]*)\}`)

// Mount records that a consumer is served at an address, such as
// "/rooms/{room}": parameters in braces, whatever the framework's own way of
// writing them, with the prefixes of groups in front. It freezes the consumer's
// handlers.
//
// It panics where the address is taken, the consumer is mounted already, or the
// address lacks a parameter that the consumer's [Params] name.
func Mount(m Mountable, address string) *Endpoint {
	c := m.mountable()
	e := &Endpoint{hub: c.hub, consumer: c, path: cleanPath(address)}
	for _, match := range pathParam.FindAllStringSubmatch(e.path, -1) {
		if match[1] == "" || slices.Contains(e.names, match[1]) {
			panic(fmt.Sprintf("chanx: the address %q has a parameter without a name, or two of one name", address))
		}
		e.names = append(e.names, match[1])
	}
	if c.params != nil {
		for _, want := range c.params.pathNames() {
			if !slices.Contains(e.names, want) {
				panic(fmt.Sprintf("chanx: the address %q has no parameter {%s}, which %v of consumer %q reads", address, want, c.params.goType, c.name))
			}
		}
	}
	c.hub.mount(e)
	return e
}

// mount adds an endpoint to the hub.
func (h *Hub) mount(e *Endpoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.consumer.endpoint != nil {
		panic(fmt.Sprintf("chanx: consumer %q is mounted already, at %q: make another consumer for %q", e.consumer.name, e.consumer.endpoint.path, e.path))
	}
	if other := h.at(e.path); other != nil {
		panic(fmt.Sprintf("chanx: the address %q is taken by consumer %q: consumer %q needs another", e.path, other.consumer.name, e.consumer.name))
	}
	e.consumer.endpoint = e
	e.consumer.frozen.Store(true)
	h.endpoints = append(h.endpoints, e)
}

func (h *Hub) at(path string) *Endpoint {
	for _, e := range h.endpoints {
		if e.path == path {
			return e
		}
	}
	return nil
}

// SetPath replaces the address, for routers that learn it only after the
// endpoint was mounted, as sub-routers do. It must have the same parameters.
func (e *Endpoint) SetPath(address string) {
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	e.path = cleanPath(address)
}

// Path returns the address, with parameters in braces.
func (e *Endpoint) Path() string {
	e.hub.mu.Lock()
	defer e.hub.mu.Unlock()
	return e.path
}

// Endpoints returns what is mounted, in the order in which it was.
func (h *Hub) Endpoints() []*Endpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.endpoints)
}
