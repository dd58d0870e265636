package schema

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
)

// newLiteral reads one valid JSON value.
func newLiteral(raw []byte) literal {
	l := literal{raw: raw}
	switch raw[0] {
	case '"':
		l.kind, l.text = kindString, string(jsonraw.Unquote(nil, raw))
	case '{':
		l.kind = kindObject
	case '[':
		l.kind = kindArray
	case 't', 'f':
		l.kind = kindBool
	case 'n':
		l.kind = kindNull
	default:
		l.kind = kindNumber
	}
	return l
}

// equals reports whether raw, a valid value, is the literal's.
func (l *literal) equals(raw []byte) bool {
	if bytes.Equal(l.raw, raw) {
		return true
	}
	switch l.kind {
	case kindNull, kindBool:
		return false
	case kindString:
		if raw[0] != '"' || bytes.IndexByte(raw, '\\') < 0 {
			return raw[0] == '"' && string(raw[1:len(raw)-1]) == l.text
		}
	}
	return equalValues(l.raw, raw)
}

// equalValues compares two valid values as JSON Schema does: numbers by value,
// strings after unescaping, objects in any order.
func equalValues(x, y []byte) bool {
	if x[0] != y[0] && !(isNumber(x) && isNumber(y)) {
		return false
	}
	switch x[0] {
	case '"':
		return equalStrings(x, y)
	case '[':
		return equalArrays(x, y)
	case '{':
		return equalObjects(x, y)
	case 't', 'f', 'n':
		return true
	}
	a, b := parseDecimal(x), parseDecimal(y)
	return a.compare(&b) == 0
}

func isNumber(x []byte) bool { return x[0] == '-' || isDigit(x[0]) }

func equalStrings(x, y []byte) bool {
	if bytes.IndexByte(x, '\\') < 0 && bytes.IndexByte(y, '\\') < 0 {
		return bytes.Equal(x, y)
	}
	return bytes.Equal(jsonraw.Unquote(nil, x), jsonraw.Unquote(nil, y))
}

func equalArrays(x, y []byte) bool {
	p, q := walk{b: x, i: 1}, walk{b: y, i: 1}
	for {
		v, more := p.next()
		w, moreToo := q.next()
		if !more || !moreToo {
			return more == moreToo
		}
		if !equalValues(v, w) {
			return false
		}
	}
}

func equalObjects(x, y []byte) bool {
	members := map[string][]byte{}
	for w := (walk{b: x, i: 1}); ; {
		name, value, more := w.member()
		if !more {
			break
		}
		members[name] = value
	}
	for w := (walk{b: y, i: 1}); ; {
		name, value, more := w.member()
		if !more {
			return len(members) == 0
		}
		other, ok := members[name]
		if !ok || !equalValues(other, value) {
			return false
		}
		delete(members, name)
	}
}

// walk goes through the elements of a valid array or the members of an object.
type walk struct {
	b []byte
	i int
}

func (w *walk) next() (value []byte, more bool) {
	i := jsonraw.SkipSpace(w.b, w.i)
	if i < len(w.b) && w.b[i] == ',' {
		i = jsonraw.SkipSpace(w.b, i+1)
	}
	if i >= len(w.b) || w.b[i] == ']' || w.b[i] == '}' {
		return nil, false
	}
	end, err := jsonraw.SkipValue(w.b, i, 0)
	if err != nil {
		return nil, false
	}
	w.i = end
	return w.b[i:end], true
}

func (w *walk) member() (name string, value []byte, more bool) {
	token, more := w.next()
	if !more {
		return "", nil, false
	}
	w.i = jsonraw.SkipSpace(w.b, w.i) + 1 // the colon
	value, more = w.next()
	return string(jsonraw.Unquote(nil, token)), value, more
}

// fewItems is up to how many items are compared each with each.
const fewItems = 8

// repeated finds two equal items of a valid array that has count of them; second
// is 0 if there are none.
func repeated(array []byte, count int) (first, second int) {
	var few [fewItems]hashed
	items := few[:0]
	if count > fewItems {
		items = make([]hashed, 0, count)
	}
	var hash maphash.Hash
	for w := (walk{b: array, i: 1}); ; {
		value, more := w.next()
		if !more {
			break
		}
		item := hashed{value: value, at: len(items)}
		if count > fewItems {
			hash.Reset()
			item.hash = hashValue(&hash, value)
		}
		items = append(items, item)
	}
	// Equal items have equal hashes, and stand beside each other once sorted.
	slices.SortStableFunc(items, func(x, y hashed) int { return cmp.Compare(x.hash, y.hash) })
	for i, x := range items {
		for k := i - 1; k >= 0 && items[k].hash == x.hash; k-- {
			if equalValues(items[k].value, x.value) {
				return items[k].at, x.at
			}
		}
	}
	return 0, 0
}

type hashed struct {
	value []byte
	hash  uint64
	at    int
}

// hashValue is the same for values that [equalValues] finds equal.
func hashValue(h *maphash.Hash, v []byte) uint64 {
	switch v[0] {
	case '"':
		h.Reset()
		h.WriteByte('"')
		if bytes.IndexByte(v, '\\') >= 0 {
			h.Write(jsonraw.Unquote(nil, v))
		} else {
			h.Write(v[1 : len(v)-1])
		}
		return h.Sum64()
	case '[':
		sum := uint64(1)
		for w := (walk{b: v, i: 1}); ; {
			item, more := w.next()
			if !more {
				return hashSum(h, sum)
			}
			sum = sum*31 + hashValue(h, item)
		}
	case '{':
		sum := uint64(2)
		for w := (walk{b: v, i: 1}); ; {
			name, value, more := w.member()
			if !more {
				return hashSum(h, sum)
			}
			h.Reset()
			h.WriteString(name)
			key := h.Sum64()
			sum += (key ^ 7) * (hashValue(h, value) | 1)
		}
	case 't', 'f', 'n':
		return hashSum(h, uint64(v[0]))
	}
	d := parseDecimal(v)
	h.Reset()
	for _, c := range d.digits {
		if c != '.' {
			h.WriteByte(c)
		}
	}
	return h.Sum64() + uint64(d.exp)
}

func hashSum(h *maphash.Hash, sum uint64) uint64 {
	h.Reset()
	maphash.WriteComparable(h, sum)
	return h.Sum64()
}
