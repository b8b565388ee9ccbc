package membership

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
)

// simFleet is members on a simulated network, the host of name "n3" being 10.0.0.3. The first one is the seed.
type simFleet struct {
	t       *testing.T
	net     *simnet.Net
	hosts   map[string]*simnet.Host
	members map[string]*running
	logs    map[string]*logBuffer
	seeds   string // names; empty: n1
	prepare func(name string, c *Config)
	dials   map[string]*atomic.Int64 // of each

	mu   sync.Mutex
	lost map[string]map[Reason]int // members that each was told it lost
}

// inBubble runs f with a fleet of names in which all have met and passed their probation.
func inBubble(t *testing.T, names string, f func(t *testing.T, s *simFleet)) {
	inBubbleWith(t, names, func(string, *Config) {}, f)
}

// inBubbleWith is inBubble with configurations that prepare has changed.
func inBubbleWith(t *testing.T, names string, prepare func(name string, c *Config), f func(t *testing.T, s *simFleet)) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1, simnet.Link{Latency: 200 * time.Microsecond, Jitter: 100 * time.Microsecond})
		s := &simFleet{t: t, net: n, prepare: prepare, hosts: map[string]*simnet.Host{}, members: map[string]*running{}, logs: map[string]*logBuffer{}, dials: map[string]*atomic.Int64{}, lost: map[string]map[Reason]int{}}
		all := strings.Fields(names)
		for _, name := range all {
			s.start(name)
		}
		for _, name := range all {
			s.await(name, 2*time.Second, func(v *View) bool { return len(v.Members) == len(all) })
		}
		time.Sleep(trustedAfter + 2*time.Second)
		f(t, s)
		for _, m := range s.members {
			m.end(t, ErrKilled)
		}
		time.Sleep(time.Minute) // memberlist's probes end by themselves; a bubble's time stops with its function
	})
}

func ip(name string) string { return "10.0.0." + name[1:] }

func (s *simFleet) start(name string) {
	s.hosts[name], s.dials[name] = s.net.Host(ip(name)), new(atomic.Int64)
	c := Config{
		Self: Member{Name: ServerName(name), Role: GameServer, State: Serving, URL: "http://" + ip(name)},
		Bind: ip(name) + ":7946", Seeds: s.seedAddresses(), Key: []byte("0123456789abcdef"), Network: countedHost{s.hosts[name], s.dials[name]},
	}
	s.logs[name] = new(logBuffer)
	c.Logger = s.logs[name].logger()
	if name[0] == 'r' {
		c.Self.Role = Router
	}
	c.Lost = func(g Gone) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lost[name] == nil {
			s.lost[name] = map[Reason]int{}
		}
		s.lost[name][g.Reason]++
	}
	if s.prepare != nil {
		s.prepare(name, &c)
	}
	s.members[name] = run(s.t, c)
}

// countedHost counts what it dials.
type countedHost struct {
	*simnet.Host
	dials *atomic.Int64
}

func (h countedHost) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	h.dials.Add(1)
	return h.Host.DialContext(ctx, addr)
}

func (s *simFleet) seedAddresses() (addresses []string) {
	for name := range strings.FieldsSeq(cmp.Or(s.seeds, "n1")) {
		addresses = append(addresses, ip(name)+":7946")
	}
	return addresses
}

func (s *simFleet) crash(name string) {
	s.hosts[name].Crash()
	s.members[name].end(s.t, ErrKilled)
	delete(s.members, name)
}

func (s *simFleet) partition(a, b string) { s.net.Partition(ips(a), ips(b)) }

func ips(names string) (all []string) {
	for name := range strings.FieldsSeq(names) {
		all = append(all, ip(name))
	}
	return all
}

