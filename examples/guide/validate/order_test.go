package validate_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	chanxchi "github.com/chanx-go/chanx/adapters/chi"
	chanx "github.com/chanx-go/chanx/core"
	"github.com/chanx-go/chanx/core/chanxtest"
	"github.com/chanx-go/chanx/examples/guide/validate"
)

const address = "/desks/7?depth=20"

var token = &chanxtest.DialOptions{Header: http.Header{"X-Desk-Token": {"t"}}}

func newMux() *http.ServeMux {
	mux := http.NewServeMux()
	chanxchi.Handle(mux, "/desks/{desk}", validate.NewConsumer(chanx.NewHub(nil)), nil)
	return mux
}

func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chanxtest.Dial(t, newMux(), address, token)
		c.SendRaw(`{"action":"place_order","payload":{"symbol":"ACME","side":"buy","quantity":5}}`)
		if placed := chanxtest.Expect[validate.Placed](c); placed.Quantity != 5 || placed.Validity != "day" {
			t.Errorf("got %+v", placed)
		}
	})
}

func TestViolations(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		want    []string // path and code of each
	}{
		{"everything at once", `{"symbol":"acme","side":"hold","limit":0}`, []string{
			"/payload/symbol pattern", "/payload/side enum", "/payload/limit exclusive_minimum", "/payload/quantity required",
		}},
		{"another case", `{"symbol":"ACME","side":"buy","Quantity":5}`, []string{"/payload/quantity required"}},
		{"Validate", `{"symbol":"ACME","side":"buy","quantity":5,"validity":"gtc"}`, []string{"/payload invalid"}},
		{"null", `null`, []string{"/payload type"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := chanxtest.Dial(t, newMux(), address, token)
				c.SendRaw(`{"action":"place_order","payload":` + test.payload + `}`)
				e := chanxtest.ExpectError(c, chanx.Invalid)
				got := map[string]bool{}
				for _, v := range e.Violations {
					got[v.Path+" "+v.Code] = true
				}
				for _, want := range test.want {
					if !got[want] {
						t.Errorf("no violation %q in %+v", want, e.Violations)
					}
				}
				if len(got) != len(test.want) {
					t.Errorf("got %+v", e.Violations)
				}
			})
		})
	}
}

func TestParameters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chanxtest.Refused(t, newMux(), "/desks/7?depth=0", http.StatusBadRequest, nil)
		if r.Error == nil || len(r.Error.Violations) != 2 {
			t.Fatalf("got %v", r)
		}
		for _, v := range r.Error.Violations {
			if v.Path != "/query/depth" && v.Path != "/header/X-Desk-Token" {
				t.Errorf("got %+v", v)
			}
		}
	})
}
