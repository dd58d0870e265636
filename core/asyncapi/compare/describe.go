package compare

import "strings"

// String describes a form as the subject of a sentence.
func (f *form) String() string {
	switch {
	case f.kinds == null:
		return "null"
	case len(f.values) > 0:
		return some(f.sortedValues())
	case f.label != "":
		return f.label
	case f.kinds == array || f.kinds == object || f.typeOf() == "integer":
		return "an " + f.typeOf()
	default:
		return "a " + f.typeOf()
	}
}

// String describes a view.
func (v *view) String() string {
	if len(v.forms) == len(kindNames) {
		all := kind(0)
		for _, f := range v.forms {
			all |= f.kinds
		}
		if all == anything {
			return "anything"
		}
	}
	parts := make([]string, 0, len(v.forms))
	for _, f := range v.forms {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, " or ")
}
