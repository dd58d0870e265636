package schema

import (
	"cmp"
	"slices"
)

// edit replaces b[at:end] by text.
type edit struct {
	at, end int
	text    []byte
}

// Validate reports every way in which raw, one JSON value, doesn't satisfy the
// schema; nil if it does, and then without allocating (formats uri,
// uri-reference and ipv6, and names with escapes, cost a little). At most 256
// violations are reported.
//
// raw is meant to be checked before: a text with invalid UTF-8, or with a name
// twice in one object, may be taken for valid. Nothing makes Validate panic; what
// isn't JSON at all is "malformed". No value at all (len(raw) is 0) is valid
// where [Schema.IsNull] is true and a violation of "required" otherwise.
func (s *Schema) Validate(raw []byte) []Violation {
	violations, _ := s.check(raw)
	return violations
}

// Complete is [Schema.Validate] for a value that is going to be decoded: where
// members that have a default are missing it returns new bytes that have them,
// with integers such as 1.0 and 1e3 written in plain digits, as the decoder
// needs them. Where nothing is missing it returns raw itself and doesn't
// allocate. With violations, what it returns is raw.
func (s *Schema) Complete(raw []byte) ([]byte, []Violation) {
	violations, edits := s.check(raw)
	if violations != nil || len(edits) == 0 {
		return raw, violations
	}
	edits = inOrder(edits)
	size := len(raw)
	for _, e := range edits {
		size += len(e.text)
	}
	out := make([]byte, 0, size)
	done := 0
	for _, e := range edits {
		out = append(append(out, raw[done:e.at]...), e.text...)
		done = e.end
	}
	return append(out, raw[done:]...), nil
}

// inOrder sorts edits by place. Where several schemas go for one value, the same
// number may be rewritten for each; once is enough.
func inOrder(edits []edit) []edit {
	slices.SortStableFunc(edits, func(x, y edit) int { return cmp.Compare(x.at, y.at) })
	return slices.CompactFunc(edits, func(x, y edit) bool { return x.at == y.at && x.end == y.end && x.end > x.at })
}

func (s *Schema) check(raw []byte) ([]Violation, []edit) {
	if len(raw) == 0 {
		if s.null {
			return nil, nil
		}
		return []Violation{{Code: "required", Message: "is required"}}, nil
	}
	first := run{b: raw}
	first.whole(s.node)
	if !first.bad && !first.lacking {
		return nil, nil
	}
	second := run{b: raw, collect: true}
	second.whole(s.node)
	return second.out, second.edits
}
