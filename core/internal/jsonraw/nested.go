package jsonraw

import "bytes"

// fewNames is how many names of open objects are remembered without a map.
const fewNames = 64

// walker skips arrays and objects. It remembers where the names of every object
// that is open begin, the innermost object's last.
type walker struct {
	b     []byte
	open  int // how many of names are in use
	names [fewNames]int
}

func skipNested(b []byte, i, depth int) (int, error) {
	w := walker{b: b}
	return w.value(i, depth)
}

func (w *walker) value(i, depth int) (int, error) {
	if i >= len(w.b) {
		return i, fail(i, msgEnd)
	}
	switch w.b[i] {
	case '{':
		return w.object(i, depth+1)
	case '[':
		return w.array(i, depth+1)
	}
	return skipScalar(w.b, i)
}

func (w *walker) array(i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, fail(i, "nested too deeply")
	}
	b := w.b
	if i = SkipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := w.value(i, depth)
		if err != nil {
			return end, err
		}
		i = SkipSpace(b, end)
		switch {
		case i >= len(b):
			return i, fail(i, msgEnd)
		case b[i] == ']':
			return i + 1, nil
		case b[i] != ',':
			return i, fail(i, "expected ',' or ']'")
		}
		i = SkipSpace(b, i+1)
	}
}

func (w *walker) object(i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, fail(i, "nested too deeply")
	}
	b := w.b
	if i = SkipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	set := nameSet{base: w.open}
	for {
		end, err := w.name(i, &set)
		if err != nil {
			return end, err
		}
		if i = SkipSpace(b, end); i >= len(b) {
			return i, fail(i, msgEnd)
		} else if b[i] != ':' {
			return i, fail(i, "expected ':'")
		}
		if end, err = w.value(SkipSpace(b, i+1), depth); err != nil {
			return end, err
		}
		i = SkipSpace(b, end)
		switch {
		case i >= len(b):
			return i, fail(i, msgEnd)
		case b[i] == '}':
			w.open = set.base
			return i + 1, nil
		case b[i] != ',':
			return i, fail(i, "expected ',' or '}'")
		}
		i = SkipSpace(b, i+1)
	}
}

// name skips a name and refuses one that its object already has.
func (w *walker) name(i int, set *nameSet) (int, error) {
	if i >= len(w.b) {
		return i, fail(i, msgEnd)
	}
	if w.b[i] != '"' {
		return i, fail(i, "expected a name in quotes")
	}
	end, escaped, err := SkipString(w.b, i)
	if err != nil {
		return end, err
	}
	if !set.add(w, i, end, escaped) {
		return i, fail(i, msgDuplicate)
	}
	return end, nil
}

// nameSet is the names of one object: those of the walker from base on, or all
// of them in many once the walker has no room left.
type nameSet struct {
	base   int
	filter uint64 // a bit for each hash of a name so far; all of them once one is escaped
	many   map[string]struct{}
}

// add reports whether the name at b[i:end] is new to the object.
func (s *nameSet) add(w *walker, i, end int, escaped bool) bool {
	if s.many != nil {
		return s.addMany(w.b[i:end], escaped)
	}
	token := w.b[i:end]
	bit := ^uint64(0)
	if !escaped {
		bit = 1 << (hash(token) & 63)
	}
	if s.filter&bit != 0 {
		for _, at := range w.names[s.base:w.open] {
			if other, x := nameAt(w.b, at); equalNames(other, token, x || escaped) {
				return false
			}
		}
	}
	s.filter |= bit
	if w.open < fewNames {
		w.names[w.open] = i
		w.open++
		return true
	}
	s.many = make(map[string]struct{}, 2*fewNames)
	for _, at := range w.names[s.base:w.open] {
		s.addMany(nameAt(w.b, at))
	}
	return s.addMany(token, escaped)
}

func (s *nameSet) addMany(token []byte, escaped bool) bool {
	var key string
	if escaped {
		key = string(Unquote(nil, token))
	} else {
		key = string(token[1 : len(token)-1])
	}
	before := len(s.many)
	s.many[key] = struct{}{}
	return len(s.many) > before
}

// nameAt returns the name that begins at b[i] and was skipped before.
func nameAt(b []byte, i int) (token []byte, escaped bool) {
	end, escaped, _ := SkipString(b, i)
	return b[i:end], escaped
}

// hash tells the names of one object apart cheaply: by length and a few letters.
func hash(token []byte) uint {
	n := len(token)
	if n == 2 {
		return 0
	}
	return uint(n) + uint(token[1])*31 + uint(token[n/2])*3 + uint(token[n-2])*7
}

// equalNames compares two names between quotes, after unescaping.
func equalNames(x, y []byte, escaped bool) bool {
	if !escaped {
		return bytes.Equal(x, y)
	}
	var bufX, bufY [64]byte
	return bytes.Equal(Unquote(bufX[:0], x), Unquote(bufY[:0], y))
}
