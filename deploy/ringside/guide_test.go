//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto/state"
)

// block is a fenced block of the guide, or a comment that is for the test alone.
type block struct {
	line int
	kind string // sh, diff, go, ts, text; or guide
	file string // after the kind: the file that has the text
	text string
}

// blocks reads a page of Markdown.
func blocks(page string) (all []block) {
	var open *block
	for i, line := range strings.Split(page, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		comment, isComment := strings.CutPrefix(line, "<!-- guide: ")
		switch {
		case isFence && open != nil:
			all, open = append(all, *open), nil
		case isFence:
			kind, file, _ := strings.Cut(fence, " ")
			open = &block{line: i + 1, kind: kind, file: file}
		case open != nil:
			open.text += line + "\n"
		case isComment:
			all = append(all, block{line: i + 1, kind: "guide", text: strings.TrimSuffix(comment, " -->")})
		}
	}
	return all
}

// apply makes the changes of a diff whose hunks have no line numbers: each hunk's old text must be in the file once.
func apply(text, diff string) (string, error) {
	for _, hunk := range strings.Split(diff, "\n@@\n")[1:] {
		var before, after strings.Builder
		for line := range strings.Lines(strings.TrimSuffix(hunk, "\n") + "\n") {
			mark, rest := line[:1], line[1:]
			if mark == "\n" {
				mark, rest = " ", "\n"
			}
			if mark != "+" {
				before.WriteString(rest)
			}
			if mark != "-" {
				after.WriteString(rest)
			}
		}
		if n := strings.Count(text, before.String()); n != 1 {
			return "", fmt.Errorf("%d places have\n%s", n, &before)
		}
		text = strings.Replace(text, before.String(), after.String(), 1)
	}
	return text, nil
}

// reader follows the guide.
type reader struct {
	t       *testing.T
	ctx     context.Context
	home    string
	out     *output
	process *exec.Cmd // that runs in the terminal; nil: none
	done    chan error
}

