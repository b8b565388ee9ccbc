package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// public are the packages that other modules may import. Gametest belongs to game.
var public = []string{"gameserver/server", "gameserver/game", "gameserver/game/gametest", "proto", "proto/state", "clients/goclient", "clients/goclient/bots"}

// An exported declaration that mentions a type of an internal package cannot be used by another module, or worse: it can
// be used, and then its type cannot be changed.
func TestPublicPackagesMentionNoInternalType(t *testing.T) {
	files := exportData(t)
	fset := token.NewFileSet()
	gc := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	for _, name := range public {
		pkg, err := gc.Import(module + name)
		if err != nil {
			t.Fatal(err)
		}
		if len(exported(pkg)) == 0 {
			t.Errorf("%s exports nothing", name)
		}
		for _, leak := range leaks(pkg) {
			t.Errorf("%s: %s", name, leak)
		}
	}
}

// The check finds a mention wherever a declaration can have one.
func TestLeaksAreFound(t *testing.T) {
	hidden := check(t, "example.com/internal/hidden", `package hidden
		type T struct{}
		func (T) M() {}
		type I interface{ M() }
		type G[A any] struct{}`, nil)
	for source, want := range map[string]string{
		`var V h.T`:                                                  "V",
		`const C = 1; func F(map[string][]*h.T)`:                     "F",
		`func F() (int, chan<- h.T)`:                                 "F",
		`func F(func(h.T) [2]int)`:                                   "F",
		`func F[A h.I](A) {}`:                                        "F",
		`type S struct{ A int; B *h.T }`:                             "S",
		`type S struct{ B struct{ C h.T } }`:                         "S",
		`type S struct{ h.T }`:                                       "S",
		`type S interface{ M(h.T) }`:                                 "S",
		`type S interface{ h.I }`:                                    "S",
		`type S []h.T`:                                               "S",
		`type S = h.T`:                                               "S",
		`type S struct{}; func (*S) M() h.T`:                         "S.M",
		`type s struct{ B h.T }; var V s`:                            "V",
		`type s struct{}; func (s) M(h.T); var V *s`:                 "V.M",
		`type s struct{}; func (s) M(h.T); type S struct{ s }`:       "S.M",
		"type g[A any] struct{ N *g[A]\n B h.T }\nvar V g[int]":      "V",
		`type g[A any] struct{ B A }; var V g[h.T]`:                  "V",
		`type S struct{ b h.T; C int }; func (S) m(h.T); type s h.T`: "",
		`type S struct{ Next *S; b h.T }; func F(S) func() S`:        "",
	} {
		pkg := check(t, "example.com/p", "package p\nimport h \"example.com/internal/hidden\"\nvar _ h.G[int]\n"+
			strings.ReplaceAll(source, "; ", "\n"), hidden)
		var found []string
		for _, leak := range leaks(pkg) {
			found = append(found, strings.Fields(leak)[0])
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%s: found %q, want %q", source, got, want)
		}
	}
}

// check type-checks a package of one file, which may import imported.
func check(t *testing.T, path, source string, imported *types.Package) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path+".go", source, 0)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	config := types.Config{Importer: importerFunc(func(string) (*types.Package, error) { return imported, nil }), IgnoreFuncBodies: true}
	pkg, err := config.Check(path, fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return pkg
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// exportData gives the compiled form of the public packages and all that they import, by import path.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, name := range public {
		args = append(args, module+name)
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for dec := json.NewDecoder(out); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return files
}

func exported(pkg *types.Package) (names []string) {
	for _, name := range pkg.Scope().Names() {
		if token.IsExported(name) {
			names = append(names, name)
		}
	}
	return names
}

// leaks gives the exported declarations of pkg that mention a type of an internal package: where, and which type.
func leaks(pkg *types.Package) []string {
	found := map[string]bool{}
	for _, name := range exported(pkg) {
		w := &walk{pkg: pkg, seen: map[types.Type]bool{}}
		object := pkg.Scope().Lookup(name)
		w.leak = func(where, what string) { found[fmt.Sprintf("%s%s mentions %s", name, where, what)] = true }
		named, ok := object.Type().(*types.Named)
		if _, isType := object.(*types.TypeName); isType && ok && named.Obj() == object {
			w.declaration(named)
		} else {
			w.mention(object.Type(), "")
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// walk looks at the types that a declaration mentions, those of unexported fields and methods excepted.
type walk struct {
	pkg  *types.Package
	seen map[types.Type]bool
	leak func(where, what string)
}

// declaration looks at what a type of this package shows: its fields, and the methods that it has or is lent by embedded
// ones.
func (w *walk) declaration(n *types.Named) {
	if w.seen[n] {
		return
	}
	w.seen[n] = true
	w.params(n.TypeParams())
	w.mention(n.Underlying(), "")
	methods := types.NewMethodSet(types.NewPointer(n))
	for i := range methods.Len() {
		if m := methods.At(i).Obj(); m.Exported() {
			w.mention(m.Type(), "."+m.Name())
		}
	}
}

func (w *walk) params(list *types.TypeParamList) {
	for i := range list.Len() {
		w.mention(list.At(i).Constraint(), "")
	}
}

func (w *walk) mention(t types.Type, where string) {
	switch t := t.(type) {
	case *types.Alias:
		w.foreign(t.Obj(), where)
		w.mention(types.Unalias(t), where)
	case *types.Named:
		w.foreign(t.Obj(), where)
		for i := range t.TypeArgs().Len() {
			w.mention(t.TypeArgs().At(i), where)
		}
		if t.Obj().Pkg() == w.pkg && !t.Obj().Exported() {
			w.declaration(t.Origin()) // whoever gets a value can use its fields and methods
		}
	case *types.Pointer:
		w.mention(t.Elem(), where)
	case *types.Slice:
		w.mention(t.Elem(), where)
	case *types.Array:
		w.mention(t.Elem(), where)
	case *types.Chan:
		w.mention(t.Elem(), where)
	case *types.Map:
		w.mention(t.Key(), where)
		w.mention(t.Elem(), where)
	case *types.Tuple:
		for v := range t.Variables() {
			w.mention(v.Type(), where)
		}
	case *types.Signature:
		w.params(t.TypeParams())
		w.mention(t.Params(), where)
		w.mention(t.Results(), where)
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				w.mention(f.Type(), where)
			}
		}
	case *types.Interface:
		for e := range t.EmbeddedTypes() {
			w.mention(e, where)
		}
		for m := range t.Methods() {
			if m.Exported() {
				w.mention(m.Type(), where)
			}
		}
	case *types.Union:
		for term := range t.Terms() {
			w.mention(term.Type(), where)
		}
	}
}

func (w *walk) foreign(o *types.TypeName, where string) {
	if o.Pkg() != nil && slices.Contains(strings.Split(o.Pkg().Path(), "/"), "internal") {
		w.leak(where, o.Pkg().Path()+"."+o.Name())
	}
}