// await waits until the view of one is as wanted, and says how long that took. It fails after limit.
func (s *simFleet) await(name string, limit time.Duration, wanted func(v *View) bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	timeout := time.After(limit)
	for m := s.members[name]; ; {
		changed := m.Changed()
		if wanted(m.View()) {
			return time.Since(began)
		}
		select {
		case <-changed:
		case <-timeout:
			s.t.Fatalf("%s still sees %s after %v", name, describe(m.View()), limit)
		}
	}
}

// describe gives a view as "n1 n2, n3 unreachable, quorum true".
func describe(v *View) string {
	var members []string
	for _, m := range v.Members {
		members = append(members, string(m.Name))
	}
	text := strings.Join(members, " ")
	for _, g := range v.Gone {
		text += fmt.Sprintf(", %s %s", g.Name, g.Reason)
	}
	return fmt.Sprintf("%s, quorum %v", text, v.Quorum)
}

func is(want string) func(v *View) bool { return func(v *View) bool { return describe(v) == want } }

func TestFiveInABubble(t *testing.T) {
	inBubble(t, "n1 n2 n3 n4 n5", func(t *testing.T, s *simFleet) {
		s.crash("n5")
		for _, name := range []string{"n1", "n2", "n3", "n4"} {
			s.await(name, 2*time.Second, is("n1 n2 n3 n4, n5 refused, quorum true"))
		}
		s.start("n5")
		for _, name := range []string{"n1", "n2", "n3", "n4", "n5"} {
			s.await(name, 2*time.Second, is("n1 n2 n3 n4 n5, quorum true"))
		}
		time.Sleep(trustedAfter + 2*time.Second)
		s.partition("n1 n2", "n3 n4 n5")
		for name, want := range map[string]string{
			"n1": "n1 n2, n3 unreachable, n4 unreachable, n5 unreachable, quorum false",
			"n2": "n1 n2, n3 unreachable, n4 unreachable, n5 unreachable, quorum false",
			"n3": "n3 n4 n5, n1 unreachable, n2 unreachable, quorum true",
			"n4": "n3 n4 n5, n1 unreachable, n2 unreachable, quorum true",
			"n5": "n3 n4 n5, n1 unreachable, n2 unreachable, quorum true",
		} {
			s.await(name, 20*time.Second, is(want))
		}
		s.net.Heal()
		for _, name := range []string{"n1", "n2", "n3", "n4", "n5"} {
			s.await(name, 5*time.Second, is("n1 n2 n3 n4 n5, quorum true"))
		}
		s.members["n4"].end(t, context.Canceled)
		for _, name := range []string{"n1", "n2", "n3", "n5"} {
			s.await(name, time.Second, is("n1 n2 n3 n5, n4 left, quorum true"))
		}
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		if got, want := s.lost["n1"], map[Reason]int{Refused: 1, Unreachable: 3, Left: 1}; !maps.Equal(got, want) {
			t.Errorf("n1 was told of losses by reason: %v, want %v", got, want)
		}
	})
}

// One who is cut off is the first to know. The first loss that it sees is seen without the quorum, though gossip loses
// the others one by one.
func TestCutOffKnowsAtOnce(t *testing.T) {
	inBubble(t, "n1 n2 n3 n4 n5 n6 n7", func(t *testing.T, s *simFleet) {
		s.partition("n1", "n2 n3 n4 n5 n6 n7")
		s.await("n1", time.Second, func(v *View) bool { return !v.Quorum })
		if v := s.members["n2"].View(); len(v.Gone) > 0 {
			t.Errorf("n2 was faster: it sees %s", describe(v))
		}
		s.await("n1", 10*time.Second, func(v *View) bool { return len(v.Gone) > 0 })
		if v := s.members["n1"].View(); v.Quorum || s.members["n1"].Quorum() {
			t.Errorf("n1 sees %s", describe(v))
		}
		// Whoever sees it gone in the greater part has the quorum, and within the time that failover has.
		if took := s.await("n2", 10*time.Second, func(v *View) bool { return len(v.Gone) > 0 }); took > 2*time.Second {
			t.Errorf("n1 was missed after another %v", took)
		}
		if v := s.members["n2"].View(); !v.Quorum {
			t.Errorf("n2 sees %s", describe(v))
		}
	})
}

