package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/internal/fleet/fleettest"
	"github.com/ringside-go/ringside/deploy/internal/scaffold"
	"github.com/ringside-go/ringside/proto/state"
)

// patience bounds every wait for builds, processes and sockets. Nothing passes because of it.
const patience = 4 * time.Minute

// output is what a command printed, readable while it runs.
type output struct{ fleettest.Output }

// expect waits for text that matches and gives the first group.
func (o *output) expect(ctx context.Context, t *testing.T, pattern string, done <-chan error) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case err := <-done:
			t.Fatalf("the command ended with %v before it printed %q:\n%s", err, pattern, o)
		case <-ctx.Done():
			t.Fatalf("no %q in\n%s", pattern, o)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// newGame writes a game into an empty folder as somebody outside of this module does, without the network.
func newGame(ctx context.Context, t *testing.T, template string) string {
	t.Helper()
	t.Setenv("GOPROXY", "off") // all that it needs is here already
	t.Setenv("GOFLAGS", "")
	dir := filepath.Join(t.TempDir(), "mine")
	var out output
	if err := execute(ctx, []string{"new", dir, "-template", template}, nil, &out, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return dir
}

// Each template is a game that builds, passes its tests and is played on a fleet that up starts.
func TestEachTemplateIsPlayed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	type runner struct {
		X float32 `state:"range=0..640,step=1/8"`
	}
	type board struct {
		Cells [9]uint8 `state:"range=0..2"`
	}
	type cursor struct {
		X float32 `state:"range=0..1,step=1/4096"`
	}
	type pointer struct {
		X     float32 `state:"range=0..1,step=1/4096"`
		Y     float32 `state:"range=0..1,step=1/4096"`
		Click bool    `state:""`
	}
	type move struct {
		Cell uint8 `state:"range=0..8"`
	}
	type walk struct {
		MoveX int8 `state:"range=-1..1"`
		MoveY int8 `state:"range=-1..1"`
	}
	plays := map[string]func(context.Context, *testing.T, string){
		"turns": func(ctx context.Context, t *testing.T, router string) {
			play(ctx, t, router, func(int) move { return move{4} }, func(s *state.Store) bool {
				boards, err := state.RowsOf[board](s, "board")
				if err != nil {
					t.Fatal(err)
				}
				b, ok := boards.Get(0)
				return ok && b.Cells[4] == 1
			})
		},
		"arena": func(ctx context.Context, t *testing.T, router string) {
			play(ctx, t, router, func(int) walk { return walk{1, 0} }, func(s *state.Store) bool {
				runners, err := state.RowsOf[runner](s, "runners")
				if err != nil {
					t.Fatal(err)
				}
				r, ok := runners.Get(0)
				return ok && r.X == 640 // it has run to the edge
			})
		},
		"cursors": func(ctx context.Context, t *testing.T, router string) {
			play(ctx, t, router, func(int) pointer { return pointer{0.25, 0.5, true} }, func(s *state.Store) bool {
				cursors, err := state.RowsOf[cursor](s, "cursors")
				if err != nil {
					t.Fatal(err)
				}
				c, ok := cursors.Get(0)
				return ok && c.X == 0.25
			})
		},
	}
	for _, template := range scaffold.Templates {
		t.Run(template, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			dir := newGame(ctx, t, template)
			for _, args := range [][]string{{"gofmt", "-l", "."}, {"go", "vet", "./..."}, {"go", "test", "./..."}} {
				cmd := exec.CommandContext(ctx, args[0], args[1:]...)
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				if err != nil || args[0] == "gofmt" && len(out) > 0 {
					t.Fatalf("%v: %v\n%s", args, err, out)
				}
			}
			var out output
			upCtx, stop := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() {
				done <- execute(upCtx, []string{"up", dir, "-servers=2", "-bots=1", "-free-ports"}, nil, &out, &out)
			}()
			router := out.expect(ctx, t, `play it +(http://127\.0\.0\.1:\d+)/`, done)
			for path, want := range map[string]string{"/": "<title>Mine</title>", "/assets/game.js": `game: "mine"`, "/assets/ringside.js": "export"} {
				if body := get(ctx, t, router+path); !strings.Contains(body, want) {
					t.Errorf("%s has no %q:\n%.300s", path, want, body)
				}
			}
			var types output
			server := out.expect(ctx, t, `game-1 +(http://127\.0\.0\.1:\d+) `, done)
			if err := execute(ctx, []string{"types", "-server", server}, nil, &types, &types); err != nil || !strings.Contains(types.String(), "export interface Mine {") {
				t.Errorf("types of a running server: %v\n%s", err, &types)
			}
			plays[template](ctx, t, router)
			openTabs(ctx, t, router)
			watch(ctx, t, dir, router)
			stop()
			if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(out.String(), "bots     │ 2 players saw ") {
				t.Errorf("up ended with %v\n%s", err, &out)
			}
		})
	}
}

