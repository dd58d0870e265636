package jsonraw

// Members skips the object that begins at b[i], as [SkipValue] does, and calls
// member for each of its members in order: with the name as it stands, quotes
// and escapes included, and the raw value. An error of member ends the walk and
// is returned as it is.
func Members(b []byte, i int, member func(name, value []byte) error) (end int, err error) {
	if i >= len(b) || b[i] != '{' {
		return i, fail(min(i, len(b)), "expected an object")
	}
	w := walker{b: b}
	if i = SkipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	var set nameSet
	for {
		start := i
		if i, err = w.name(i, &set); err != nil {
			return i, err
		}
		key := b[start:i]
		if i = SkipSpace(b, i); i >= len(b) {
			return i, fail(i, msgEnd)
		} else if b[i] != ':' {
			return i, fail(i, "expected ':'")
		}
		start = SkipSpace(b, i+1)
		if i, err = w.value(start, 1); err != nil {
			return i, err
		}
		if err := member(key, b[start:i]); err != nil {
			return i, err
		}
		i = SkipSpace(b, i)
		switch {
		case i >= len(b):
			return i, fail(i, msgEnd)
		case b[i] == '}':
			return i + 1, nil
		case b[i] != ',':
			return i, fail(i, "expected ',' or '}'")
		}
		i = SkipSpace(b, i+1)
	}
}
