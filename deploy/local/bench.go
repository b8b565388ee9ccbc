package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// The load: rooms of 8 at 20 ticks a second, which is what published figures of other game servers are closest to.
const (
	benchPlayers = 8
	benchOptions = `{"tick_rate":20}`
	benchTime    = 15 * time.Second
	// A level counts if players get this share of the ticks and the 99th percentile of input to acknowledged, in
	// milliseconds, is at most 50 ms over the tick length of 50 ms, which an input sent right after a frame waits.
	benchShare   = 0.98
	benchLatency = 50.0 + 50.0
)

// benchRooms are the levels, in rooms. The load grows until a level does not count.
var benchRooms = []int{50, 100, 200, 300, 400, 500, 600, 800}

// level is what the bots report of one level; see the report in clients/bot.
type level struct {
	Players int     `json:"players"`
	Share   float64 `json:"ticks_share"`
	Latency struct {
		P50 float64 `json:"p50"`
		P99 float64 `json:"p99"`
	} `json:"input_to_ack_ms"`
	Down    float64 `json:"bytes_down_per_player_second"`
	Up      float64 `json:"bytes_up_per_player_second"`
	Broken  int     `json:"broken_invariants_total"`
	Servers []struct {
		CPUPerTick float64 `json:"cpu_us_per_player_tick"`
		CPU        float64 `json:"cpu_cores"`
		Memory     float64 `json:"rss_bytes_per_player"`
	} `json:"servers"`
}

func (l level) counts() bool { return l.Share >= benchShare && l.Latency.P99 <= benchLatency }

// bench measures one game server that has core 0 for itself; router and bots share core 1. Each level has new processes,
// so that memory is counted from an idle server. Then it measures the server beside a reference.
func bench(ctx context.Context, c config, out *fleet.Console) error {
	if runtime.NumCPU() < 2 {
		return errors.New("-bench needs two cores, one for the server and one for the bots")
	}
	if _, err := exec.LookPath("taskset"); err != nil {
		return fmt.Errorf("-bench keeps processes on their cores with taskset, of util-linux: %w", err)
	}
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	bin, err := binariesOf(ctx, c.bin, benchPrograms, "", out)
	if err != nil {
		return err
	}
	out.Printf("rooms of %d, 20 ticks/s, %v a level; server on core 0, router and bots on core 1\n\n", benchPlayers, benchTime)
	out.Printf("players   ticks     p50 ms   p99 ms   CPU µs/player-tick   cores   B/s down   B/s up   RSS KB/player\n")
	most, last := 0, level{}
	for _, rooms := range benchRooms {
		if last, err = c.level(ctx, rooms, bin, benchTime, func() {}, out); err != nil {
			return err
		}
		s := last.Servers[0]
		out.Printf("%7d   %6.2f %%  %6.1f   %6.1f   %18.2f   %5.2f   %8.0f   %6.0f   %13.1f\n", last.Players, 100*last.Share,
			last.Latency.P50, last.Latency.P99, s.CPUPerTick, s.CPU, last.Down, last.Up, s.Memory/1024)
		if !last.counts() {
			break
		}
		most = last.Players
	}
	out.Printf("\nA level counts with %.0f %% of the ticks and p99 ≤ %.0f ms: %d players.\n", 100*benchShare, benchLatency, most)
	if !last.counts() && last.Servers[0].CPU < 0.9 {
		out.Printf("At the last level the server used %.2f of its core: the bots, or this machine, were the limit and not the server.\n", last.Servers[0].CPU)
	}
	if err := c.compareModes(ctx, bin, out); err != nil {
		return err
	}
	return c.compare(ctx, bin, out)
}

// level runs one level for so long. It calls ready before the players come.
func (c config) level(ctx context.Context, rooms int, bin string, length time.Duration, ready func(), out *fleet.Console) (l level, err error) {
	c.servers, c.bots, c.freePorts, c.checks, c.logLevel = 1, 0, true, false, "error"
	addresses, err := fleet.PickAddresses(c.servers, c.freePorts)
	if err != nil {
		return l, err
	}
	p := newPlan(c, bin, addresses)
	measured, core := []string{p.Servers[0].URL + "/metrics"}, 1
	if c.mode == "proxy" { // the router is measured too, on the core of the server
		measured, core = append(measured, p.Router.URL+"/metrics"), 0
	}
	p.Router, p.Servers[0] = pinned(p.Router, core), pinned(p.Servers[0], 0)
	f := fleet.New(p, out)
	defer f.Stop()
	if err := f.Open(ctx); err != nil {
		return l, err
	}
	dir, err := os.MkdirTemp("", "ringside-bench")
	if err != nil {
		return l, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "report.json")
	bots := pinned(fleet.Process{Name: "bots", Program: filepath.Join(bin, "bot"), Args: []string{
		"-router", p.Router.URL, "-rooms", strconv.Itoa(rooms), "-players", strconv.Itoa(benchPlayers), "-for", length.String(), "-ramp", pairRamp.String(),
		"-options", benchOptions, "-measure", strings.Join(measured, ","), "-json", file,
	}}, 1)
	ready()
	cmd := benchCommand(ctx, bots)
	if text, err := cmd.CombinedOutput(); err != nil {
		return l, fmt.Errorf("bots: %w:\n%s", err, text)
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &l)
	}
	if err == nil && len(l.Servers) != len(measured) {
		err = fmt.Errorf("the bots report %d servers", len(l.Servers))
	}
	return l, err
}

// pinned keeps a process on one core.
func pinned(p fleet.Process, core int) fleet.Process {
	p.Args = append([]string{"-c", strconv.Itoa(core), p.Program}, p.Args...)
	p.Program = "taskset"
	p.Env = append(p.Env, "GOMAXPROCS=1")
	return p
}
