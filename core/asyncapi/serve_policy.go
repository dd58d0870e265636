package asyncapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/chanx-go/chanx/core/asyncapi/page"
	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// policyOf is the Content-Security-Policy of a page, which may connect to where it
// came from and to the fixed servers.
func policyOf(p *page.Page, servers map[string]*spec.Server) string {
	sources := map[string]bool{}
	for _, s := range servers {
		if s == nil || s.Protocol != "ws" && s.Protocol != "wss" {
			continue
		}
		for _, host := range hostsOf(s) {
			if host == "" {
				sources[s.Protocol+":"] = true
			} else if isHost(host) {
				sources[s.Protocol+"://"+host] = true
			}
		}
	}
	connect := append([]string{"connect-src", "'self'"}, slices.Sorted(maps.Keys(sources))...)
	return strings.TrimRight(p.Policy, "; ") + "; " + strings.Join(connect, " ")
}

// maxHosts bounds what the variables of one server make of it.
const maxHosts = 50

// hostsOf are the hosts that a server may have, with all values of the variables in
// it. "" stands for any, where one of them can have any value.
func hostsOf(s *spec.Server) []string {
	hosts := []string{strings.ToLower(s.Host)}
	for name, v := range s.Variables {
		written := "{" + strings.ToLower(name) + "}"
		if v == nil || !strings.Contains(hosts[0], written) {
			continue
		}
		if len(v.Enum) == 0 || len(v.Enum)*len(hosts) > maxHosts {
			return []string{""}
		}
		var all []string
		for _, host := range hosts {
			for _, value := range v.Enum {
				all = append(all, strings.ReplaceAll(host, written, strings.ToLower(value)))
			}
		}
		hosts = all
	}
	return hosts
}