// openTabs plays on the game's page in two tabs of a headless browser, where there are Chromium, Node and the packages of
// clients/web.
func openTabs(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	modules, err := filepath.Abs("../../clients/web/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	chromium, err := exec.LookPath("chromium")
	if _, node := exec.LookPath("node"); err != nil || node != nil || !exists(modules) {
		t.Log("the page is not opened in a browser: it needs chromium, node, and npm ci in clients/web")
		return
	}
	cmd := exec.CommandContext(ctx, "node", "testdata/tabs.mjs", url, chromium, t.TempDir())
	cmd.Env = append(os.Environ(), "MODULES="+modules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("two browser tabs: %v\n%s", err, out)
	}
}

// watch lets the game's bots play, and looks into their room.
func watch(ctx context.Context, t *testing.T, dir, router string) {
	t.Helper()
	var report, rooms, picture output
	botsCtx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- execute(botsCtx, []string{"bots", dir, "-router", router, "--", "-room", "busy"}, nil, &report, &report)
	}()
	for !strings.Contains(rooms.String(), "busy") {
		if err := execute(ctx, []string{"inspect", "-router", router}, nil, &rooms, &rooms); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("the bots ended with %v\n%s", err, &report)
		case <-ctx.Done():
			t.Fatalf("the bots' room is not listed\n%s", &rooms)
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := execute(ctx, []string{"inspect", "busy", "-game", "mine", "-router", router, "-once"}, nil, &picture, &picture); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"room busy · game mine · tick ", "table seats · ", `"bot-1-1"`, "bytes a tick"} {
		if !strings.Contains(picture.String(), want) {
			t.Errorf("the picture has no %q:\n%s", want, &picture)
		}
	}
	stop()
	if err := <-done; err != nil || !strings.Contains(report.String(), "2 players saw ") {
		t.Errorf("the bots ended with %v\n%s", err, &report)
	}
}

func get(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// play enters a room and sends a sample in each frame until the state is as it should become.
func play[T any](ctx context.Context, t *testing.T, router string, sample func(n int) T, reached func(*state.Store) bool) {
	t.Helper()
	codec, err := state.NewCodec[T]()
	if err != nil {
		t.Fatal(err)
	}
	var inputs *goclient.Inputs[T]
	n, ok := 0, false
	c, err := goclient.Dial(ctx, goclient.Config{
		Router: router, Request: goclient.Request{Game: "mine", Room: "a-room", Player: goclient.Player{Name: "ann"}},
		Events: goclient.Events{Frame: func(c *goclient.Client) {
			if ok = ok || reached(c.State()); ok {
				c.Close()
				return
			}
			if _, err := inputs.Send(sample(n)); err != nil {
				t.Error(err)
			}
			n++
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if inputs, err = goclient.NewInputs(c, codec); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(ctx); err != nil || !ok {
		t.Fatalf("after %d samples the state is not as it should be: %v", n, err)
	}
}

// A folder that is not empty, an unknown template and a bad module path are refused before anything is written.
func TestNewRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "mine")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"new", full, "-replace", "../.."}, "is not empty"},
		{[]string{"new", empty, "-replace", "../..", "-template", "chess"}, "write one of turns, arena, cursors"},
		{[]string{"new", empty, "-replace", "../..", "-module", "a b"}, "-module: "},
		{[]string{"new", empty, "-replace", "nowhere"}, "name a checkout of Ringside"},
		{[]string{"new", filepath.Join(t.TempDir(), "with space"), "-replace", "../.."}, "the folder's name is the game's name"},
		{[]string{"new"}, "name one folder for the game"},
	} {
		var out output
		if err := execute(t.Context(), c.args, nil, &out, &out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("a folder was made for a game that was refused")
	}
}
