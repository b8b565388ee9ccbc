//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every block of the guide to results does what the text says, on a fleet whose ports are free ones.
func TestResultsGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	text, err := os.ReadFile("../../docs/results.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := &reader{t: t, ctx: ctx, home: t.TempDir()}
	defer r.stop()
	defer func() { _ = exec.Command("bash", "-c", "kill $(cat "+r.home+"/pids)").Run() }() // what a guide that broke off left
	// make run, with fewer processes.
	fake := fmt.Sprintf("#!/bin/sh\ncd %s && exec go run ./deploy/local -servers 1 -bots 1 -players 2 -free-ports -state %s ${2#RUN=}\n", root, filepath.Join(r.home, "state"))
	if err := os.WriteFile(filepath.Join(r.home, "make"), []byte(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(r.home, "ringside"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", r.home+string(filepath.ListSeparator)+os.Getenv("PATH"))
	page := string(text)
	for _, port := range []string{"9101", "9102"} {
		page = strings.ReplaceAll(page, port, freePort(t))
	}
	const router = "http://127.0.0.1:8080"
	found := regexp.MustCompile(`play it +(http://127\.0\.0\.1:\d+)/`)
	note := ""
	for _, b := range blocks(page) {
		t.Logf("%s at line %d", b.kind, b.line)
		switch b.kind {
		case "guide":
			if note = b.text; note == "stop" {
				r.stop()
				note = ""
			}
			continue
		case "sh":
			if r.out != nil {
				if m := found.FindStringSubmatch(r.out.String()); m != nil {
					b.text = strings.ReplaceAll("export ROUTER="+router+"\n"+b.text, router, m[1])
				}
			}
			r.runPrinting(b, note)
		case "go", "js":
			name, ok := strings.CutPrefix(note, "save ")
			if !ok {
				t.Fatalf("line %d: the file for this block is not named", b.line)
			}
			if err := os.WriteFile(r.file(name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		case "json":
		default:
			t.Errorf("line %d: a block of %q is not known here", b.line, b.kind)
		}
		note = ""
	}
}

// runPrinting runs a block, which must print what the note says: at once, or, since others must come first, sooner or later.
func (r *reader) runPrinting(b block, note string) {
	r.t.Helper()
	if needs, ok := strings.CutPrefix(note, "needs "); ok {
		program, rest, _ := strings.Cut(needs, "; ")
		if _, err := exec.LookPath(program); err != nil {
			r.t.Logf("line %d is left out: there is no %s", b.line, program)
			return
		}
		note = rest
	}
	want, ok := strings.CutPrefix(note, "prints ")
	if !ok {
		r.run(b, note)
		return
	}
	want, later := strings.CutSuffix(want, ", sooner or later")
	for {
		out, err := r.shell(b.text).CombinedOutput()
		if err == nil && strings.Contains(string(out), want) {
			return
		}
		if !later || r.ctx.Err() != nil {
			r.t.Fatalf("line %d: %v; no %q in what\n%s\nprints:\n%s", b.line, err, want, b.text, out)
		}
		time.Sleep(50 * time.Millisecond) // a process of the guide is on its way
	}
}

// freePort gives a port that nobody listens on now.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
