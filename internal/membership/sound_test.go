package membership

import (
	"testing"
	"time"
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
	if got := describe(r.View()); got != "b c r, a vanished, quorum false" {
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
