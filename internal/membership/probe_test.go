package membership

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/ringside-go/ringside/internal/network"
)

// rosterOf builds the roster of self, which has the quorum, and others.
func rosterOf(self, others string) *roster {
	r := new(roster)
	r.start(people(self)[0], true)
	for _, m := range people(others) {
		r.put(string(m.Name), m, netip.MustParseAddrPort("10.0.0.9:7946"))
	}
	r.refresh()
	return r
}

// answer concludes a round in which the members answered so.
func (r *roster) answer(lost bool, answers map[string]answer, report func(p *round)) (p *round, again bool) {
	p = r.newRound(1, lost)
	for _, checks := range [][]check{p.checks, p.background} {
		for i := range checks {
			checks[i].answer = answers[checks[i].node]
		}
	}
	for _, c := range p.background {
		r.hearLate(c)
	}
	if report != nil {
		report(p)
	}
	again, _ = r.conclude(p)
	return p, again
}

// Gossip loses a member while that one alone is probed. It is not missed before the others were probed as well: a cut took
// the router, too, and a process that misses one of four keeps the quorum.
func TestLossDuringARound(t *testing.T) {
	r := rosterOf("c", "a b r")
	r.suspects["a"] = true
	p := r.newRound(1, false)
	if len(p.checks) != 1 || p.everybody {
		t.Fatalf("the suspect's round has %d checks", len(p.checks))
	}
	p.checks[0].answer = silent
	if !r.lose("a") {
		t.Fatal("the first word of a loss needs no round")
	}
	r.conclude(p)
	if v := r.View(); len(v.Gone) != 0 || !v.Quorum {
		t.Errorf("after the round of one: %s", describe(v))
	}
	if p, _ = r.answer(true, map[string]answer{"a": silent, "b": answering, "r": silent}, nil); !p.everybody {
		t.Fatal("not everybody was probed")
	}
	if got := describe(r.View()); got != "b c r, a unreachable, quorum false" {
		t.Errorf("after the round of all: %s", got)
	}
}

// A process whose own kernel says that it ended is gone at once, and counts for nobody.
func TestExitIsProof(t *testing.T) {
	r := rosterOf("c", "a b")
	r.suspects["a"] = true
	r.answer(false, map[string]answer{"a": ended}, nil)
	if got := describe(r.View()); got != "b c, a exited, quorum true" {
		t.Errorf("after the round: %s", got)
	}
	if g, _ := r.View().FindGone("a"); !g.Proven() {
		t.Error("it is no proof")
	}
	r.put("a", people("a")[0], netip.AddrPort{})
	if r.refresh(); describe(r.View()) != "b c, a exited, quorum true" {
		t.Errorf("after old news: %s", describe(r.View()))
	}
}

// A refusal across a network makes a member Refused only if no witness reaches it, and then it counts as missing.
func TestRefusalIsCorroborated(t *testing.T) {
	refused := map[string]answer{"b": refusing}
	report := func(reached, all bool) func(p *round) {
		return func(p *round) {
			p.hear(message{round: 1, suspect: "b", from: "c", reached: reached})
			if all {
				p.hear(message{round: 1, suspect: "b", from: "r"})
			}
		}
	}
	for _, c := range []struct {
		name   string
		report func(p *round)
		rounds int
		want   string
	}{
		{"nobody reaches it", report(false, true), 1, "a c r, b refused, quorum true"},
		{"one reaches it", report(true, true), 5, "a b c r, quorum true"},
		{"one has not reported yet", report(false, false), 1, "a b c r, quorum true"},
		{"one does not report", report(false, false), 2, "a c r, b refused, quorum true"},
		{"nobody reports", func(*round) {}, 2, "a c r, b refused, quorum true"},
	} {
		r := rosterOf("a", "b c r")
		r.suspects["b"] = true
		if p, again := r.answer(false, refused, nil); len(p.inquiries) != 0 || !again {
			t.Fatalf("%s: %d inquiries in the first round, again %v", c.name, len(p.inquiries), again)
		}
		for range c.rounds {
			r.answer(false, refused, c.report)
		}
		if got := describe(r.View()); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	r := rosterOf("b", "a")
	r.suspects["a"] = true
	for range 2 {
		r.answer(false, map[string]answer{"a": refusing}, nil)
	}
	if got := describe(r.View()); got != "b, a refused, quorum false" {
		t.Errorf("of two: %s", got)
	}
}

// failing is a network on which every dial fails with errno.
type failing struct {
	network.Network
	errno syscall.Errno
}

func (f failing) DialContext(context.Context, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", f.errno)}
}

// A dial that fails on this machine is no answer: members that gossip sees stay, and so does the quorum. One that gossip has
// lost is unreachable all the same.
func TestLocalErrorIsNoAnswer(t *testing.T) {
	for _, c := range []struct {
		errno      syscall.Errno
		seen, lost string // without and with a member that gossip has lost
	}{
		{syscall.EMFILE, "a b c, quorum true", "b c, a unreachable, quorum true"},
		{syscall.ENETUNREACH, "a b c, quorum true", "b c, a unreachable, quorum true"},
		{syscall.ETIMEDOUT, "a b c, quorum false", "b c, a unreachable, quorum false"},
	} {
		t.Run(c.errno.Error(), func(t *testing.T) {
			for _, suspected := range []bool{false, true} {
				g := &Gossip{transport: &transport{network: failing{errno: c.errno}}}
				g.start(people("c")[0], true)
				for _, m := range people("a b") {
					g.put(string(m.Name), m, netip.MustParseAddrPort("10.0.0.9:7946"))
				}
				g.refresh()
				want := c.seen
				if suspected {
					g.lose("a")
					want = c.lost
				}
				for n := range 2 {
					p := g.newRound(uint64(n), true)
					for i := range p.checks {
						g.dial(t.Context(), &p.checks[i], probeTimeout)
					}
					g.conclude(p)
				}
				if got := describe(g.View()); got != want {
					t.Errorf("suspected by gossip %v: %s, want %s", suspected, got, want)
				}
			}
		})
	}
}
