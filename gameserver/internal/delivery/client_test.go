package delivery

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/spool"
	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// bed is a client and its spool, and what the rooms were told.
type bed struct {
	*Client
	spool   *spool.Spool
	stop    func()
	mu      sync.Mutex
	routers []string
	told    map[outcome.ID][]outcome.Answer
}

// start opens the spool of dir; empty: in memory.
func start(t *testing.T, dir string, routers ...string) *bed {
	t.Helper()
	b := &bed{routers: routers, told: map[outcome.ID][]outcome.Answer{}}
	c := spool.DefaultConfig()
	c.Durable = func(ids []outcome.ID) { b.Wake(ids) }
	b.spool = spool.InMemory(c)
	if dir != "" {
		var err error
		if b.spool, err = spool.Open(dir, c); err != nil {
			t.Fatal(err)
		}
	}
	b.Client = New(Config{Spool: b.spool, HTTP: &http.Client{}, Logger: slog.New(slog.DiscardHandler),
		Routers: func() []string {
			b.mu.Lock()
			defer b.mu.Unlock()
			return slices.Clone(b.routers)
		},
		Decided: func(id outcome.ID, _ []byte, a outcome.Answer) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told[id] = append(b.told[id], a)
		}})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = b.spool.Run(ctx) })
	done.Go(func() { _ = b.Client.Run(ctx) })
	b.stop = sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(b.stop)
	return b
}

func (b *bed) verdicts(id outcome.ID) (s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.told[id] {
		s += string(a.Verdict) + " "
	}
	return s
}

func decided(match uint32, score int32) *outcome.Outcome {
	return &outcome.Outcome{Instance: 7, Match: match, Room: "r", Game: "arena",
		Results: []outcome.Result{{Player: "ann", Alias: "<Ann> & \u2028", Place: 1, Score: score}}}
}

func queue(t *testing.T, b *bed, counter uint32, list ...*outcome.Outcome) {
	t.Helper()
	if err := b.Queue(outcome.Epoch{Counter: counter, Server: "gs-1"}, 1, list); err != nil {
		t.Fatal(err)
	}
}

func id(match uint32) outcome.ID { return outcome.ID{Instance: 7, Match: match} }

// eventually polls: the other side is a socket.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("a minute later it is not so that %s", what)
		}
	}
}

// router answers batches as a test says.
func router(t *testing.T, answer func(w http.ResponseWriter, batch outcome.Batch)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var batch outcome.Batch
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil || r.URL.Path != "/internal/v1/outcomes" {
			t.Errorf("%s: %v", r.URL, err)
		}
		answer(w, batch)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// take answers a batch as a store without conflicts does; a body with score -1 is invalid.
func take(w http.ResponseWriter, batch outcome.Batch) {
	var answers outcome.Answers
	for n, e := range batch.Entries {
		o, err := outcome.Parse(e.Body)
		if err != nil || o.Results[0].Score == -1 {
			answers.Answers = append(answers.Answers, outcome.Answer{Verdict: outcome.Invalid, Reason: "no"})
			continue
		}
		answers.Answers = append(answers.Answers, outcome.Answer{Verdict: outcome.Stored, Seq: int64(n + 1)})
	}
	b, _ := outcome.Encode(answers)
	_, _ = w.Write(b)
}

// A router that is down, one that fails, one that talks nonsense and one that answers too little are passed over, or tried
// again: nothing is lost, and each outcome is told once.
func TestDelivery(t *testing.T) {
	broken := map[string]func(w http.ResponseWriter, batch outcome.Batch){
		"fails":      func(w http.ResponseWriter, _ outcome.Batch) { w.WriteHeader(503) },
		"closes":     func(http.ResponseWriter, outcome.Batch) { panic(http.ErrAbortHandler) },
		"nonsense":   func(w http.ResponseWriter, _ outcome.Batch) { fmt.Fprint(w, "<html>") },
		"no answers": func(w http.ResponseWriter, _ outcome.Batch) { fmt.Fprint(w, "{}") },
		"no verdicts": func(w http.ResponseWriter, b outcome.Batch) {
			fmt.Fprint(w, `{"answers":[`+strings.Repeat("{},", len(b.Entries)-1)+`{}]}`)
		},
		"refuses":       func(w http.ResponseWriter, _ outcome.Batch) { w.WriteHeader(400) },
		"finds it long": func(w http.ResponseWriter, _ outcome.Batch) { w.WriteHeader(413) },
	}
	for name, answer := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad, good := router(t, answer), router(t, take)
			b := start(t, t.TempDir(), bad, "http://127.0.0.1:1")
			queue(t, b, 1, decided(1, 5), decided(2, 5), decided(3, 5))
			eventually(t, "the trouble is seen", func() bool { _, err := b.State(); return err != nil })
			if b.verdicts(id(1)) != "" || b.spool.State().Waiting != 3 {
				t.Errorf("told %q, spool %+v", b.verdicts(id(1)), b.spool.State())
			}
			b.mu.Lock()
			b.routers = []string{"http://127.0.0.1:1", good}
			b.mu.Unlock()
			eventually(t, "all is delivered", func() bool { _, err := b.State(); return err == nil && b.spool.State().Waiting == 0 })
			for match := range uint32(3) {
				if got := b.verdicts(id(match + 1)); got != "stored " {
					t.Errorf("match %d was told %q", match+1, got)
				}
			}
		})
	}
}

