package server_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module of somebody else, in an empty folder, builds a server of its own game from the public packages.
func TestAnotherModuleBuildsAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": fmt.Sprintf(`module example.com/tag

go 1.26.0

require github.com/ringside-go/ringside v0.0.0

replace github.com/ringside-go/ringside => %s
`, root),
		"go.sum": string(sums),
		"main.go": `package main

import (
	"encoding/json"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/server"
)

type Tag struct {
	Score game.Value[struct {
		N uint8 ` + "`state:\"\"`" + `
	}]
}

func (*Tag) Start(*game.Room)              {}
func (*Tag) Join(*game.Room, game.Player)  {}
func (*Tag) Leave(*game.Room, game.Player) {}
func (*Tag) Tick(*game.Room)               {}

func main() {
	server.Main(game.Definition{Name: "tag", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Tag{}, game.Settings{TickRate: 10, Seats: 2}, nil
	}})
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "tag")
	for _, args := range [][]string{{"go", "build", "-mod=mod", "-o", program, "."}, {program, "-version"}} {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off") // all that it needs is here already
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(args[0], "tag") && len(strings.Fields(string(out))) != 1 {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}
