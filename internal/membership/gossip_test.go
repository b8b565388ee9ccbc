package membership

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit bounds every wait for the gossip. It is far above what is measured, for slow machines and the race detector.
const limit = 20 * time.Second

// running is a Gossip whose Run runs.
type running struct {
	*Gossip
	cancel context.CancelCauseFunc
	done   chan error
}

func run(t *testing.T, c Config) *running {
	t.Helper()
	g, err := NewGossip(c)
	if err != nil {
		t.Fatal(err)
	}
	g.memory = testMemory
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &running{g, cancel, make(chan error, 1)}
	go func() { r.done <- g.Run(ctx) }()
	t.Cleanup(func() { r.end(t, ErrKilled) })
	return r
}

// end ends Run with cause, once.
func (r *running) end(t *testing.T, cause error) {
	t.Helper()
	if r.done == nil {
		return
	}
	r.cancel(cause)
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(limit):
		t.Error("Run has not returned")
	}
	r.done = nil
}

// await waits until the view is as wanted, woken by Changed alone.
func (r *running) await(t *testing.T, what string, wanted func(v *View) bool) {
	t.Helper()
	timeout := time.After(limit)
	for {
		changed := r.Changed()
		if wanted(r.View()) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%s does not see %s within %v: %+v", r.View().Self.Name, what, limit, r.View().Members)
		}
	}
}

func sees(want ...string) func(v *View) bool {
	return func(v *View) bool {
		var got []string
		for _, m := range v.Members {
			got = append(got, string(m.Name))
		}
		return slices.Equal(got, want)
	}
}

func TestFleetComesChangesAndGoes(t *testing.T) {
	a := run(t, testConfig("a"))
	fleet := []*running{a}
	for _, name := range []ServerName{"b", "c", "d"} {
		fleet = append(fleet, run(t, testConfig(name, a.Addr())))
	}
	for _, r := range fleet {
		r.await(t, "all four", sees("a", "b", "c", "d"))
		if !r.Joined() {
			t.Errorf("%s has not joined", r.View().Self.Name)
		}
	}
	if home, _ := a.View().Placement().Home("lobby"); home != mustHome(fleet[3].View(), "lobby") {
		t.Errorf("homes differ: %s and %s", home, mustHome(fleet[3].View(), "lobby"))
	}

	fleet[1].Update(func(m *Member) { m.State, m.Weight = Draining, 7 })
	if self := fleet[1].View().Self; self.State != Draining {
		t.Errorf("b's own view comes late: %+v", self)
	}
	for _, r := range fleet {
		r.await(t, "b draining", func(v *View) bool {
			b, _ := v.Find("b")
			return b.State == Draining && b.Weight == 7 && v.Placement().Len() == 3
		})
	}

	fleet[1].end(t, context.Canceled)
	fleet[3].end(t, ErrKilled)
	for _, r := range []*running{a, fleet[2]} {
		r.await(t, "a and c alone", sees("a", "c"))
	}
}

func mustHome(v *View, room string) string {
	home, _ := v.Placement().Home(room)
	return home
}

// A process that leaves says so; the end of a killed one is proven by its kernel.
func TestLeavingSaysFarewellAndKillingDoesNot(t *testing.T) {
	a := run(t, testConfig("a"))
	for cause, want := range map[error]Reason{ErrKilled: Exited, context.Canceled: Left} {
		b := run(t, testConfig("b", a.Addr()))
		a.await(t, "b", sees("a", "b"))
		b.await(t, "a", sees("a", "b"))
		b.end(t, cause)
		a.await(t, "that b is gone", sees("a"))
		if gone, ok := a.View().FindGone("b"); !ok || gone.Reason != want || !gone.Proven() {
			t.Errorf("ended by %v, b is gone because it %s, want %s", cause, gone.Reason, want)
		}
	}
}

