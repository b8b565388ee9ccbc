//go:build unix

package declare

import (
	"os"
	"path/filepath"
	"testing"
)

// A game server refuses RINGSIDE_ variables that are not its own, so those that speak to ringside are not passed on to it.
func TestFromProgramPassesNoFlagsOn(t *testing.T) {
	t.Setenv("RINGSIDE_REPLACE", "/src")
	program := filepath.Join(t.TempDir(), "server")
	script := "#!/bin/sh\nif [ -n \"$RINGSIDE_REPLACE\" ]; then echo RINGSIDE_REPLACE is not known >&2; exit 2; fi\necho '[{\"game\":\"tag\",\"fingerprint\":\"0123456789abcdef\"}]'\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	games, err := FromProgram(t.Context(), program)
	if err != nil || len(games) != 1 || games[0].Name != "tag" {
		t.Errorf("%+v, %v; want the game tag", games, err)
	}
}