// shell prepares a block of shell commands. It begins in the folder, and with the variables, that the one before has ended with.
func (r *reader) shell(text string) *exec.Cmd {
	script := `set -euo pipefail
if [ -e "$READER/env" ]; then . "$READER/env"; cd "$(cat "$READER/cwd")"; fi
trap 'export -p >"$READER/env"; pwd >"$READER/cwd"' EXIT
` + text
	cmd := exec.CommandContext(r.ctx, "bash", "-c", script)
	cmd.Dir = r.home
	cmd.Env = append(os.Environ(), "READER="+r.home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// file is the path of a file of the game.
func (r *reader) file(name string) string {
	r.t.Helper()
	cwd, err := os.ReadFile(filepath.Join(r.home, "cwd"))
	if err != nil {
		r.t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(cwd)), name)
}

func (r *reader) start(text string) {
	r.t.Helper()
	r.out, r.done = &output{}, make(chan error, 1)
	r.process = r.shell(text)
	r.process.Stdout, r.process.Stderr = r.out, r.out
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	cmd, done := r.process, r.done
	go func() {
		done <- cmd.Wait()
		close(done) // whoever asks again need not wait
	}()
}

// stop presses ^C.
func (r *reader) stop() {
	if r.process == nil {
		return
	}
	_ = syscall.Kill(-r.process.Process.Pid, syscall.SIGINT) // an error means that it has ended
	<-r.done
	r.process = nil
}

// Every block of the guide does what the text says, one after another.
func TestGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	page, err := os.ReadFile("../../docs/your-first-game.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r := &reader{t: t, ctx: ctx, home: t.TempDir()}
	defer r.stop()
	bin := filepath.Join(r.home, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	// The checkout is this one, and ports of this machine may be taken.
	git := "#!/bin/sh\nln -s " + root + " ringside\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(git), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	for name, value := range map[string]string{"GOBIN": bin, "GOPROXY": "off", "GOFLAGS": "-buildvcs=false", "RINGSIDE_FREE_PORTS": "true"} {
		t.Setenv(name, value)
	}
	note := ""
	for _, b := range blocks(string(page)) {
		t.Logf("%s at line %d", b.kind, b.line)
		switch b.kind {
		case "guide":
			note = r.note(b)
			continue
		case "sh":
			r.run(b, note)
		case "diff":
			r.edit(b, note)
		case "go", "ts":
			text, err := os.ReadFile(r.file(b.file))
			if err != nil || !strings.Contains(string(text), b.text) {
				t.Errorf("line %d: %s does not have this text: %v", b.line, b.file, err)
			}
		case "text":
		default:
			t.Errorf("line %d: a block of %q is not known here", b.line, b.kind)
		}
		note = ""
	}
}

// note does what a comment says, or gives it to the block after it.
func (r *reader) note(b block) string {
	r.t.Helper()
	switch b.text {
	case "two players see each other":
		router := r.out.expect(r.ctx, r.t, `play it +(http://127\.0\.0\.1:\d+)/`, r.done)
		meet(r.ctx, r.t, router)
		openTabs(r.ctx, r.t, router)
		return ""
	case "stop":
		r.stop()
		return ""
	}
	return b.text
}

func (r *reader) run(b block, note string) {
	r.t.Helper()
	if until, ok := strings.CutPrefix(note, "start, until "); ok {
		r.start(b.text)
		r.out.expect(r.ctx, r.t, regexp.QuoteMeta(strings.Trim(until, `"`)), r.done)
		return
	}
	if program, ok := strings.CutPrefix(note, "needs "); ok {
		if _, err := exec.LookPath(program); err != nil {
			r.t.Logf("line %d is left out: there is no %s", b.line, program)
			return
		}
	}
	if out, err := r.shell(b.text).CombinedOutput(); err != nil {
		r.t.Fatalf("line %d: %v\n%s\n%s", b.line, err, b.text, out)
	}
}

// edit saves a file with the block's changes, and waits for what the terminal then shows.
func (r *reader) edit(b block, note string) {
	r.t.Helper()
	name, ok := strings.CutPrefix(strings.SplitN(b.text, "\n", 2)[0], "--- a/")
	if !ok {
		r.t.Fatalf("line %d: the diff does not say of which file", b.line)
	}
	text, err := os.ReadFile(r.file(name))
	if err != nil {
		r.t.Fatal(err)
	}
	changed, err := apply(string(text), b.text)
	if err != nil {
		r.t.Fatalf("line %d: %s: %v", b.line, name, err)
	}
	shown := len(r.out.String())
	if err := os.WriteFile(r.file(name), []byte(changed), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if until, ok := strings.CutPrefix(note, "until "); ok {
		for until = strings.Trim(until, `"`); !strings.Contains(r.out.String()[shown:], until); {
			select {
			case err := <-r.done:
				r.t.Fatalf("line %d: the command ended with %v:\n%s", b.line, err, r.out)
			case <-r.ctx.Done():
				r.t.Fatalf("line %d: no %q in\n%s", b.line, until, r.out)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}

// meet connects two players to the lobby and waits until each sees the other's cursor.
func meet(ctx context.Context, t *testing.T, router string) {
	t.Helper()
	type pointer struct {
		X     float32 `state:"range=0..1,step=1/4096"`
		Y     float32 `state:"range=0..1,step=1/4096"`
		Click bool    `state:""`
	}
	type cursor struct {
		X float32 `state:"range=0..1,step=1/4096"`
	}
	codec, err := state.NewCodec[pointer]()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ended := make(chan error, 2)
	var seen atomic.Int64 // players that have seen the other one; nobody leaves before both have
	for name, at := range map[string][2]float32{"ann": {0.25, 0.75}, "bob": {0.75, 0.25}} {
		var inputs *goclient.Inputs[pointer]
		saw := false
		c, err := goclient.Dial(ctx, goclient.Config{
			Router: router, Request: goclient.Request{Game: "dots", Room: "lobby", Player: goclient.Player{Name: name}},
			Events: goclient.Events{Frame: func(c *goclient.Client) {
				_, _ = inputs.Send(pointer{X: at[0]})
				cursors, err := state.RowsOf[cursor](c.State(), "cursors")
				if err != nil {
					t.Error(err)
					c.Close()
					return
				}
				for _, other := range cursors.All() {
					if other.X == at[1] && !saw {
						saw = true
						seen.Add(1)
					}
				}
				if seen.Load() == 2 {
					_ = c.Leave("seen")
				}
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if inputs, err = goclient.NewInputs(c, codec); err != nil {
			t.Fatal(err)
		}
		go func() { ended <- c.Run(ctx) }()
	}
	for range 2 {
		if err := <-ended; err != nil && !errors.Is(err, goclient.ErrClosed) {
			t.Fatal(err)
		}
	}
}

func TestApply(t *testing.T) {
	got, err := apply("a\nb\n\nc\n", "--- a/x\n+++ b/x\n@@\n a\n-b\n+B\n \n@@\n c\n+d\n")
	if err != nil || got != "a\nB\n\nc\nd\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := apply("a\na\n", "x\n@@\n-a\n"); err == nil {
		t.Error("a hunk that fits in two places is applied")
	}
}
