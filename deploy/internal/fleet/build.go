package fleet

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// ModuleRoot is the folder of the Go module that dir is in; "" is the working directory.
func ModuleRoot(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOMOD")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", errors.New("the folder is in no Go module; change into one, or name it")
	}
	return filepath.Dir(mod), nil
}

// Build builds packages of the module in dir into out: a file or, with a separator at its end, a folder. args are further
// arguments of go build, the packages last. What the compiler says is on c; the error says no more than that it failed.
func Build(ctx context.Context, dir, out string, c *Console, args ...string) error {
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-o", out}, args...)...)
	build.Dir = dir
	log := c.Stream("build", 0)
	defer log.Close()
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}
