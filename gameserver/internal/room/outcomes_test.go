package room

import (
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// matches gives the numbers of the outcomes that f has heard.
func (f *testClient) matches(t *testing.T) (list []uint32) {
	t.Helper()
	for _, o := range f.check(t).outcomes {
		list = append(list, o.Match)
	}
	return list
}

func (f *testClient) wantMatches(t *testing.T, when string, want ...uint32) {
	t.Helper()
	if got := f.matches(t); !slices.Equal(got, want) {
		t.Errorf("%s: outcomes of matches %v were told, want %v", when, got, want)
	}
}

// An outcome is told when every standby has acknowledged the tick that decided it, and then once; never before.
func TestOutcomeWaitsForEveryStandby(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s, other := attach(t, r, 1), attach(t, r, 2)
		s.silent = true
		ann, f := h.join(r, Join{Player: "ann"})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		ann.QueueCustom([]byte("finish"))
		h.pass(20 * time.Second) // longer than the simulation keeps outcomes
		f.wantMatches(t, "without an acknowledgement")
		if r.Info().Match != 3 {
			t.Errorf("match %d is played, want 3", r.Info().Match)
		}
		r.Acked(1, 2) // the join
		h.pass(time.Second)
		f.wantMatches(t, "with one of a tick before it")
		r.Acked(1, 3)
		h.pass(time.Second)
		f.wantMatches(t, "with that of the first deciding tick", 1)
		r.Acked(1, 2)
		r.Acked(1, 1000)
		h.pass(10 * time.Second)
		f.wantMatches(t, "with all", 1, 2)
		s.check(t)
		other.check(t)
	})
}

// An outcome is told in the tick after the one that decided it when the standby answers within a period.
func TestOutcomeIsToldAtOnceWhenAcknowledged(t *testing.T) {
	for name, test := range map[string]struct {
		delay time.Duration
		after proto.Tick
	}{
		"within the tick":   {0, 1},
		"within the period": {49 * time.Millisecond, 1},
		"later":             {101 * time.Millisecond, 3},
	} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r := h.start(20, 4)
				s := attach(t, r, 1)
				s.delay = test.delay
				ann, f := h.join(r, Join{Player: "ann"})
				h.pass(time.Second)
				ann.QueueCustom([]byte("finish"))
				h.pass(time.Second)
				f.wantMatches(t, name, 1)
				if got := f.heardAt[0] - f.outcomes[0].Tick; got != test.after {
					t.Errorf("told %d ticks after it was decided, want %d", got, test.after)
				}
			})
		})
	}
}

// A standby that is promised holds outcomes back from the first tick on, until it is there or given up.
func TestOutcomeWaitsForAPromisedStandby(t *testing.T) {
	for _, comes := range []bool{true, false} {
		withPool(t, testConfig(), func(h *harness) {
			spec := h.spec(newTestGame(t, 20, 4))
			spec.Standbys = []int{5}
			r, err := h.Start(spec)
			if err != nil {
				t.Fatal(err)
			}
			ann, f := h.join(r, Join{Player: "ann"})
			ann.QueueCustom([]byte("finish"))
			h.pass(time.Second)
			f.wantMatches(t, "promised")
			if comes {
				attach(t, r, 5)
			} else {
				r.QueueRemoveStandby(5)
			}
			h.pass(time.Second)
			f.wantMatches(t, "settled", 1)
		})
	}
}

// A standby that has the tick of an outcome, and not the epoch in which the outcome is to be told, would give way to a server that leads
// in an epoch between the two, without the outcome.
func TestOutcomeWaitsForTheEpoch(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s, gone := attach(t, r, 1), attach(t, r, 2)
		gone.silent = true
		ann, f := h.join(r, Join{Player: "ann"})
		h.pass(time.Second)
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		s.silent = true // it has the tick, and will hear no more
		h.pass(time.Second)
		r.QueueEpoch(proto.Epoch{Counter: r.Info().Epoch.Counter + 16, Server: "server-1"})
		r.QueueRemoveStandby(2)
		h.pass(time.Second)
		f.wantMatches(t, "with an acknowledgement of the epoch before")
		raised := r.Info().Tick
		r.Acked(1, raised)
		h.pass(time.Second)
		f.wantMatches(t, "with one of this epoch", 1)
		s.check(t)
	})
}

// Whoever comes in the tick that decides an outcome does not hear it before the others.
func TestOutcomeOfTheTickIsNotRecalled(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		s.silent = true
		ann, _ := h.join(r, Join{Player: "ann"})
		ann.QueueCustom([]byte("finish"))
		_, w := h.join(r, Join{Spectator: true})
		if r.Info().Match != 2 || len(w.check(t).welcomes) != 1 {
			t.Fatal("the match has not ended in the tick of the welcome: this test shows nothing")
		}
		h.pass(time.Second)
		w.wantMatches(t, "without an acknowledgement")
	})
}

// What a lost leader decided is told by the next one, once it has its own standby; also to whom comes back later.
func TestResumedRoomTellsAgain(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		s.silent = true
		ann, f := h.join(r, Join{Player: "ann"})
		_, bob := h.join(r, Join{Player: "bob"})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		f.wantMatches(t, "by the lost leader")
		r.QueueDepose(proto.Moved{URL: "ws://next", Server: "next"})
		h.pass(time.Second)
		f.wantMatches(t, "by a deposed leader")

		spec := h.spec(s.check(t).sim)
		spec.Resumed, spec.Standbys = true, []int{1}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		again := func(j Join) *testClient {
			_, f := h.join(r, j)
			return f
		}
		ann2 := again(Join{Resume: f.welcomes[0].Resume})
		h.pass(time.Second)
		ann2.wantMatches(t, "before the next standby is there")
		attach(t, r, 1)
		h.pass(time.Second)
		ann2.wantMatches(t, "by the next leader", 1)
		again(Join{Resume: bob.welcomes[0].Resume}).wantMatches(t, "to one who comes back later", 1)
		again(Join{Spectator: true}).wantMatches(t, "to one who watches", 1)
		again(Join{Player: "eve"}).wantMatches(t, "to one who is new")
		ann2.wantMatches(t, "at the end", 1)
		h.pass((game.OutcomeKeep + 1) * time.Second)
		again(Join{Resume: bob.welcomes[0].Resume}).wantMatches(t, "to one who comes back after a long time")
	})
}
