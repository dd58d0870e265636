package chanx_test

import (
	"fmt"
	"strings"
	"testing"
)

// mustPanic runs f, which must panic with a text that has all these words.
func mustPanic(t *testing.T, words string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		text := fmt.Sprint(recover())
		for word := range strings.SplitSeq(words, " … ") {
			if !strings.Contains(text, word) {
				t.Errorf("panic %q lacks %q", text, word)
			}
		}
	}()
	f()
}
