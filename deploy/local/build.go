package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the names under which the plan finds what it starts, and where their sources are in the module.
var programs = map[string]string{"router": "./router", "gameserver": "./gameserver", "bot": "./clients/bot"}

// binaries gives the directory that holds the programs: dir if it is given, and otherwise .bin of the module that the
// working directory is in, after building them there.
func binaries(ctx context.Context, dir string, c *console) (string, error) {
	return binariesOf(ctx, dir, programs, "", c)
}

// binariesOf is binaries for other programs, by their names, which it builds into the folder under of .bin.
func binariesOf(ctx context.Context, dir string, programs map[string]string, under string, c *console) (string, error) {
	if dir != "" {
		for name := range programs {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return "", fmt.Errorf("-bin: %w; without -bin the programs are built", err)
			}
		}
		return dir, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w; with -bin no Go is needed", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", errors.New("the working directory is in no Go module; change into Ringside's, or use -bin")
	}
	dir = filepath.Join(filepath.Dir(mod), ".bin", under)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	for _, source := range programs {
		args = append(args, source)
	}
	c.printf("building into %s …\n", dir)
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = filepath.Dir(mod)
	log := c.stream("build", 0)
	defer log.close()
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	return dir, nil
}