// A silent server is missed in time for its rooms to go on within 2.5 s.
func TestSilenceIsNoticed(t *testing.T) {
	inBubble(t, "n1 n2 n3", func(t *testing.T, s *simFleet) {
		s.hosts["n3"].Lose()
		if took := s.await("n1", 10*time.Second, is("n1 n2, n3 unreachable, quorum true")); took > 2*time.Second {
			t.Errorf("n3 was missed after %v", took)
		}
		s.hosts["n3"] = s.net.Host(ip("n3")) // its machine is back without it
		s.await("n1", 3*time.Second, is("n1 n2, n3 refused, quorum true"))
	})
}

// Of two the one with the first name goes on; who was killed, and who left, leaves the quorum to the other.
func TestTwo(t *testing.T) {
	inBubble(t, "n1 n2", func(t *testing.T, s *simFleet) {
		s.partition("n1", "n2")
		s.await("n1", 10*time.Second, is("n1, n2 unreachable, quorum true"))
		s.await("n2", 10*time.Second, is("n2, n1 unreachable, quorum false"))
		s.net.Heal()
		s.await("n1", 5*time.Second, is("n1 n2, quorum true"))
		s.await("n2", 5*time.Second, is("n1 n2, quorum true"))
		s.crash("n1") // a refusal across a network is no proof
		s.await("n2", time.Second, is("n2, n1 refused, quorum false"))
		s.start("n1")
		s.await("n1", 5*time.Second, is("n1 n2, quorum true"))
		s.await("n2", 5*time.Second, is("n1 n2, quorum true"))
	})
}

func TestRoutersCount(t *testing.T) {
	inBubble(t, "n1 n2 r3 r4", func(t *testing.T, s *simFleet) {
		s.partition("n1", "n2 r3 r4")
		s.await("n1", 10*time.Second, is("n1, n2 unreachable, r3 unreachable, r4 unreachable, quorum false"))
		s.await("n2", 10*time.Second, is("n2 r3 r4, n1 unreachable, quorum true"))
		s.net.Heal()
		s.await("n1", 5*time.Second, is("n1 n2 r3 r4, quorum true"))
		s.hosts["r3"].Lose()
		s.hosts["r4"].Lose()
		s.await("n1", 10*time.Second, is("n1 n2, r3 unreachable, r4 unreachable, quorum true"))
	})
}

// A part with the quorum forgets the missing after five minutes; one without it never does.
func TestOnlyTheQuorumForgets(t *testing.T) {
	inBubble(t, "n1 n2 n3", func(t *testing.T, s *simFleet) {
		s.partition("n1", "n2 n3")
		s.await("n1", 10*time.Second, is("n1, n2 unreachable, n3 unreachable, quorum false"))
		since := time.Now()
		for _, name := range []string{"n2", "n3"} { // the first of the two that forgets it tells the other
			s.await(name, 10*time.Second, is("n2 n3, n1 unreachable, quorum true"))
			if gone, _ := s.members[name].View().FindGone("n1"); gone.Since.Before(since) {
				since = gone.Since
			}
		}
		s.await("n2", time.Hour, is("n2 n3, quorum true"))
		if took := time.Since(since); took < testMemory || took > testMemory+time.Second {
			t.Errorf("n1 was forgotten after %v", took)
		}
		s.await("n3", time.Second, is("n2 n3, quorum true"))
		time.Sleep(2 * testMemory)
		if got := describe(s.members["n1"].View()); got != "n1, n2 unreachable, n3 unreachable, quorum false" {
			t.Errorf("later n1 sees %s", got)
		}
		s.net.Heal()
		for _, name := range []string{"n1", "n2", "n3"} {
			s.await(name, 5*time.Second, is("n1 n2 n3, quorum true"))
		}
	})
}

