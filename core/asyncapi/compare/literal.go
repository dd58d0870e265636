package compare

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// literal is a JSON value that a schema names.
type literal struct {
	text   string // the same for equal values
	kind   kind
	number *big.Rat // of a number; nil where it is too big to reckon with
	length int64    // of a string, in code points
}

func literalOf(v jsontext.Value) literal {
	l := literal{text: canonical(v)}
	switch v.Kind() {
	case 'n':
		l.kind = null
	case 't', 'f':
		l.kind = boolean
	case '"':
		l.kind = text
		l.length = int64(utf8.RuneCountInString(unquoted(v)))
	case '0':
		l.kind = number
		l.number = rational(v)
	case '[':
		l.kind = array
	default:
		l.kind = object
	}
	return l
}

// canonical writes a JSON value such that equal values are equal texts: members in
// order, numbers reduced.
func canonical(v jsontext.Value) string {
	var b strings.Builder
	appendCanonical(&b, v)
	return b.String()
}

func appendCanonical(b *strings.Builder, v jsontext.Value) {
	switch v.Kind() {
	case '"':
		b.WriteString(strconv.Quote(unquoted(v)))
	case '0':
		if r := rational(v); r != nil {
			b.WriteString(decimal(r))
			return
		}
		b.Write(v)
	case '[':
		var elements []jsontext.Value
		_ = json.Unmarshal(v, &elements) // it has been parsed before
		for i, x := range elements {
			b.WriteString(separator('[', i))
			appendCanonical(b, x)
		}
		b.WriteString(closing("[]", len(elements)))
	case '{':
		var members map[string]jsontext.Value
		_ = json.Unmarshal(v, &members) // it has been parsed before
		for i, name := range slices.Sorted(maps.Keys(members)) {
			b.WriteString(separator('{', i))
			fmt.Fprintf(b, "%q:", name)
			appendCanonical(b, members[name])
		}
		b.WriteString(closing("{}", len(members)))
	default:
		b.Write(v)
	}
}

// separator is what stands before element i.
func separator(open byte, i int) string {
	if i == 0 {
		return string(open)
	}
	return ","
}

// closing ends a sequence of n elements.
func closing(brackets string, n int) string {
	if n == 0 {
		return brackets
	}
	return brackets[1:]
}

func unquoted(v jsontext.Value) string {
	s, _ := jsontext.AppendUnquote(nil, v) // it has been parsed before
	return string(s)
}

// maxDigits bounds the numbers that are reckoned with.
const maxDigits = 400

// rational reads a number; nil for one that is too big, or none.
func rational(v jsontext.Value) *big.Rat {
	s := string(v)
	_, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	if n, err := strconv.Atoi(exponent); len(s) > maxDigits || exponent != "" && (err != nil || n > maxDigits || n < -maxDigits) {
		return nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

// decimal writes a number that JSON can write.
func decimal(r *big.Rat) string {
	n, _ := r.FloatPrec()
	return r.FloatString(n)
}
