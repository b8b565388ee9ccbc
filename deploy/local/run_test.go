package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/internal/fleet/fleettest"
)

const testTimeout = 20 * time.Second

// TestMain lets the test's own program stand for those that a fleet consists of, by the name that it is called by.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "local":
		main()
	case "router", "gameserver", "bot":
		standIn(filepath.Base(os.Args[0]), os.Args[1:])
	default:
		os.Exit(m.Run())
	}
}

// standIns gives a directory with the programs.
func standIns(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"router", "gameserver", "bot", "local"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Skip(err) // no symbolic links here
		}
	}
	return dir
}

// output is what a fleet printed, readable while it runs.
type output struct{ fleettest.Output }

// expect waits for a line with text and gives the groups of the match.
func (o *output) expect(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(testTimeout); ; time.Sleep(5 * time.Millisecond) {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q within %v in\n%s", pattern, testTimeout, o)
		}
	}
}

func testConfig(t *testing.T) config {
	return config{servers: 2, bots: 3, players: 4, mode: "redirect", freePorts: true, bin: standIns(t), logLevel: "info"}
}

func start(ctx context.Context, c config) (*output, chan error) {
	out, done := &output{}, make(chan error, 1)
	go func() { done <- run(ctx, c, fleet.NewConsole(out, false)) }()
	return out, done
}

func wait(t *testing.T, done chan error, out *output) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(testTimeout):
		t.Fatalf("it does not end:\n%s", out)
		return nil
	}
}

func TestRunStartsWatchesAndEnds(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out, done := start(ctx, testConfig(t))
	url := out.expect(t, `watch it +(http://127\.0\.0\.1:\d+)/`)[1]
	out.expect(t, `bots     │ up -router `+regexp.QuoteMeta(url)+` -rooms 3 -players 4 -for 0\n`)
	pid, err := strconv.Atoi(out.expect(t, `game-2 .* kill it: kill -9 (\d+)`)[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	out.expect(t, fmt.Sprintf(`game-2 \(pid %d\) ended: signal: killed\. It is not restarted\.`, pid))
	stop()
	if err := wait(t, done, out); !errors.Is(err, context.Canceled) {
		t.Errorf("run returned %v", err)
	}
	all := out.String()
	for _, name := range []string{"router-1", "game-1  ", "bots    "} {
		if !strings.Contains(all, name+" │ ends softly\n") {
			t.Errorf("%s did not end softly:\n%s", name, all)
		}
	}
	if strings.Index(all, "bots     │ ends softly") > strings.Index(all, "game-1   │ ends softly") {
		t.Errorf("the servers ended before the bots:\n%s", all)
	}
	if _, err := http.Get(url + "/v1/fleet"); err == nil {
		t.Error("the router still answers")
	}
}

func TestRunFailsWhenAServerDoesNotStart(t *testing.T) {
	c := testConfig(t)
	c.logLevel = "fail"
	out, done := start(context.Background(), c)
	if err := wait(t, done, out); err == nil || !strings.Contains(err.Error(), "ended while the fleet was starting: exit status 3") {
		t.Errorf("run returned %v", err)
	}
	out.expect(t, `game-\d   │ no luck\n`)
}

func TestRunEndsWhenNothingIsLeft(t *testing.T) {
	c := testConfig(t)
	out, done := start(context.Background(), c)
	out.expect(t, `bots     │ up`)
	for _, name := range []string{"router-1", "game-1", "game-2"} {
		pid, _ := strconv.Atoi(out.expect(t, name+` .* kill it: kill -9 (\d+)`)[1])
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err := wait(t, done, out); err == nil || !strings.Contains(err.Error(), "no process of the fleet is left") {
		t.Errorf("run returned %v", err)
	}
	out.expect(t, `bots     │ ends softly`)
}

func TestStopKillsTheStubborn(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, ended := &output{}, make(chan *fleet.Child, 2)
	p := fleet.Process{Name: "game-1", Program: filepath.Join(standIns(t), "gameserver"), Args: []string{"-log-level", "stubborn"}}
	stubborn, err := p.Start(fleet.NewConsole(out, false), 0, ended)
	if err != nil {
		t.Fatal(err)
	}
	out.expect(t, "up")
	fleet.Stop([]*fleet.Child{stubborn}, 50*time.Millisecond)
	if v := stubborn.Verdict(); v != "signal: killed" {
		t.Errorf("it ended with %s", v)
	}
}

func TestMissingProgram(t *testing.T) {
	c := testConfig(t)
	c.bin = t.TempDir()
	out, done := start(context.Background(), c)
	if err := wait(t, done, out); err == nil || !strings.Contains(err.Error(), "-bin") {
		t.Errorf("run returned %v", err)
	}
}

// A fleet whose starter is killed is killed by the kernel.
func TestNothingOutlivesItsStarter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children of their parent's death")
	}
	bin := standIns(t)
	out := &output{}
	local := exec.Command(filepath.Join(bin, "local"), "-bin", bin, "-servers", "2", "-free-ports")
	local.Stdout, local.Stderr = out, out
	if err := local.Start(); err != nil {
		t.Fatal(err)
	}
	url := out.expect(t, `watch it +(http://127\.0\.0\.1:\d+)/`)[1]
	if err := local.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = local.Wait()
	for deadline := time.Now().Add(testTimeout); ; time.Sleep(5 * time.Millisecond) {
		if _, err := http.Get(url + "/v1/fleet"); err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the router outlives its starter")
		}
	}
}
