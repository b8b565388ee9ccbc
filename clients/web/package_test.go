package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/testfleet"
)

// TestPackage installs the npm package into empty projects, whose types are checked strictly, and which play on a real fleet: one
// in Node, and one that Vite builds for a browser, which also loads the package without a bundler, and finds matches. RINGSIDE_NPM is the packed file;
// test/package/run sets it.
func TestPackage(t *testing.T) {
	packed := os.Getenv("RINGSIDE_NPM")
	if packed == "" {
		t.Skip("make npm-test runs this")
	}
	f := testfleet.Start(t, testfleet.Options{Games: []game.Definition{arena.Definition(), rankedGame()}})
	router := f.Routers[0].URL
	const quiet = "npm_config_audit=false"

	t.Run("node", func(t *testing.T) {
		p := newProject(t, "node")
		p.run(quiet, "npm", "install", packed, "typescript@7", "@types/node@20", "@types/ws@8", "ws@8")
		if _, err := os.Stat(filepath.Join(p.dir, "node_modules", "react")); err == nil {
			t.Error("React was installed, which is needed for the hooks only")
		}
		p.run(quiet, "npx", "tsc", "-p", ".")
		p.run("RINGSIDE_ROUTER="+router, "node", "--enable-source-maps", "out/play.js")
	})
	t.Run("vite", func(t *testing.T) {
		p := newProject(t, "vite")
		p.run(quiet, "npm", "install", packed, "typescript@7", "vite@8", "react@19", "react-dom@19", "@types/react@19", "@types/react-dom@19")
		p.run(quiet, "npx", "tsc", "-p", ".")
		p.run(quiet, "npx", "vite", "build", "--base", "./")
		site := httptest.NewServer(http.FileServer(http.Dir(p.dir)))
		defer site.Close()
		modules, open := absolute(t, "node_modules"), absolute(t, "test/package/open.mjs")
		query := "?router=" + router
		p.run("MODULES="+modules, "node", open, os.Getenv("CHROMIUM"), site.URL+"/dist/"+query, site.URL+"/plain.html"+query, site.URL+"/lobby.html"+query)
	})
}

// ranked is a game whose rooms are listed with the rating that they were made for.
type ranked struct {
	About game.Properties[rankedAbout] `state:"hidden"`

	rating uint16
}

type rankedAbout struct {
	Rating uint16 `state:""`
}

func (g *ranked) Start(*game.Room)            { g.About.Get().Rating = g.rating }
func (*ranked) Join(*game.Room, game.Player)  {}
func (*ranked) Leave(*game.Room, game.Player) {}
func (*ranked) Tick(*game.Room)               {}

func rankedGame() game.Definition {
	return game.Definition{Name: "ranked", New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		var o struct{ Rating uint16 }
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, err
			}
		}
		return &ranked{rating: o.Rating}, game.Settings{TickRate: 10, Seats: 2, Listed: true}, nil
	}}
}

// project is a folder outside of the repository.
type project struct {
	t   *testing.T
	dir string
}

// newProject copies a project of test/package, and the arena's types as ringside types writes them.
func newProject(t *testing.T, name string) project {
	t.Helper()
	p := project{t, t.TempDir()}
	if err := os.CopyFS(p.dir, os.DirFS(filepath.Join("test", "package", name))); err != nil {
		t.Fatal(err)
	}
	types, err := os.ReadFile("test/types/arena.ts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "game.ts"), types, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a command in the project, with env added to its environment.
func (p project) run(env string, args ...string) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	p.t.Logf("%s\n%s", cmd, out)
	if err != nil {
		p.t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
