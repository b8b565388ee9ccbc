// Mutate changes one operator or constant of a package at a time, and lists the changes that no test of that package notices. Each
// is either a rule without a test, or a change that makes no difference: a person tells which. Without arguments it takes the files
// that differ from -base, with them whole packages.
//
//	go run ./internal/mutate -n 40 ./gameserver/internal/room
//
// The files stay as they are: the compiler is given each changed one by its -overlay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	base := flag.String("base", "HEAD", "`revision`: without packages, the files that differ from it are changed")
	n := flag.Int("n", 40, "how many mutants of each package to try; 0 means all")
	seed := flag.Uint64("seed", 1, "which of them are drawn")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, flag.Args(), *base, *n, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, patterns []string, base string, n int, seed uint64) error {
	only := map[string]bool{} // files; none: all
	if len(patterns) == 0 {
		var err error
		if patterns, only, err = changed(ctx, base); err != nil {
			return err
		}
	}
	targets, err := list(ctx, patterns)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := t.run(ctx, out, only, n, seed); err != nil {
			return err
		}
	}
	return nil
}

// changed gives the folders and the Go files, tests excepted, that differ from a revision.
func changed(ctx context.Context, base string) (folders []string, files map[string]bool, err error) {
	top, err := output(exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel"))
	if err != nil {
		return nil, nil, err
	}
	names, err := output(exec.CommandContext(ctx, "git", "diff", "--name-only", "--diff-filter=d", base, "--", "*.go", ":!*_test.go"))
	if err != nil {
		return nil, nil, err
	}
	files = map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		file := filepath.Join(strings.TrimSpace(top), name)
		files[file] = true
		folders = append(folders, filepath.Dir(file))
	}
	if slices.Sort(folders); len(folders) == 0 {
		return nil, nil, fmt.Errorf("no Go file differs from %s; name packages, or another revision with -base", base)
	}
	return slices.Compact(folders), files, nil
}

// run tries n mutants of the package, drawn by seed, and prints those that survive and a line of figures.
func (t *target) run(ctx context.Context, out io.Writer, only map[string]bool, n int, seed uint64) error {
	all, err := t.mutants(only)
	if err != nil {
		return err
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := t.measure(ctx, dir); err != nil {
		return err
	}
	var count [invalid + 1]int
	tried, unreached := 0, 0
	for _, m := range all {
		if n > 0 && tried == n {
			break
		}
		what := survived
		if t.reached(m) {
			if what, err = t.try(ctx, m, dir); err != nil {
				return err
			}
		} else {
			unreached++
		}
		count[what]++
		if what != invalid {
			tried++
		}
		if what == survived {
			fmt.Fprintln(out, m)
		}
	}
	fmt.Fprintf(out, "%s: %d of %d mutants tried (seed %d): %d noticed, %d survive, %d of them where no test goes\n",
		t.ImportPath, tried, len(all), seed, count[noticed], count[survived], unreached)
	return nil
}

func (t *target) mutants(only map[string]bool) (all []mutant, err error) {
	for _, name := range t.GoFiles {
		file := filepath.Join(t.Dir, name)
		if len(only) > 0 && !only[file] {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := mutants(file, source)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, errors.New(t.ImportPath + " has nothing to change")
	}
	return all, nil
}