// An outcome that a router cannot take stays in the spool and holds up no other. The room hears of it once.
func TestInvalidIsKept(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir, router(t, take))
	queue(t, b, 1, decided(1, -1), decided(2, 5))
	queue(t, b, 1, decided(3, 5))
	eventually(t, "the others are delivered", func() bool { return b.verdicts(id(2)) != "" && b.verdicts(id(3)) != "" })
	eventually(t, "it is visible", func() bool { _, err := b.State(); return err != nil })
	b.stop()
	if b.verdicts(id(1)) != "invalid " || b.spool.State().Waiting != 1 {
		t.Errorf("told %q, spool %+v", b.verdicts(id(1)), b.spool.State())
	}
	// A newer router takes it, from the next process.
	b = start(t, dir, router(t, func(w http.ResponseWriter, batch outcome.Batch) {
		b, _ := outcome.Encode(outcome.Answers{Answers: slices.Repeat([]outcome.Answer{{Verdict: outcome.Stored, Seq: 4}}, len(batch.Entries))})
		_, _ = w.Write(b)
	}))
	eventually(t, "it is delivered", func() bool { return b.verdicts(id(1)) == "stored " })
}

func TestBadOutcome(t *testing.T) {
	b := start(t, "")
	if err := b.Queue(outcome.Epoch{Counter: 1, Server: "gs"}, 1, []*outcome.Outcome{decided(1, 1), {}}); err == nil || b.spool.State().Queued > 0 {
		t.Errorf("Queue answers %v", err)
	}
}

// process is the router's side, as a process of its own.
type process struct {
	cmd *exec.Cmd
	url string
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func run(t *testing.T, program string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, strings.TrimSpace(line)}
	t.Cleanup(p.kill)
	return p
}

// The real store is killed again and again in the middle of batches, its clock is set back and forth, and the game server's process
// ends in between: every outcome is in the store once, in order, with the body that the room was told.
func TestStoreIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program and runs it")
	}
	program := filepath.Join(t.TempDir(), "testserver")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/ringside-go/ringside/router/internal/resultsapi/testserver").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, spooled := t.TempDir(), t.TempDir()
	const rounds, each = 8, 60
	var match uint32
	told := map[outcome.ID]bool{}
	for round := range rounds {
		clock := "0s"
		if round%2 == 1 {
			clock = "-9600h" // it was set back
		}
		p := run(t, program, data, clock)
		b := start(t, spooled, p.url)
		for range each {
			match++
			queue(t, b, 1, decided(match, int32(match)))
		}
		want := min(round*10, each) // so many outcomes are told before the store is killed; more need not wait
		eventually(t, "some are told", func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.told) >= want
		})
		p.kill()
		b.stop()
		for id, answers := range b.told {
			told[id] = true
			if len(answers) != 1 || answers[0].Verdict != outcome.Stored {
				t.Errorf("%v was told %v", id, answers)
			}
		}
	}
	p := run(t, program, data)
	b := start(t, spooled, p.url)
	eventually(t, "the rest is delivered", func() bool { return b.spool.State().Waiting == 0 })
	// A second leader meets what is stored, and a higher epoch.
	queue(t, b, 1, decided(1, 99))
	eventually(t, "the conflict is told", func() bool { return strings.Contains(b.verdicts(id(1)), "conflict") })
	if a, err := b.Takeover(t.Context(), outcome.Takeover{Instance: 7, Epoch: outcome.Epoch{Counter: 2, Server: "gs-2"}}); err != nil || !a.OK {
		t.Errorf("takeover: %+v, %v", a, err)
	}
	queue(t, b, 1, decided(match+1, 1))
	eventually(t, "the fence is told", func() bool { return b.verdicts(id(match+1)) == "fenced " })
	got, err := http.Get(p.url + "/v1/outcomes?limit=500")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	var page struct {
		Outcomes []struct {
			Seq     int64           `json:"seq"`
			Outcome json.RawMessage `json:"outcome"`
		} `json:"outcomes"`
	}
	if err := json.NewDecoder(got.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]bool{}
	for n, row := range page.Outcomes {
		o, err := outcome.Parse(row.Outcome)
		if err != nil || row.Seq != int64(n+1) || seen[o.Match] || o.Results[0].Score != int32(o.Match) || o.Instance != proto.Instance(7) {
			t.Errorf("row %d is %s: %v", row.Seq, row.Outcome, err)
			continue
		}
		seen[o.Match] = true
	}
	if len(seen) != rounds*each {
		t.Errorf("%d outcomes are stored, want %d", len(seen), rounds*each)
	}
	for id := range told {
		if !seen[id.Match] {
			t.Errorf("%v was told and is not stored", id)
		}
	}
}
