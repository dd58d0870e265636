package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// yamlNumber is a JSON number as YAML 1.1 knows it, too: with an exponent it has to
// have a point and a sign, or it would be a string.
func yamlNumber(s string) string {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s
	}
	digits, exponent := s[:i], s[i+1:]
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if exponent[0] != '-' && exponent[0] != '+' {
		exponent = "+" + exponent
	}
	return digits + s[i:i+1] + exponent
}

// yamlString is a string on one line: plain where nobody can misread that.
func yamlString(s string) string {
	switch {
	case isYAMLPlain(s):
		return s
	case strings.ContainsAny(s, `"\`) && !strings.Contains(s, "'") && isPrintable(s):
		return "'" + s + "'"
	}
	return yamlQuoted(s)
}

// yamlWords are what some reader takes for something other than a string.
var yamlWords = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}

// isYAMLPlain reports whether a string can stand without quotes. It says no more
// often than it would have to: numbers and dates begin with digits, signs or dots.
func isYAMLPlain(s string) bool {
	if s == "" || !isPrintable(s) {
		return false
	}
	if first := []rune(s)[0]; !unicode.IsLetter(first) && !strings.ContainsRune("/$_(", first) {
		return false
	}
	if strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") || strings.HasSuffix(s, " ") {
		return false
	}
	return !slices.Contains(yamlWords, strings.ToLower(s))
}

// isYAMLBlock reports whether a string can be a literal block: several lines, of
// which the first tells the indentation and none is of blanks only.
func isYAMLBlock(s string) bool {
	body := strings.TrimSuffix(s, "\n")
	if body == "" || !strings.Contains(s, "\n") || strings.HasSuffix(body, "\n") || body[0] == '\n' || body[0] == ' ' {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" && (strings.TrimLeft(line, " ") == "" || strings.HasPrefix(strings.TrimLeft(line, " "), "\t") || !isPrintable(strings.ReplaceAll(line, "\t", " "))) {
			return false
		}
	}
	return true
}

// isPrintable reports whether all of a string can be seen, for which blanks other
// than the usual one don't count.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// yamlQuoted is a string in double quotes, whatever is in it.
func yamlQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xFF:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
