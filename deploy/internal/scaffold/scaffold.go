// Package scaffold writes a new game: a module of its own with rules, tests, a page and what deploys it.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/module"

	"github.com/ringside-go/ringside/proto"
)

// The templates are folders of files that end in .tmpl; those of common are in every game.
//
//go:embed templates
var templates embed.FS

// Templates are the names of the games that can be written.
var Templates = []string{"turns", "arena", "cursors"}

// Module is Ringside's module path.
const Module = "github.com/ringside-go/ringside"

// Game is what to write.
type Game struct {
	Dir      string // where; made if it does not exist, and otherwise empty
	Template string // one of Templates
	Module   string // Go module path; empty: example.com/ and the folder's name
	Version  string // of Ringside, as in go.mod
	Replace  string // folder of a checkout of Ringside to build with; empty: the published module
}

// values are what templates use.
type values struct {
	Game
	Title string // of the page
	Name  string // of the image, and of the folder
	ID    proto.GameName
	Base  string // of the Kubernetes overlay
}

// Write writes the game and gives the paths of the files, relative to g.Dir. It writes nothing if g cannot be written.
func Write(g Game) (files []string, err error) {
	v, err := g.values()
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, folder := range []string{"common", g.Template} {
		if err := render(folder, v, all); err != nil {
			return nil, err
		}
	}
	if g.Replace != "" { // the sums of all that the checkout needs; go mod tidy drops the rest
		if all["go.sum"], err = os.ReadFile(filepath.Join(v.Replace, "go.sum")); err != nil {
			return nil, fmt.Errorf("-replace: %w; name a checkout of Ringside", err)
		}
	}
	for name, content := range all {
		path := filepath.Join(g.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	slices.Sort(files)
	return files, nil
}

// values checks g and completes it.
func (g Game) values() (v values, err error) {
	if !slices.Contains(Templates, g.Template) {
		return v, fmt.Errorf("-template is %q; write one of %s", g.Template, strings.Join(Templates, ", "))
	}
	dir, err := filepath.Abs(g.Dir)
	if err != nil {
		return v, err
	}
	switch there, err := os.ReadDir(dir); {
	case err == nil && len(there) > 0:
		return v, fmt.Errorf("%s is not empty; name a new folder", g.Dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return v, err
	}
	name := strings.ToLower(filepath.Base(dir))
	v = values{Game: g, Name: name, Title: strings.ToUpper(name[:1]) + name[1:], Base: "https://" + Module + "//deploy/k8s/base?ref=" + g.Version}
	if v.ID, err = proto.ParseGameName(name); err != nil {
		return v, fmt.Errorf("the folder's name is the game's name: %w", err)
	}
	if v.Module == "" {
		v.Module = "example.com/" + name
	}
	if err := module.CheckPath(v.Module); err != nil {
		return v, fmt.Errorf("-module: %w", err)
	}
	if g.Replace != "" {
		if v.Replace, err = filepath.Abs(g.Replace); err != nil {
			return v, err
		}
		base, err := filepath.Rel(filepath.Join(dir, "k8s"), filepath.Join(v.Replace, "deploy", "k8s", "base"))
		if err != nil {
			return v, err
		}
		v.Base = filepath.ToSlash(base)
	}
	return v, nil
}

// render adds the files of a folder of templates to all.
func render(folder string, v values, all map[string][]byte) error {
	root := "templates/" + folder
	return fs.WalkDir(templates, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := templates.ReadFile(name)
		if err != nil {
			return err
		}
		t, err := template.New(name).Delims("[[", "]]").Parse(string(text))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, v); err != nil {
			return err
		}
		to := strings.TrimSuffix(strings.TrimPrefix(name, root+"/"), ".tmpl")
		if to == "gitignore" {
			to = ".gitignore"
		}
		all[to] = out.Bytes()
		if strings.HasSuffix(to, ".go") {
			if all[to], err = format.Source(out.Bytes()); err != nil {
				return fmt.Errorf("template %s: %w", name, err)
			}
		}
		return nil
	})
}