// The new boot is seen although the old one still counts as alive.
func TestRestartUnderTheSameNameIsSeen(t *testing.T) {
	a := run(t, testConfig("a"))
	old := run(t, testConfig("b", a.Addr()))
	a.await(t, "b", sees("a", "b"))
	before, _ := a.View().Find("b")
	old.end(t, ErrKilled)
	c := testConfig("b", a.Addr())
	c.Self.URL = "http://127.0.0.1:9999"
	c.Self.Since = before.Since.Add(time.Second)
	again := run(t, c)
	a.await(t, "b at its new place", func(v *View) bool {
		b, _ := v.Find("b")
		return b.URL == c.Self.URL && b.Boot == again.View().Self.Boot && b.Boot != before.Boot
	})
	if settled := a.View().Settled; !settled.After(before.Since) {
		t.Errorf("settled %v, before the restart", settled)
	}
}

func TestSeedMayComeLate(t *testing.T) {
	reserved, err := NewGossip(testConfig("a"))
	if err != nil {
		t.Fatal(err)
	}
	reserved.Close()
	logs := new(logBuffer)
	cb := testConfig("b", reserved.Addr())
	cb.Logger = logs.logger()
	b := run(t, cb)
	logs.await(t, "cannot join a seed")
	if b.Joined() {
		t.Error("b has joined nobody")
	}
	ca := testConfig("a")
	ca.Bind = reserved.Addr()
	a := run(t, ca)
	a.await(t, "both", sees("a", "b"))
	b.await(t, "both", sees("a", "b"))
	logs.await(t, "seed joined")
}

func TestOwnSeedIsSkipped(t *testing.T) {
	reserved, err := NewGossip(testConfig("a"))
	if err != nil {
		t.Fatal(err)
	}
	reserved.Close()
	_, port, _ := net.SplitHostPort(reserved.Addr())
	logs := new(logBuffer)
	c := testConfig("a", "localhost:"+port)
	c.Bind, c.Logger = reserved.Addr(), logs.logger()
	a := run(t, c)
	for deadline := time.Now().Add(limit); !a.Joined(); {
		if time.Now().After(deadline) {
			t.Fatalf("a has not found that it is the seed: %s", logs)
		}
		<-time.After(time.Millisecond)
	}
}

func TestOtherKeysAndClustersAreRefused(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 32)
	ca := testConfig("a")
	ca.Key, ca.Cluster = key, "blue"
	a := run(t, ca)
	for name, change := range map[ServerName]func(c *Config){
		"wrong-key":     func(c *Config) { c.Key = bytes.Repeat([]byte{2}, 32) },
		"no-key":        func(c *Config) { c.Key = nil },
		"wrong-cluster": func(c *Config) { c.Cluster = "green" },
	} {
		c := testConfig(name, a.Addr())
		logs := new(logBuffer)
		c.Key, c.Cluster, c.Logger = key, "blue", logs.logger()
		change(&c)
		other := run(t, c)
		logs.await(t, "cannot join a seed")
		if other.Joined() || len(other.View().Members) != 1 {
			t.Errorf("%s has joined: %+v", name, other.View().Members)
		}
	}
	cb := testConfig("b", a.Addr())
	cb.Key, cb.Cluster = key, "blue"
	b := run(t, cb)
	b.await(t, "both", sees("a", "b"))
	a.await(t, "both and nobody else", sees("a", "b"))
}

func TestForeignMetadataIsNotSeen(t *testing.T) {
	a, err := NewGossip(testConfig("a"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	d := delegate{a}
	good := server("b", "1", 0)
	d.NotifyJoin(node("b-1", appendMetadata(nil, &good)))
	a.refresh()
	if !sees("a", "b")(a.View()) {
		t.Fatalf("members %+v", a.View().Members)
	}
	d.NotifyUpdate(node("b-1", []byte{99}))
	a.refresh()
	if !sees("a")(a.View()) {
		t.Errorf("members %+v", a.View().Members)
	}
}

func node(name string, meta []byte) *memberlist.Node {
	return &memberlist.Node{Name: name, Addr: net.IPv4(192, 0, 2, 1), Port: 7946, Meta: meta}
}

// logBuffer holds the lines of a logger.
type logBuffer struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

func (l *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(limit); !strings.Contains(l.String(), text); {
		if time.Now().After(deadline) {
			t.Fatalf("no line with %q within %v: %s", text, limit, l)
		}
		<-time.After(time.Millisecond)
	}
}
