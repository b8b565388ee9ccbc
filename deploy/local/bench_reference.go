package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/flags"
)

// The comparison with the reference servers of rawgws. Two servers run at the same time on core 0, so that whatever else the machine
// does hits both alike: only the ratio counts.
const (
	pairRuns = 5
	pairRamp = 5 * time.Second
	pairTime = 10 * time.Second
)

// pairRooms are the levels of the comparison, in rooms.
var pairRooms = []int{50, 100}

// references are what the server is compared with: flags of rawgws.
var references = []struct{ name, says, flag string }{
	{"gws", "raw gws: a goroutine a connection, the whole state to everybody in a binary frame made once a room", "-floor=false"},
	{"floor", "the floor: one loop that reads and writes each socket once a tick, without a library and nearly without a game", "-floor"},
}

// compare prints what the server costs beside the references.
func (c config) compare(ctx context.Context, bin string, out *fleet.Console) error {
	for _, r := range references {
		if r.name == "floor" && runtime.GOOS != "linux" {
			continue
		}
		out.Printf("\nBeside %s (deploy/local/rawgws),\nboth at once, %d times %v; medians, and ours/%s with its range\n\n", r.says, pairRuns, pairTime, r.name)
		out.Printf("players   CPU µs/player-tick: ours  %5s   ratio (range)         B/s down: ours  %5s   RSS KB/player: ours %5s\n", r.name, r.name, r.name)
		for _, rooms := range pairRooms {
			if err := c.compareLevel(ctx, rooms, bin, r.flag, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareLevel prints one line.
func (c config) compareLevel(ctx context.Context, rooms int, bin, flag string, out *fleet.Console) error {
	var ours, theirs []level
	var ratios []float64
	for range pairRuns {
		a, b, err := c.pair(ctx, rooms, bin, flag, out)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, b)
		ratios = append(ratios, a.Servers[0].CPUPerTick/b.Servers[0].CPUPerTick)
	}
	cpu := func(l level) float64 { return l.Servers[0].CPUPerTick }
	memory := func(l level) float64 { return l.Servers[0].Memory / 1024 }
	down := func(l level) float64 { return l.Down }
	slices.Sort(ratios)
	out.Printf("%7d   %24.2f %6.2f   %5.2f (%.2f to %.2f) %19.0f %6.0f %21.1f %5.1f\n", ours[0].Players, median(ours, cpu), median(theirs, cpu),
		ratios[pairRuns/2], ratios[0], ratios[pairRuns-1], median(ours, down), median(theirs, down), median(ours, memory), median(theirs, memory))
	return nil
}

func median(levels []level, of func(level) float64) float64 {
	var all []float64
	for _, l := range levels {
		all = append(all, of(l))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// pair measures both servers once. The players of the reference come when those of the other do.
func (c config) pair(ctx context.Context, rooms int, bin, flag string, out *fleet.Console) (ours, theirs level, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // ends with the goroutine; see process.start
		var err error
		theirs, err = reference(ctx, rooms, bin, flag, ready)
		if err != nil {
			cancel()
		}
		failed <- err
	}()
	ours, err = c.level(ctx, rooms, bin, pairTime, func() { close(ready) }, out)
	if err != nil {
		cancel()
	}
	if other := <-failed; other != nil {
		return ours, theirs, other
	}
	return ours, theirs, err
}

// reference measures a reference server, when ready is closed.
func reference(ctx context.Context, rooms int, bin, flag string, ready <-chan struct{}) (l level, err error) {
	free, err := net.Listen("tcp", fleet.Loopback(0))
	if err != nil {
		return l, err
	}
	addr := free.Addr().String()
	_ = free.Close()
	program := filepath.Join(bin, "rawgws")
	server := benchCommand(ctx, pinned(fleet.Process{Program: program, Args: []string{flag, "-listen", addr, "-hz", "20"}}, 0))
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return l, err
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	select {
	case <-ctx.Done():
		return l, ctx.Err()
	case <-ready:
	}
	players := benchCommand(ctx, pinned(fleet.Process{Program: program, Args: []string{"-url", "ws://" + addr, "-hz", "20", "-rooms", strconv.Itoa(rooms),
		"-players", strconv.Itoa(benchPlayers), "-for", pairTime.String(), "-ramp", pairRamp.String()}}, 1))
	players.Stderr = os.Stderr
	text, err := players.Output()
	if err != nil {
		return l, fmt.Errorf("the players of the reference server: %w", err)
	}
	return l, json.Unmarshal(text, &l)
}

func benchCommand(ctx context.Context, p fleet.Process) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Program, p.Args...)
	cmd.Env = append(flags.Without(os.Environ()), p.Env...)
	cmd.SysProcAttr = fleet.Attributes()
	return cmd
}
