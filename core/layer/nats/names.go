package chanxnats

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxToken is how long a name may be as a token before it is hashed. Subjects go
// into a protocol line of 4 KiB, together with others.
const maxToken = 160

// token encodes a name of any text as one token of a subject, which is also good
// for the key of a KV bucket. Letters, digits, '-', '_' and '/' stay as they are,
// so that names can be recognised in the server's own tools; another byte becomes
// '=' and two hexadecimal digits. The empty name is "=", and a long one "==" with
// the name's SHA-256: no encoded byte begins like these, so no two names that
// differ have the same token.
func token(name string) string {
	if name == "" {
		return "="
	}
	size := 0
	for i := range len(name) {
		size++
		if !plain(name[i]) {
			size += 2
		}
	}
	if size > maxToken {
		sum := sha256.Sum256([]byte(name))
		return "==" + hex.EncodeToString(sum[:])
	}
	if size == len(name) {
		return name
	}
	var b strings.Builder
	b.Grow(size)
	for i := range len(name) {
		if c := name[i]; plain(c) {
			b.WriteByte(c)
		} else {
			const digits = "0123456789ABCDEF"
			b.WriteByte('=')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

func plain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return c == '-' || c == '_' || c == '/'
	}
}

// key joins the tokens of names.
func key(names ...string) string {
	tokens := make([]string, len(names))
	for i, name := range names {
		tokens[i] = token(name)
	}
	return strings.Join(tokens, ".")
}
