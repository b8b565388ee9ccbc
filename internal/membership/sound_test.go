package membership

import (
	"context"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network"
)

// Gossip gives a member up while that one alone is being asked. It is not taken for dead before the others were asked as
// well: a cut took the router, too, and who misses one of four goes on without it.
func TestLossDuringASounding(t *testing.T) {
	var r roster
	r.start(people("c")[0], time.Time{})
	for _, m := range people("a b r") {
		r.put(string(m.Name), m, other{}.gossip)
	}
	r.refresh()
	asked := func(lost bool, answers map[string]answer) (all []sounding, everybody bool) {
		all, everybody = r.toSound(lost)
		for i := range all {
			all[i].answer = answers[all[i].node]
		}
		return all, everybody
	}
	cut := map[string]answer{"a": silent, "b": answering, "r": silent}
	one := []sounding{{node: "a", other: r.others["a"], answer: silent}}
	if !r.doubt("a") {
		t.Fatal("the first word of a loss needs no sounding")
	}
	r.heard(one, false)
	if v := r.View(); len(v.Gone) != 0 || !v.Quorum {
		t.Errorf("after the one sounding: %s", describe(v))
	}
	all, everybody := asked(true, cut)
	if len(all) != 3 || !everybody {
		t.Fatalf("asked %d members", len(all))
	}
	r.heard(all, everybody)
	if got := describe(r.View()); got != "b c r, a unreachable, quorum false" {
		t.Errorf("after the sounding of all: %s", got)
	}
}

// A process that is found dead while it is asked is gone at once: whose address refuses connections is cut off from nobody.
func TestDeathDuringASounding(t *testing.T) {
	var r roster
	r.start(people("c")[0], time.Time{})
	for _, m := range people("a b") {
		r.put(string(m.Name), m, other{}.gossip)
	}
	r.refresh()
	one := []sounding{{node: "a", other: r.others["a"], answer: refusing}}
	r.doubt("a")
	r.heard(one, false)
	if got := describe(r.View()); got != "b c, a refused, quorum true" {
		t.Errorf("after the sounding: %s", got)
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
			for _, doubted := range []bool{false, true} {
				g := &Gossip{transport: &transport{network: failing{errno: c.errno}}}
				g.start(people("c")[0], time.Time{})
				for _, m := range people("a b") {
					g.put(string(m.Name), m, other{}.gossip)
				}
				g.refresh()
				want := c.seen
				if doubted {
					g.doubt("a")
					want = c.lost
				}
				for range 2 {
					asked, _ := g.toSound(true)
					for i := range asked {
						g.ask(t.Context(), &asked[i])
					}
					g.heard(asked, true)
				}
				if got := describe(g.View()); got != want {
					t.Errorf("suspected by gossip %v: %s, want %s", doubted, got, want)
				}
			}
		})
	}
}
