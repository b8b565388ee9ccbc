// Package play plays the games of the examples as an outsider would: it builds a game's server and the stock router, starts them as
// processes, and enters with clients.
package play

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for processes and sockets. Nothing passes because of it.
const patience = 2 * time.Minute

// Fleet is a game server of the package in the working directory, and a router with the files of its folder page.
type Fleet struct {
	Router string // base URL

	ctx context.Context
	t   testing.TB
}

// Start builds and starts a fleet. It stops with the test.
func Start(t testing.TB) *Fleet {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel) // after the processes have stopped
	bin := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), ".", "github.com/ringside-go/ringside/router")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	f := &Fleet{ctx: ctx, t: t}
	line := f.start(filepath.Join(bin, filepath.Base(dir)), "-name=gs-1", "-listen=127.0.0.1:0")
	line = f.start(filepath.Join(bin, "router"), "-listen=127.0.0.1:0", "-seeds="+attr(t, line, "gossip"), "-pages="+filepath.Join(dir, "page"))
	f.Router = attr(t, line, "url")
	return f
}

// Page fails the test unless the router serves the game's page: its document, with the script and the client that it loads.
func (f *Fleet) Page() {
	f.t.Helper()
	for path, want := range map[string]string{"/": "/assets/game.js", "/assets/game.js": "/assets/ringside.js", "/assets/ringside.js": "join", "/assets/game.css": "{"} {
		body, err := f.get(path)
		if err != nil || !strings.Contains(body, want) {
			f.t.Errorf("%s: %v; it has no %q", path, err, want)
		}
	}
}

func (f *Fleet) get(path string) (string, error) {
	req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, f.Router+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(body), err
}

// start starts a process of the fleet and gives the line of its log with which it begins to serve. The process has to stop at
// SIGTERM, with exit status 0.
func (f *Fleet) start(program string, args ...string) (line string) {
	f.t.Helper()
	cmd := exec.CommandContext(f.ctx, program, args...)
	log, err := cmd.StderrPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	var all strings.Builder
	lines := bufio.NewScanner(log)
	next := func() bool {
		more := lines.Scan()
		all.WriteString(lines.Text() + "\n")
		return more
	}
	for line == "" && next() {
		if strings.Contains(lines.Text(), "starts") {
			line = lines.Text()
		}
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for next() {
		}
	}()
	f.t.Cleanup(func() {
		if runtime.GOOS == "windows" { // it has no SIGTERM
			_ = cmd.Process.Kill()
		} else {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
		<-read
		if err := cmd.Wait(); err != nil && runtime.GOOS != "windows" {
			f.t.Errorf("%s: %v\n%s", program, err, all.String())
		}
	})
	if line == "" {
		<-read
		f.t.Fatalf("%s did not start:\n%s", program, all.String())
	}
	return line
}

// attr gives an attribute of a log line.
func attr(t testing.TB, line, key string) string {
	t.Helper()
	found := regexp.MustCompile(`\b` + key + `=(\S+)`).FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("no %s in %s", key, line)
	}
	return found[1]
}
