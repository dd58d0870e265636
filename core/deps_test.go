package chanx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	modulePath = "github.com/chanx-go/chanx/core"
	repoPath   = "github.com/chanx-go/chanx/"
	websockets = "github.com/coder/websocket"
	jsonCodec  = "github.com/go-json-experiment/json"
)

// importRule says what a package may depend on, directly or through others,
// beside the standard library.
type importRule struct {
	allow []string // modules and packages, with what lies below them
	deny  []string // exceptions to that, packages of the standard library among them
}

// testOnly is what a program must not carry along.
var testOnly = []string{"testing", "net/http/httptest"}

// rules are for packages of core and what lies below them; the longest path that
// fits counts. Direction: layer, schema ← chanx ← asyncapi, chanxtest, adaptertest.
var rules = map[string]importRule{
	"":                 {allow: []string{modulePath + "/internal", modulePath + "/layer", modulePath + "/schema", websockets, jsonCodec}, deny: testOnly},
	"layer":            {allow: []string{modulePath + "/layer"}, deny: testOnly},
	"layer/layertest":  {allow: []string{modulePath + "/layer"}},
	"layer/servertest": {}, // the standard library alone
	"schema":           {allow: []string{modulePath + "/internal/jsonraw", jsonCodec}, deny: testOnly},
	"asyncapi":         {allow: []string{modulePath, jsonCodec, websockets}, deny: append([]string{modulePath + "/chanxtest", modulePath + "/adaptertest"}, testOnly...)},
	"chanxtest":        {allow: []string{modulePath, jsonCodec, websockets}, deny: []string{modulePath + "/adaptertest"}},
	"adaptertest":      {allow: []string{modulePath, jsonCodec, websockets}, deny: []string{modulePath + "/chanxtest"}},

	// Helpers know nothing of what they help.
	"internal":         {deny: testOnly},
	"internal/jsonraw": {deny: testOnly},
	"internal/wire":    {allow: []string{modulePath + "/internal/jsonraw", jsonCodec}, deny: testOnly},
	"internal/wsconn":  {allow: []string{websockets, modulePath + "/internal/wire"}, deny: testOnly},
}

// frameworks are the modules whose types an adapter may show, by its folder.
var frameworks = map[string][]string{
	"chi":   {"github.com/go-chi/chi/v5"},
	"gin":   {"github.com/gin-gonic/gin"},
	"echo":  {"github.com/labstack/echo/v4"},
	"fiber": {"github.com/gofiber/fiber/v2", "github.com/gofiber/contrib/websocket"},
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string   `json:"ImportPath"`
	Standard   bool     `json:"Standard"`
	DepOnly    bool     `json:"DepOnly"` // not below the folder that was listed
	Export     string   `json:"Export"`  // file of export data
	Imports    []string `json:"Imports"`
	Deps       []string `json:"Deps"`
}

// list returns the packages in and below dir with all they depend on, by path.
func list(t *testing.T, dir string) map[string]*pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Standard,DepOnly,Export,Imports,Deps", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v\n%s", dir, err, &stderr)
	}
	pkgs := map[string]*pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
}

// within reports whether name is one of the roots or below one.
func within(name string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return name == root || strings.HasPrefix(name, root+"/")
	})
}

// ruleFor returns the rule with the longest path that fits the package.
func ruleFor(pkgPath string) importRule {
	rel := strings.TrimPrefix(strings.TrimPrefix(pkgPath, modulePath), "/")
	for ; rel != "."; rel = path.Dir(rel) {
		if r, ok := rules[rel]; ok {
			return r
		}
	}
	return rules[""]
}

func TestCoreDependencies(t *testing.T) {
	pkgs := list(t, ".")
	for name, p := range pkgs {
		if p.DepOnly {
			continue
		}
		rule := ruleFor(name)
		for _, dep := range p.Deps {
			if within(dep, rule.deny) || !pkgs[dep].Standard && !within(dep, rule.allow) {
				t.Errorf("%s must not depend on %s", name, chain(pkgs, name, dep))
			}
		}
	}
}

// chain says how a package comes to depend on another: "a ← b" for an a that b
// imports, up to what the package imports itself.
func chain(pkgs map[string]*pkg, from, dep string) string {
	text := dep
	for !slices.Contains(pkgs[from].Imports, dep) {
		i := slices.IndexFunc(pkgs[from].Deps, func(d string) bool { return slices.Contains(pkgs[d].Imports, dep) })
		if i < 0 {
			break
		}
		dep = pkgs[from].Deps[i]
		text += " ← " + dep
	}
	return text
}

// adapters returns the folders of the adapters, which lie beside core in the
// repository.
func adapters(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat("../go.work"); errors.Is(err, os.ErrNotExist) {
		return nil // core alone, as it is downloaded
	}
	mods, err := filepath.Glob("../adapters/*/go.mod")
	if err != nil || len(mods) == 0 {
		t.Fatalf("no adapters found: %v", err)
	}
	dirs := make([]string, len(mods))
	for i, m := range mods {
		dirs[i] = filepath.Dir(m)
	}
	return dirs
}

func TestAdapterDependencies(t *testing.T) {
	for _, dir := range adapters(t) {
		own := repoPath + "adapters/" + filepath.Base(dir)
		for name, p := range list(t, dir) {
			if p.DepOnly {
				continue
			}
			for _, dep := range p.Deps {
				if strings.HasPrefix(dep, repoPath) && !within(dep, []string{own, modulePath}) {
					t.Errorf("%s must not depend on %s: of the repository an adapter knows core alone", name, dep)
				}
				if within(dep, []string{modulePath + "/adaptertest", modulePath + "/chanxtest"}) {
					t.Errorf("%s must not depend on %s: a program would carry it along", name, dep)
				}
			}
			for _, dep := range p.Imports { // what a framework carries along is its own: fiber has testing
				if within(dep, testOnly) {
					t.Errorf("%s must not import %s: a program would carry it along", name, dep)
				}
			}
		}
	}
}

func TestPublicAPIShowsNoDependency(t *testing.T) {
	for name, names := range foreignTypes(t, ".", nil) {
		t.Errorf("the public API of %s shows %v", name, names)
	}
	for _, dir := range adapters(t) {
		name := filepath.Base(dir)
		framework, ok := frameworks[name]
		if !ok {
			t.Errorf("frameworks does not say which modules' types the adapter %q may show", name)
		}
		for name, names := range foreignTypes(t, dir, framework) {
			t.Errorf("the public API of %s shows %v", name, names)
		}
	}
}

// foreignTypes returns, by package, the types in its public API that are neither
// its module's own public ones, nor core's, nor the standard library's, nor
// those of allowed modules.
func foreignTypes(t *testing.T, dir string, allowed []string) map[string][]string {
	t.Helper()
	pkgs := list(t, dir)
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) {
		p := pkgs[name]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("no export data of %s", name)
		}
		return os.Open(p.Export)
	})
	fits := func(name string) bool {
		p := pkgs[name]
		own := strings.HasPrefix(name, repoPath) && !strings.Contains(name, "/internal/")
		return own || p != nil && p.Standard || within(name, allowed)
	}
	found := map[string][]string{}
	for name, p := range pkgs {
		if p.DepOnly || strings.Contains(name, "/internal/") {
			continue
		}
		tp, err := imp.Import(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if foreign := foreignIn(tp, fits); len(foreign) > 0 {
			found[name] = foreign
		}
	}
	return found
}
