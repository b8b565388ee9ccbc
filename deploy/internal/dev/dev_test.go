package dev

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/internal/fleet/fleettest"
	"github.com/ringside-go/ringside/deploy/internal/scaffold"
	"github.com/ringside-go/ringside/proto/state"
)

// patience bounds every wait for builds, processes and sockets. Nothing passes because of it.
const patience = 5 * time.Minute

type output struct{ fleettest.Output }

// bed is a game under development, and a player in it.
type bed struct {
	t    *testing.T
	ctx  context.Context
	dir  string
	out  output
	done chan error
}

// expect waits for text that matches, and gives the last group.
func (b *bed) expect(pattern string) string {
	b.t.Helper()
	re := regexp.MustCompile(pattern)
	var found string
	b.until(pattern, func() bool {
		m := re.FindStringSubmatch(b.out.String())
		if m != nil {
			found = m[len(m)-1]
		}
		return m != nil
	})
	return found
}

func (b *bed) until(what string, reached func() bool) {
	b.t.Helper()
	for !reached() {
		select {
		case err := <-b.done:
			b.t.Fatalf("dev ended with %v before %s:\n%s", err, what, &b.out)
		case <-b.ctx.Done():
			b.t.Fatalf("not reached: %s\n%s", what, &b.out)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// edit replaces text of game.go, which is a save.
func (b *bed) edit(pairs ...string) {
	b.t.Helper()
	file := filepath.Join(b.dir, "game.go")
	text, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			b.t.Fatalf("game.go has no %q", pairs[i])
		}
	}
	if err := os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

type pointer struct {
	X     float32 `state:"range=0..1,step=1/4096"`
	Y     float32 `state:"range=0..1,step=1/4096"`
	Click bool    `state:""`
}

type cursor struct {
	X float32 `state:"range=0..1,step=1/4096"`
}

// A room moves to the new build at each save, with a field more as well; a build that fails changes nothing; and a field that
// cannot be carried over is named, and ends the room.
func TestSavesHandRoomsOver(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	b := newBed(t)
	devCtx, stop := context.WithCancel(b.ctx)
	go func() {
		b.done <- Run(devCtx, Config{Dir: b.dir, FreePorts: true, LogLevel: "warn", Console: fleet.NewConsole(&b.out, false)})
	}()
	router := b.expect(`play it +(http://127\.0\.0\.1:\d+)/`)

	var ticks, x, dots, moves, lost atomic.Int64
	var server atomic.Value
	var violations []string
	codec, err := state.NewCodec[pointer]()
	if err != nil {
		t.Fatal(err)
	}
	var inputs *goclient.Inputs[pointer]
	client, err := goclient.Dial(b.ctx, goclient.Config{
		Router: router, Request: goclient.Request{Game: "mine", Room: "a-room", Player: goclient.Player{Name: "ann"}},
		Events: goclient.Events{
			Schema:  func(*goclient.Client) error { return nil },
			Entered: func(c *goclient.Client) { server.Store(string(c.Welcome().Server)) },
			Frame: func(c *goclient.Client) {
				ticks.Store(int64(c.Tick()))
				cursors, err := state.RowsOf[cursor](c.State(), "cursors")
				if err != nil {
					t.Error(err)
				}
				row, _ := cursors.Get(0)
				x.Store(int64(row.X * 4096))
				if all, err := state.RowsOf[cursor](c.State(), "dots"); err == nil {
					dots.Store(int64(all.Len()))
				}
				_, _ = inputs.Send(pointer{X: 0.25, Y: 0.75, Click: dots.Load() == 0}) // it fails while the client is coming back
			},
			Moved: func(_ *goclient.Client, m goclient.Move) {
				if m.Kind != goclient.Handoff || m.MissedTicks != 0 || m.ReplayedTicks != 0 {
					t.Errorf("move %+v, want a handoff that loses nothing", m)
				}
				moves.Add(1)
			},
			RoomLost:  func(*goclient.Client) { lost.Add(1) },
			Violation: func(_ *goclient.Client, _ goclient.Violation, detail string) { violations = append(violations, detail) },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if inputs, err = goclient.NewInputs(client, codec); err != nil {
		t.Fatal(err)
	}
	instance := client.Welcome().Epoch.Instance
	played := make(chan error, 1)
	go func() { played <- client.Run(b.ctx) }()
	b.until("the cursor is at 0.25 and a dot is there", func() bool { return x.Load() == 1024 && dots.Load() > 0 })

	b.edit("cursor.X, cursor.Y = in.X, in.Y", "cursor.X, cursor.Y = in.Y, in.X")
	b.expect(`build-2 is up, .* handing the rooms over took`)
	b.until("the new rules hold in the same room", func() bool { return x.Load() == 3072 && moves.Load() == 1 && dots.Load() > 0 })

	b.edit("Dots uint16  `state:\"owner\"`", "Hue uint8 `state:\"\"`\n\tDots uint16 `state:\"owner\"`", "cursor.X, cursor.Y = in.Y, in.X", "cursor.X, cursor.Y = 0.5, 0.5")
	b.expect(`game mine: field cursors\.hue is new: zero in rooms that go along`)
	b.expect(`build-3 is up, .* handing the rooms over took`)
	b.until("a room with a field more goes on", func() bool { return x.Load() == 2048 && moves.Load() == 2 && dots.Load() > 0 })

	b.edit("cursor.X, cursor.Y = 0.5, 0.5", "cursor.X, cursor.Y = 0.5")
	b.expect(`assignment mismatch`)
	b.expect(`build-3 goes on`)
	tick := ticks.Load()
	b.until("the room goes on after a build that failed", func() bool { return ticks.Load() > tick+5 })

	b.edit("cursor.X, cursor.Y = 0.5", "cursor.X, cursor.Y = 0.5, 0.5")
	b.expect(`built: the program is the same; build-3 keeps running`)
	if out := b.out.String(); strings.Contains(out, "development key") {
		t.Errorf("each build warns of its keys:\n%s", out)
	}

	b.edit("Hue uint8 `state:\"\"`", "Hue string `state:\"max=8\"`")
	b.expect(`game mine: field cursors\.hue was uint8 and is string\. Rooms cannot go along`)
	b.expect(`build-4 is up; the rooms of build-3 have ended`)
	if moves.Load() != 2 {
		t.Errorf("%d moves, want 2", moves.Load())
	}
	if client.Welcome().Epoch.Instance != instance {
		t.Error("the client was put into another instance")
	}
	client.Close()
	<-played
	if len(violations) > 0 {
		t.Errorf("violations: %v", violations)
	}
	stop()
	if err := <-b.done; !errors.Is(err, context.Canceled) {
		t.Errorf("dev ended with %v\n%s", err, &b.out)
	}
	if left, err := filepath.Glob(filepath.Join(b.dir, ".bin", "build-*")); err != nil || len(left) > 0 {
		t.Errorf("builds are left behind: %v, %v", left, err)
	}
}

// newBed writes a game into an empty folder.
func newBed(t *testing.T) *bed {
	t.Helper()
	t.Setenv("GOPROXY", "off") // all that it needs is here already
	t.Setenv("GOFLAGS", "")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	b := &bed{t: t, ctx: ctx, dir: filepath.Join(t.TempDir(), "mine"), done: make(chan error, 1)}
	if _, err := scaffold.Write(scaffold.Game{Dir: b.dir, Template: "cursors", Version: "v0.0.0", Replace: "../../.."}); err != nil {
		t.Fatal(err)
	}
	tidy := exec.CommandContext(ctx, "go", "mod", "tidy")
	tidy.Dir = b.dir
	if out, err := tidy.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}
