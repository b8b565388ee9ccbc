package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/proto"
)

// pythonClient is the directory of the client that was written from PROTOCOL.md alone.
const pythonClient = "../../clients/python"

// pythonReport is the last line of that client's output.
type pythonReport struct {
	Alias      string
	Seats      []int    // one a welcome
	Epochs     []string // likewise
	Closes     []proto.CloseCode
	Outcomes   []struct{ Match, Tick, Results any }
	Checks     int
	Violations []string
	Ended      string
}

// TestPythonClients proves that PROTOCOL.md and STATE.md are enough: two clients that were written from them play a match to its
// outcome, while an operator moves the room and then its server is killed. Both keep their seats, see no broken guarantee and are
// told the same outcome.
func TestPythonClients(t *testing.T) {
	if os.Getenv("RINGSIDE_PYTHON") == "" {
		t.Skip("make python-test runs this; it needs the machine for itself")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED, PROTOCOL.md IS NOT PROVEN: there is no python3; install Python 3.10 or later")
	}
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()

	out := fleet.NewConsole(testWriter{t}, false)
	bin, err := binaries(t.Context(), "", out)
	if err != nil {
		t.Fatal(err)
	}
	s, err := onLoopback(memberNames(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	b := newBed(s, config{mode: "redirect", logLevel: "warn"}, bin, rand.New(rand.NewPCG(1, 1)), out)
	defer b.close()
	if err := b.open(t.Context()); err != nil {
		t.Fatal(err)
	}

	const room = "written-from-the-document"
	play := func(name string) func() pythonReport {
		cmd := exec.CommandContext(t.Context(), python, "-m", "ringside", "-router", s.entrance(), "-room", room, "-name", name,
			"-options", `{"tick_rate":20,"round_seconds":12,"seats":2}`, "-for", "60")
		cmd.Dir = pythonClient
		var stdout bytes.Buffer
		log := out.Stream(name, 0)
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, log, time.Second
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait := sync.OnceValue(func() error {
			defer log.Close()
			return cmd.Wait()
		})
		t.Cleanup(func() {
			_ = cmd.Process.Kill() // an error means that it has ended
			_ = wait()
		})
		return func() (r pythonReport) {
			if err := wait(); err != nil {
				t.Errorf("%s ended with %v", name, err)
			}
			if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
				t.Fatalf("%s reported %q: %v", name, stdout.Bytes(), err)
			}
			return r
		}
	}
	ends := []func() pythonReport{play("ann"), play("bob")}

	b.api.http.Timeout = 20 * time.Second // a move waits up to 3 s for its clients, and longer on a busy machine
	leader := b.playing(t, room, len(ends), 40)
	var moved struct{ Server string }
	if err := b.api.call(t.Context(), http.MethodPost, leader, "/v1/rooms/"+room+"/move", &moved); err != nil {
		t.Fatal(err)
	}
	if now := b.playing(t, room, len(ends), 90); now != moved.Server || now == leader {
		t.Fatalf("room moved from %s to %s, and is led by %s", leader, moved.Server, now)
	}
	b.kill(moved.Server)

	ann, bob := ends[0](), ends[1]()
	for _, r := range []pythonReport{ann, bob} {
		t.Logf("%+v", r)
		if len(r.Violations) > 0 {
			t.Errorf("%s saw broken guarantees: %q", r.Alias, r.Violations)
		}
		if len(slices.Compact(slices.Clone(r.Seats))) != 1 {
			t.Errorf("%s was on the seats %v; want the same at every welcome", r.Alias, r.Seats)
		}
		if n := len(slices.Compact(slices.Clone(r.Epochs))); n < 3 {
			t.Errorf("%s was in the epochs %q; want 3: it has not noticed the move and the takeover", r.Alias, r.Epochs)
		}
		if slices.Contains(r.Closes, proto.CloseSeat) {
			t.Errorf("%s was closed with %v: its resume token did not open its seat", r.Alias, r.Closes)
		}
		if r.Checks == 0 {
			t.Errorf("%s compared no hash of the state", r.Alias)
		}
		if r.Ended != "4000 you left the room" {
			t.Errorf("%s ended with %q; want close code 4000", r.Alias, r.Ended)
		}
	}
	if len(ann.Outcomes) == 0 || len(bob.Outcomes) == 0 || !reflect.DeepEqual(ann.Outcomes[0], bob.Outcomes[0]) {
		t.Errorf("the outcomes are %v and %v; want one, the same", ann.Outcomes, bob.Outcomes)
	}
	if slices.Equal(ann.Seats, bob.Seats) {
		t.Errorf("both were on the seats %v", ann.Seats)
	}
}

// playing waits until a room has reached a tick with so many players connected, and has a standby to go to. It gives the server
// that leads the room.
func (b *bed) playing(t *testing.T, room string, players int, tick uint32) (leader string) {
	ctx, cancel := context.WithTimeout(t.Context(), wholeLimit)
	defer cancel()
	for {
		for _, name := range b.servers() {
			rooms, err := b.api.rooms(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rooms {
				if r.Room == room && r.Role == "leading" && r.Connected == players && len(r.Standbys) > 0 && r.Tick >= tick {
					return name
				}
			}
		}
		if err := pauseFor(ctx, wholePoll); err != nil {
			t.Fatalf("after %v, room %s has not reached tick %d with %d players and a standby", wholeLimit, room, tick, players)
		}
	}
}
