package jsonraw_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chanx-go/chanx/core/internal/jsonraw"
	"github.com/google/go-cmp/cmp"
)

func TestMembers(t *testing.T) {
	walk := func(text string) (got []string, end int, err error) {
		end, err = jsonraw.Members([]byte(text), 0, func(name, value []byte) error {
			got = append(got, fmt.Sprintf("%s=%s", name, value))
			if string(value) == `"stop"` {
				return errors.ErrUnsupported
			}
			return nil
		})
		return got, end, err
	}
	got, end, err := walk(`{ "a" : 1 ,"\u0062":{"a":[2]}, "c":"x" } rest`)
	if diff := cmp.Diff([]string{`"a"=1`, `"\u0062"={"a":[2]}`, `"c"="x"`}, got); diff != "" || err != nil || end != 40 {
		t.Errorf("end %d, %v\n%s", end, err, diff)
	}
	if got, _, err := walk(`{"a":"stop","b":1}`); !errors.Is(err, errors.ErrUnsupported) || len(got) != 1 {
		t.Errorf("an error does not end the walk: %v, %v", got, err)
	}
	if _, end, err := walk(`{}`); end != 2 || err != nil {
		t.Errorf("end %d, %v", end, err)
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	if _, _, err := walk(deep(jsonraw.MaxDepth - 1)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{``, `[]`, `{"a"}`, `{"a":1`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`, deep(jsonraw.MaxDepth)} {
		if _, _, err := walk(text); !errors.As(err, new(*jsonraw.SyntaxError)) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
