package chanx_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"testing"
)

// apiWalker visits every type that can be reached from a package's public API:
// through exported fields and methods, parameters, results, type arguments and
// constraints.
type apiWalker struct {
	pkg     *types.Package
	fits    func(pkg string) bool
	seen    map[types.Type]bool
	foreign []string
}

// foreignIn returns the types of other packages in a public API whose package
// doesn't fit.
func foreignIn(pkg *types.Package, fits func(pkg string) bool) []string {
	w := &apiWalker{pkg: pkg, fits: fits, seen: map[types.Type]bool{}}
	for _, name := range pkg.Scope().Names() {
		if o := pkg.Scope().Lookup(name); o.Exported() {
			w.walk(o.Type())
		}
	}
	return w.foreign
}

func (w *apiWalker) walk(t types.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		w.show(t.Obj())
		w.walk(t.Rhs())
	case *types.Named:
		w.named(t)
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				w.walk(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				w.walk(m.Type())
			}
		}
		for e := range t.EmbeddedTypes() {
			w.walk(e)
		}
	case *types.Signature:
		w.params(t.TypeParams())
		w.walk(t.Params())
		w.walk(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(v.Type())
		}
	case *types.Union:
		for term := range t.Terms() {
			w.walk(term.Type())
		}
	case *types.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.walk(t.Elem())
	}
}

// named visits a defined type. What lies inside one of another package is that
// package's business.
func (w *apiWalker) named(t *types.Named) {
	w.show(t.Obj())
	for arg := range t.TypeArgs().Types() {
		w.walk(arg)
	}
	if t.Obj().Pkg() != w.pkg {
		return
	}
	w.params(t.TypeParams())
	w.walk(t.Underlying())
	for m := range types.NewMethodSet(types.NewPointer(t)).Methods() { // promoted ones too
		if m.Obj().Exported() {
			w.walk(m.Type())
		}
	}
}

func (w *apiWalker) params(list *types.TypeParamList) {
	for p := range list.TypeParams() {
		w.walk(p.Constraint())
	}
}

// show records a type that the API must not show.
func (w *apiWalker) show(o *types.TypeName) {
	if o.Pkg() == nil || o.Pkg() == w.pkg || w.fits(o.Pkg().Path()) { // no package: error, any
		return
	}
	if name := o.Pkg().Path() + "." + o.Name(); !slices.Contains(w.foreign, name) {
		w.foreign = append(w.foreign, name)
	}
}

func TestForeignTypesAreFound(t *testing.T) {
	tests := map[string]string{
		"result":            `func F() dep.T { panic(0) }`,
		"parameter":         `func F(map[string][]*dep.T) {}`,
		"field":             `type S struct { F dep.T }`,
		"field of a hidden": `type s struct { F dep.T }; func F() s { panic(0) }`,
		"method":            `type S struct{}; func (*S) M() dep.T { panic(0) }`,
		"promoted method":   `type s struct{}; func (s) M() dep.T { panic(0) }; type S struct{ s }`,
		"interface":         `type I interface { M(chan dep.T) }`,
		"constraint":        `func F[T interface{ dep.T | int }]() {}`,
		"type argument":     `type G[T any] struct{}; var V G[dep.T]`,
		"alias":             `type A = dep.T`,
		"variable":          `var V func(...dep.T)`,
		"embedded":          `type S struct { dep.T }`,
	}
	hidden := map[string]string{
		"field":    `type S struct { f dep.T }`,
		"method":   `type S struct{}; func (S) m() dep.T { panic(0) }`,
		"function": `func f() dep.T { panic(0) }`,
		"body":     `func F() { var v dep.T; _ = v }`,
	}
	for name, src := range tests {
		if got := foreignOf(t, src); !slices.Equal(got, []string{"example.com/dep.T"}) {
			t.Errorf("%s: found %q", name, got)
		}
	}
	for name, src := range hidden {
		if got := foreignOf(t, src); got != nil {
			t.Errorf("hidden %s: found %q", name, got)
		}
	}
}

// foreignOf checks the API of a package with the given source.
func foreignOf(t *testing.T, src string) []string {
	t.Helper()
	dep := types.NewPackage("example.com/dep", "dep")
	o := types.NewTypeName(token.NoPos, dep, "T", nil)
	types.NewNamed(o, types.NewStruct(nil, nil), nil)
	dep.Scope().Insert(o)
	dep.MarkComplete()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", `package p; import "example.com/dep"; `+src, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: onlyImporter{dep}}
	p, err := conf.Check("p", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return foreignIn(p, func(string) bool { return false })
}

// onlyImporter knows one package.
type onlyImporter struct{ pkg *types.Package }

func (i onlyImporter) Import(string) (*types.Package, error) { return i.pkg, nil }
