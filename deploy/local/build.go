package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// programs are the names under which the plan finds what it starts, and where their sources are in the module.
var programs = map[string]string{"router": "./router", "gameserver": "./gameserver", "bot": "./clients/bot"}

// benchPrograms are those of -bench.
var benchPrograms = map[string]string{"router": "./router", "gameserver": "./gameserver", "bot": "./clients/bot", "rawgws": "./deploy/local/rawgws"}

// binaries gives the directory that holds the programs: dir if it is given, and otherwise .bin of the module that the
// working directory is in, after building them there.
func binaries(ctx context.Context, dir string, out *fleet.Console) (string, error) {
	return binariesOf(ctx, dir, programs, "", out)
}

// binariesOf is binaries for other programs, by their names, which it builds into the folder under of .bin.
func binariesOf(ctx context.Context, dir string, programs map[string]string, under string, out *fleet.Console) (string, error) {
	if dir != "" {
		for name := range programs {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return "", fmt.Errorf("-bin: %w; without -bin the programs are built", err)
			}
		}
		return dir, nil
	}
	root, err := fleet.ModuleRoot(ctx, "")
	if err != nil {
		return "", fmt.Errorf("%w; with -bin no Go is needed", err)
	}
	dir = filepath.Join(root, ".bin", under)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	out.Printf("building into %s …\n", dir)
	return dir, fleet.Build(ctx, root, dir+string(filepath.Separator), out, slices.Sorted(maps.Values(programs))...)
}
