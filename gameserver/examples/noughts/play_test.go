package main

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// patience bounds every wait for processes and sockets. Nothing passes because of it.
const patience = time.Minute

// Two players play a match on a fleet of real processes: this game's server and the stock router.
func TestPlay(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel) // after the processes have stopped
	bin := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), ".", "github.com/ringside-go/ringside/router")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	line := start(ctx, t, filepath.Join(bin, "noughts"), "-name=gs-1", "-listen=127.0.0.1:0")
	line = start(ctx, t, filepath.Join(bin, "router"), "-listen=127.0.0.1:0", "-seeds="+attr(t, line, "gossip"))
	router := attr(t, line, "url")

	nought, cross := enter(ctx, t, router, "Ann"), enter(ctx, t, router, "Bob")
	for i, cell := range []uint8{0, 3, 1, 4, 2} { // the upper row, against the middle one
		mover := []*player{nought, cross}[i%2]
		mover.move(ctx, t, cell, i == 4)
	}
	for _, p := range []*player{nought, cross} {
		select {
		case o := <-p.outcomes:
			if len(o.Results) != 2 || o.Results[0].Alias != nought.alias || o.Results[0].Place != 1 || o.Results[1].Place != 2 {
				t.Errorf("outcome %+v, want that %s has won", o, nought.alias)
			}
		case <-ctx.Done():
			t.Fatal("no outcome came")
		}
	}
}

// start starts a process of the fleet and gives the line of its log with which it begins to serve. The process has to stop at
// SIGTERM, with exit status 0.
func start(ctx context.Context, t *testing.T, program string, args ...string) (line string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, args...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
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
	t.Cleanup(func() {
		if runtime.GOOS == "windows" { // it has no SIGTERM
			_ = cmd.Process.Kill()
		} else {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
		<-read
		if err := cmd.Wait(); err != nil && runtime.GOOS != "windows" {
			t.Errorf("%s: %v\n%s", program, err, all.String())
		}
	})
	if line == "" {
		t.Fatalf("%s did not start:\n%s", program, all.String())
	}
	return line
}

// attr gives an attribute of a log line.
func attr(t *testing.T, line, key string) string {
	t.Helper()
	found := regexp.MustCompile(`\b` + key + `=(\S+)`).FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("no %s in %s", key, line)
	}
	return found[1]
}

// player is a client in the room.
type player struct {
	*goclient.Client
	alias    proto.Alias
	inputs   *goclient.Inputs[Move]
	boards   chan [9]uint8 // the newest one
	outcomes chan proto.Outcome
}

// enter lets a player into the room. The router knows the game server a moment after it has started.
func enter(ctx context.Context, t *testing.T, router, name string) *player {
	t.Helper()
	p := &player{boards: make(chan [9]uint8, 1), outcomes: make(chan proto.Outcome, 1)}
	config := goclient.Config{
		Router:  router,
		Request: goclient.Request{Game: "noughts", Room: "a-room", Player: goclient.Player{Name: name}},
		Events: goclient.Events{
			Frame:   p.frame,
			Outcome: func(_ *goclient.Client, o proto.Outcome) { p.outcomes <- o },
		},
	}
	var err error
	for p.Client, err = goclient.Dial(ctx, config); err != nil; p.Client, err = goclient.Dial(ctx, config) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
	p.alias = p.Welcome().Alias
	codec, err := state.NewCodec[Move]()
	if err != nil {
		t.Fatal(err)
	}
	if p.inputs, err = goclient.NewInputs(p.Client, codec); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		p.Close()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return p
}

// frame keeps the newest board for the test.
func (p *player) frame(c *goclient.Client) {
	cells, err := state.RowsOf[Cell](c.State(), "cells")
	if err != nil {
		return // no board comes, and the test fails
	}
	var board [9]uint8
	for id, cell := range cells.All() {
		board[id] = cell.Mark
	}
	select {
	case <-p.boards:
	default:
	}
	p.boards <- board
}

// move marks a cell and waits until it is marked; last: the match ends with it, and the board is cleared.
func (p *player) move(ctx context.Context, t *testing.T, cell uint8, last bool) {
	t.Helper()
	if _, err := p.inputs.Send(Move{Cell: cell}); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case board := <-p.boards:
			if board[cell] != 0 || last && board == [9]uint8{} {
				return
			}
		case <-ctx.Done():
			t.Fatalf("cell %d was not marked", cell)
		}
	}
}
