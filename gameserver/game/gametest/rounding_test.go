package gametest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The lines that are fused are found, and no others.
func TestFusedLines(t *testing.T) {
	const folder = "testdata/fused"
	text, err := os.ReadFile(folder + "/fused.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, "// named") {
			want = append(want, "fused.go:"+strconv.Itoa(i+1)+": "+strings.TrimSpace(line))
		}
	}
	got, err := fusedLines(t, "./"+folder)
	if slices.Sort(want); err != nil || len(want) != 3 || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := fusedLines(t, "./testdata/none"); err == nil || !strings.Contains(err.Error(), "testdata/none") {
		t.Errorf("a package that there is not: %v", err)
	}
}

// What a game stands on is rounded alike everywhere.
func TestRounding(t *testing.T) {
	CheckRounding(t, "github.com/ringside-go/ringside/proto/state", "github.com/ringside-go/ringside/gameserver/game",
		"github.com/ringside-go/ringside/gameserver/arena")
}

// A game's program is compiled without what makes it a server, which only main needs.
func TestWithoutServer(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go":      "package main\n\nimport \"github.com/ringside-go/ringside/gameserver/server\"\n\nfunc main() { server.Main() }\n",
		"game.go":      "package main\n\nimport \"math\"\n\nvar x = math.Pi\n",
		"game_test.go": "this is not Go",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	name, err := withoutServer(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &overlay); err != nil || len(overlay.Replace) != 1 {
		t.Fatalf("the overlay is %s, %v", text, err)
	}
	if got, err := os.ReadFile(overlay.Replace[filepath.Join(dir, "main.go")]); err != nil || string(got) != "package main\n\nfunc main() {}\n" {
		t.Errorf("in place of main.go: %q, %v", got, err)
	}
}
