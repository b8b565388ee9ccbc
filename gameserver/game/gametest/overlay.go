package gametest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// serverPackage is what the program of a game imports to be a server. It brings in most of Ringside, of which the rules need nothing.
const serverPackage = `"github.com/ringside-go/ringside/gameserver/server"`

// withoutServer writes an overlay for the go command in which the files of a folder that import serverPackage are empty but for main, and
// gives its name.
func withoutServer(t testing.TB, dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	temp := t.TempDir()
	replace := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == serverPackage }) {
			continue
		}
		text := "package " + f.Name.Name + "\n"
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "main" {
				text += "\nfunc main() {}\n"
			}
		}
		replace[file] = filepath.Join(temp, filepath.Base(file))
		if err := os.WriteFile(replace[file], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(temp, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}
