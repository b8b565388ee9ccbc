package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// target is a package whose mutants are tried.
type target struct {
	Dir        string
	ImportPath string
	GoFiles    []string

	idle map[string][]span // what no test runs, by file name
	base time.Duration     // how long its tests take
}

// span is a piece of a file, both ends included.
type span struct{ fromLine, fromCol, toLine, toCol int }

func (s span) has(line, col int) bool {
	after := line > s.fromLine || line == s.fromLine && col >= s.fromCol
	before := line < s.toLine || line == s.toLine && col <= s.toCol
	return after && before
}

// list asks Go for packages.
func list(ctx context.Context, patterns []string) (all []*target, err error) {
	out, err := output(exec.CommandContext(ctx, "go", append([]string{"list", "-json=Dir,ImportPath,GoFiles"}, patterns...)...))
	if err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		t := new(target)
		if err := dec.Decode(t); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// measure runs the tests as they are: they must pass. It keeps what they run, and how long they take.
func (t *target) measure(ctx context.Context, dir string) error {
	profile := filepath.Join(dir, "cover")
	begun := time.Now()
	if _, err := output(exec.CommandContext(ctx, "go", "test", "-short", "-count=1", "-vet=off", "-coverprofile", profile, t.ImportPath)); err != nil {
		return fmt.Errorf("the tests of %s must pass before its mutants are tried: %w", t.ImportPath, err)
	}
	t.base = time.Since(begun)
	f, err := os.Open(profile)
	if err != nil {
		return err
	}
	defer f.Close()
	t.idle = map[string][]span{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s span
		var statements, count int
		name, rest, _ := strings.Cut(lines.Text(), ".go:")
		if n, _ := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &s.fromLine, &s.fromCol, &s.toLine, &s.toCol, &statements, &count); n == 6 && count == 0 {
			base := filepath.Base(name) + ".go"
			t.idle[base] = append(t.idle[base], s)
		}
	}
	return nil
}

// reached reports whether a test may run the mutant's place. A profile does not have all places: the conditions of a switch and
// declarations are in none.
func (t *target) reached(m mutant) bool {
	return !slices.ContainsFunc(t.idle[filepath.Base(m.file)], func(s span) bool { return s.has(m.line, m.col) })
}

// result is what became of a mutant.
type result int

const (
	noticed  result = iota
	survived        // every test passes
	invalid         // it does not compile
)

// try runs the package's tests with the mutant in place of its file. The file itself is left alone.
func (t *target) try(ctx context.Context, m mutant, dir string) (result, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return 0, err
	}
	changed, program, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "mutant.test"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{m.file: changed}})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(os.WriteFile(changed, m.apply(source), 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		return 0, err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, t.ImportPath)
	if _, err := output(build); err != nil {
		return invalid, ctx.Err()
	}
	limit := 3*t.base + 10*time.Second // a loop that does not end is noticed, too
	running, cancel := context.WithTimeout(ctx, limit+5*time.Second)
	defer cancel()
	test := exec.CommandContext(running, program, "-test.short", "-test.failfast", "-test.timeout", limit.String())
	test.Dir, test.WaitDelay = t.Dir, time.Second
	rapid := filepath.Join(t.Dir, "testdata", "rapid") // where it keeps what failed, which is of no use here
	if _, err := os.Stat(rapid); errors.Is(err, os.ErrNotExist) {
		defer os.RemoveAll(rapid)
	}
	if err := test.Run(); err != nil {
		return noticed, ctx.Err()
	}
	return survived, nil
}

// output runs a command; its error has what it printed.
func output(cmd *exec.Cmd) (string, error) {
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, errs.String())
	}
	return string(out), nil
}
