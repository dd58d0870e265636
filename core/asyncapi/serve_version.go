package asyncapi

import (
	"sync"

	"github.com/chanx-go/chanx/core/asyncapi/spec"
)

// maxVersions bounds the versions that are kept: requests may name any host.
const maxVersions = 16

// versions are the document as it is at several origins.
type versions struct {
	document func() (*spec.Document, error)

	mu   sync.Mutex
	made map[origin]version
	next int                 // of order, to give way
	kept [maxVersions]origin // the keys of made, the oldest at next once it is full
}

// version is the document at one origin. Either format is made when it is first
// asked for.
type version struct {
	json, yaml func() (*content, error)
}

func (v version) asJSON() (*content, error) { return v.json() }
func (v version) asYAML() (*content, error) { return v.yaml() }

// at returns the version of an origin.
func (vs *versions) at(o origin) version {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v, ok := vs.made[o]; ok {
		return v
	}
	if vs.made == nil {
		vs.made = map[origin]version{}
	}
	if len(vs.made) == maxVersions {
		delete(vs.made, vs.kept[vs.next])
	}
	v := vs.newVersion(o)
	vs.made[o], vs.kept[vs.next] = v, o
	vs.next = (vs.next + 1) % maxVersions
	return v
}

func (vs *versions) newVersion(o origin) version {
	text := sync.OnceValues(func() ([]byte, error) {
		d, err := vs.document()
		if err != nil {
			return nil, err
		}
		return encode(o.in(d))
	})
	return version{
		json: sync.OnceValues(func() (*content, error) {
			json, err := text()
			if err != nil {
				return nil, err
			}
			return newContent(contentType, json), nil
		}),
		yaml: sync.OnceValues(func() (*content, error) {
			json, err := text()
			if err != nil {
				return nil, err
			}
			yaml, err := spec.YAML(json)
			if err != nil {
				return nil, err
			}
			return newContent("application/yaml", yaml), nil
		}),
	}
}