// A member that was forgotten does not count itself and one of the others as the majority.
func TestTheForgottenMustJoin(t *testing.T) {
	inBubble(t, "", func(t *testing.T, s *simFleet) {
		s.seeds = "n1 n2 n3"
		for _, name := range []string{"n1", "n2", "n3"} {
			s.start(name)
		}
		for _, name := range []string{"n1", "n2", "n3"} {
			s.await(name, 5*time.Second, is("n1 n2 n3, quorum true"))
		}
		time.Sleep(2 * trustedAfter)
		s.partition("n3", "n1 n2")
		s.await("n1", 10*time.Minute, is("n1 n2, n3 unreachable, quorum true"))
		s.await("n1", 10*time.Minute, is("n1 n2, quorum true"))
		s.await("n2", time.Second, is("n1 n2, quorum true"))
		s.net.Heal()
		s.partition("n1", "n2 n3")
		s.await("n1", time.Minute, is("n1, n2 unreachable, quorum true"))
		s.await("n3", time.Minute, func(v *View) bool { return len(v.Members) == 2 })
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
			for _, name := range []string{"n2", "n3"} {
				if v := s.members[name].View(); v.Quorum {
					t.Fatalf("%s sees %s", name, describe(v))
				}
			}
		}
	})
}

// The word of an operator makes all members of a part forget, which gives it the quorum.
func TestForget(t *testing.T) {
	inBubble(t, "n1 n2 n3 n4 n5", func(t *testing.T, s *simFleet) {
		for _, name := range []string{"n1", "n2", "n3"} {
			s.hosts[name].Lose()
			s.members[name].end(t, ErrKilled)
			delete(s.members, name)
		}
		s.await("n4", 10*time.Second, is("n4 n5, n1 unreachable, n2 unreachable, n3 unreachable, quorum false"))
		s.await("n5", 10*time.Second, is("n4 n5, n1 unreachable, n2 unreachable, n3 unreachable, quorum false"))
		for name, want := range map[ServerName]string{"n5": "is present", "n4": "is present", "n9": "no missing member"} {
			if err := s.members["n4"].Forget(name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("forgetting %s: %v", name, err)
			}
		}
		for _, name := range []ServerName{"n1", "n2"} {
			if err := s.members["n4"].Forget(name); err != nil {
				t.Fatal(err)
			}
		}
		s.await("n4", 2*time.Second, is("n4 n5, n3 unreachable, quorum true"))
		s.await("n5", 2*time.Second, is("n4 n5, n3 unreachable, quorum true"))
	})
}

// A paused process is missed, and is no proof of being cut off for those whom gossip sees.
func TestPaused(t *testing.T) {
	inBubble(t, "n1 n2 n3", func(t *testing.T, s *simFleet) {
		s.hosts["n3"].Pause()
		s.await("n1", 10*time.Second, is("n1 n2, n3 unreachable, quorum true"))
		s.hosts["n3"].Resume()
		s.await("n1", 10*time.Second, is("n1 n2 n3, quorum true"))
		s.await("n3", 10*time.Second, is("n1 n2 n3, quorum true"))
	})
}

func TestStaticLosesAsAFleetDoes(t *testing.T) {
	members := people("a b c")
	s := NewStatic(members[1], members...)
	changed := s.Changed()
	s.Lose("a", Unreachable)
	s.Lose("c", Refused)
	if got := describe(s.View()); got != "b, a unreachable, c refused, quorum false" {
		t.Error(got)
	}
	select {
	case <-changed:
	default:
		t.Error("no change was told")
	}
	s.Set(members...)
	s.SetQuorum(false)
	if got := describe(s.View()); got != "a b c, quorum false" || s.Quorum() {
		t.Error(got)
	}
	s.SetQuorum(true)
	if !s.Quorum() {
		t.Error("no quorum")
	}
	if _, ok := s.View().FindGone("a"); ok || len(s.View().Gone) > 0 {
		t.Errorf("gone: %v", s.View().Gone)
	}
}
