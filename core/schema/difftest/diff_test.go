package difftest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/chanx-go/chanx/core/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compileTable makes both schemas of every type of the table.
func compileTable(t testing.TB) ([]*schema.Schema, []*jsonschema.Schema) {
	r := schema.NewRegistry(nil)
	var ours []*schema.Schema
	var others []*jsonschema.Schema
	for _, typ := range table {
		s, err := r.Of(typ)
		if err != nil {
			t.Fatal(err)
		}
		ours, others = append(ours, s), append(others, oracle(t, s))
	}
	return ours, others
}

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

// TestTable compares generated values of the table's types.
func TestTable(t *testing.T) {
	ours, others := compileTable(t)
	for i, s := range ours {
		t.Run(s.Type().String(), func(t *testing.T) {
			m := newMaker(uint64(i))
			valid := 0
			for range 3000 {
				raw := []byte(m.value(table[i], 5))
				compare(t, s, others[i], raw, !bounded[table[i]])
				if s.Validate(raw) == nil {
					valid++
				}
			}
			t.Logf("%d of 3000 values were valid", valid)
		})
	}
}

// TestRandomTypes compares generated values of generated types.
func TestRandomTypes(t *testing.T) {
	for seed := range uint64(1500) {
		compareSeed(t, seed, nil)
	}
}

// FuzzTable compares any bytes.
func FuzzTable(f *testing.F) {
	ours, others := compileTable(f)
	for i := range table {
		m := newMaker(uint64(i))
		for range 20 {
			f.Add(uint8(i), []byte(m.value(table[i], 4)))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, raw []byte) {
		k := int(i) % len(ours)
		compare(t, ours[k], others[k], raw, !bounded[table[k]])
	})
}

// FuzzRandomTypes compares generated types with generated values and any bytes.
func FuzzRandomTypes(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte(newMaker(seed).junk(4)))
	}
	f.Fuzz(func(t *testing.T, seed uint64, raw []byte) { compareSeed(t, seed, raw) })
}

func compareSeed(t *testing.T, seed uint64, raw []byte) {
	t.Helper()
	m := newMaker(seed)
	plain := seed%3 == 0
	typ := m.structType(2, plain)
	s, err := schema.NewRegistry(nil).Of(typ)
	if err != nil {
		return // its tags don't fit
	}
	other := oracle(t, s)
	compare(t, s, other, raw, plain)
	for range 40 {
		compare(t, s, other, []byte(m.value(typ, 4)), plain)
	}
}
