package room

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// testResults notes what rooms queue.
type testResults struct {
	mu     sync.Mutex
	err    error
	bodies map[outcome.ID][]string
	epochs []outcome.Epoch
	from   []uint32
	queued []outcome.ID
}

func (q *testResults) Queue(epoch outcome.Epoch, from uint32, decided []*outcome.Outcome) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	for _, o := range decided {
		body, err := o.Encode()
		if err != nil {
			return err
		}
		q.bodies[o.ID()] = append(q.bodies[o.ID()], string(body))
		q.from = append(q.from, from)
		q.epochs, q.queued = append(q.epochs, epoch), append(q.queued, o.ID())
	}
	return nil
}

func (q *testResults) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

func (q *testResults) matches() (list []uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range q.queued {
		list = append(list, id.Match)
	}
	return list
}

func (q *testResults) wantQueued(t *testing.T, when string, want ...uint32) {
	t.Helper()
	if got := q.matches(); !slices.Equal(got, want) {
		t.Errorf("%s: matches %v were queued, want %v", when, got, want)
	}
}

// withResults runs f with a pool that has a results store.
func withResults(t *testing.T, durable bool, f func(h *harness, q *testResults)) {
	t.Helper()
	q := &testResults{bodies: map[outcome.ID][]string{}}
	c := testConfig()
	c.Results, c.Durable = q, durable
	withPool(t, c, func(h *harness) { f(h, q) })
}

// answer brings an answer to what was queued of match last.
func (h *harness) answer(q *testResults, r *Room, match uint32, a outcome.Answer) {
	id := outcome.ID{Instance: r.instance, Match: match}
	q.mu.Lock()
	bodies := q.bodies[id]
	q.mu.Unlock()
	h.Answered(id, []byte(bodies[len(bodies)-1]), a)
	h.pass(100 * time.Millisecond)
}

var stored = outcome.Answer{Verdict: outcome.Stored, Seq: 1}

// With a store, an outcome goes there when every standby has it, and is told when the store has it, once.
func TestOutcomeIsToldWhenTheStoreHasIt(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		s.silent = true
		ann, f := h.join(r, Join{Player: "ann"})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		q.wantQueued(t, "without the standby's acknowledgement")
		r.Acked(1, 1000)
		h.pass(time.Second)
		q.wantQueued(t, "with it", 1)
		if want := (outcome.Epoch{Counter: 3, Server: "server-1"}); q.epochs[0] != want {
			t.Errorf("queued in epoch %v, want %v", q.epochs[0], want)
		}
		h.pass(40 * time.Second) // longer than the simulation keeps outcomes
		f.wantMatches(t, "before the store has it")
		_, late := h.join(r, Join{Spectator: true})
		late.wantMatches(t, "to one who watches")
		h.answer(q, r, 1, stored)
		h.answer(q, r, 1, stored) // a batch that is sent again
		f.wantMatches(t, "when the store has it", 1)
		late.wantMatches(t, "when the store has it, to one who watches", 1)
		q.wantQueued(t, "at the end", 1)
		_, later := h.join(r, Join{Spectator: true})
		later.wantMatches(t, "to one who comes later", 1)
	})
}

// The next leader queues what the last one may not have delivered, with the same bytes.
func TestNextLeaderQueuesTheSameBody(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		ann, f := h.join(r, Join{Player: "ann", Name: "Ann \u2028 <b>"})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		r.QueueDepose(proto.Moved{URL: "ws://next", Server: "next"})
		h.pass(time.Second)
		spec := h.spec(s.check(t).sim)
		spec.Resumed, spec.Epoch = true, proto.Epoch{Counter: 4, Server: "server-2"}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		_, f2 := h.join(r, Join{Resume: f.welcomes[0].Resume})
		h.pass(time.Second)
		id := outcome.ID{Instance: r.instance, Match: 1}
		if b := q.bodies[id]; len(b) != 2 || b[0] != b[1] {
			t.Fatalf("queued %q, want the same body twice", b)
		}
		f2.wantMatches(t, "before the store has it")
		h.answer(q, r, 1, stored)
		f2.wantMatches(t, "when the store has it", 1)
		if got, from := q.epochs[1], q.from[1]; got.Counter != 4 || from != 2 || q.from[0] != 1 {
			t.Errorf("queued in epoch %v from match %d, want those of the new leader", got, from)
		}
	})
}

// A leader whose word the store does not take tells no outcome any more, and the registry hears who leads.
func TestSupersededLeaderTellsNothing(t *testing.T) {
	later := outcome.Epoch{Counter: 9, Server: "server-9"}
	for name, c := range map[string]struct {
		answer outcome.Answer
		body   string // that was sent; empty: what was queued
		by     string // server; -: the room goes on
	}{
		"fenced":                       {outcome.Answer{Verdict: outcome.Fenced, Epoch: later}, "", "server-9"},
		"conflict":                     {outcome.Answer{Verdict: outcome.Conflict, Stored: []byte(`{"other":1}`), Epoch: later}, "", "server-9"},
		"conflict, nobody is known":    {outcome.Answer{Verdict: outcome.Conflict, Stored: []byte(`{"other":1}`)}, "", ""},
		"conflict, the body is gone":   {outcome.Answer{Verdict: outcome.Conflict}, "", ""},
		"stored, of another body":      {stored, `{"other":1}`, ""},
		"conflict, by an epoch before": {outcome.Answer{Verdict: outcome.Conflict, Stored: []byte(`{"other":1}`), Epoch: outcome.Epoch{Counter: 2, Server: "server-9"}}, "", ""},
		"conflict, of another body":    {outcome.Answer{Verdict: outcome.Conflict, Stored: []byte("same")}, `{"other":1}`, "-"},
		"fenced, by the room's epoch":  {outcome.Answer{Verdict: outcome.Fenced, Epoch: outcome.Epoch{Counter: 3, Server: "server-1"}}, "", "-"},
		"fenced, by an epoch before":   {outcome.Answer{Verdict: outcome.Fenced, Epoch: outcome.Epoch{Counter: 2, Server: "server-9"}}, "", "-"},
		"stored":                       {stored, "", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			withResults(t, false, func(h *harness, q *testResults) {
				var by []proto.Epoch
				spec := h.spec(newTestGame(t, 20, 4))
				spec.Superseded = func(e proto.Epoch) { by = append(by, e) }
				r, err := h.Start(spec)
				if err != nil {
					t.Fatal(err)
				}
				ann, f := h.join(r, Join{Player: "ann"})
				ann.QueueCustom([]byte("finish"))
				h.pass(time.Second)
				id := outcome.ID{Instance: r.instance, Match: 1}
				mine := q.bodies[id][0]
				if string(c.answer.Stored) == "same" {
					c.answer.Stored = []byte(mine)
				}
				body := c.body
				if body == "" {
					body = mine
				}
				h.Answered(id, []byte(body), c.answer)
				h.pass(time.Second)
				if c.by == "-" {
					if len(by) != 0 {
						t.Errorf("superseded by %v", by)
					}
					h.answer(q, r, 1, stored)
					f.wantMatches(t, "later", 1)
					return
				}
				if len(by) != 1 || by[0].Server != c.by {
					t.Errorf("superseded by %v, want once by %q", by, c.by)
				}
				h.answer(q, r, 1, stored)
				f.wantMatches(t, "afterwards")
			})
		})
	}
}

// An idle room stays until its outcomes are on a disk or in the store, and not for ever.
func TestUnsavedRoomStays(t *testing.T) {
	for name, c := range map[string]struct {
		durable, spooled, stored bool
		after                    time.Duration // the room ends
	}{
		"nobody has it":       {false, false, false, unsavedTimeout},
		"in memory":           {false, true, false, unsavedTimeout},
		"disk, not there yet": {true, false, false, unsavedTimeout},
		"on disk":             {true, true, false, 60 * time.Second},
		"in the store":        {false, false, true, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withResults(t, c.durable, func(h *harness, q *testResults) {
				r := h.start(20, 4)
				ann, _ := h.join(r, Join{Player: "ann"})
				ann.QueueCustom([]byte("finish"))
				h.pass(100 * time.Millisecond)
				if c.spooled {
					h.Spooled([]outcome.ID{{Instance: r.instance, Match: 1}})
				}
				if c.stored {
					h.answer(q, r, 1, stored)
				}
				ann.QueueLeave()
				h.pass(c.after - time.Second)
				h.wantEnded(0)
				h.pass(2 * time.Second)
				h.wantEnded(1)
			})
		})
	}
}

// A queue that is full loses nothing: the room keeps its outcomes and tries again.
func TestFullQueueLosesNothing(t *testing.T) {
	withResults(t, true, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		ann, f := h.join(r, Join{Player: "ann"})
		q.fail(errors.New("full"))
		const matches = 100 // more than the table holds
		var want []uint32
		for m := range uint32(matches) {
			ann.QueueCustom([]byte("finish"))
			h.pass(100 * time.Millisecond)
			want = append(want, m+1)
		}
		q.wantQueued(t, "while the queue is full")
		recent, err := r.sim.RecentOutcomes()
		if err != nil || len(recent) == 0 || recent[0].Match != 1 {
			t.Errorf("the oldest outcome was overwritten: %v, %v", recent[:min(1, len(recent))], err)
		}
		q.fail(nil)
		h.pass(2 * time.Second)
		q.wantQueued(t, "when it has room", want...)
		for _, m := range want {
			h.answer(q, r, m, stored)
		}
		f.wantMatches(t, "at the end", want...)
	})
}

// What a store that is down for long holds back stays in the table until it is on a disk, and then no newer outcome is left out.
func TestSpooledOutcomesMakeRoom(t *testing.T) {
	withResults(t, true, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		ann, _ := h.join(r, Join{Player: "ann"})
		for m := range uint32(100) {
			ann.QueueCustom([]byte("finish"))
			h.pass(100 * time.Millisecond)
			h.Spooled([]outcome.ID{{Instance: r.instance, Match: m + 1}})
		}
		h.pass(time.Second)
		recent, err := r.sim.RecentOutcomes()
		if n := len(recent); err != nil || n < 60 || recent[n-1].Match != 100 {
			t.Errorf("%d outcomes are kept, the last %s: %v", n, fmt.Sprint(recent[max(0, n-1):]), err)
		}
	})
}

// What the last leader has told makes room in the table for what its successor decides before it has a standby.
func TestNextLeaderNeedsLittleOfWhatWasTold(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		ann, f := h.join(r, Join{Player: "ann"})
		const matches = 68 // what the table holds
		for m := range uint32(matches) {
			ann.QueueCustom([]byte("finish"))
			h.pass(100 * time.Millisecond)
			h.answer(q, r, m+1, stored)
		}
		h.pass(time.Second)
		r.QueueDepose(proto.Moved{URL: "ws://next", Server: "next"})
		h.pass(time.Second)
		spec := h.spec(s.check(t).sim)
		spec.Resumed, spec.Standbys = true, []int{1}
		r, err := h.Start(spec)
		if err != nil {
			t.Fatal(err)
		}
		ann, _ = h.join(r, Join{Resume: f.welcomes[0].Resume})
		ann.QueueCustom([]byte("finish"))
		h.pass(time.Second)
		recent, err := r.sim.RecentOutcomes()
		if n := len(recent); err != nil || n == 0 || recent[n-1].Match != matches+1 || recent[n-1].Told {
			t.Errorf("the newest outcome is not kept: %d are, %v", n, err)
		}
	})
}

// Outcomes are told in order, whatever the order of the store's answers.
func TestOutcomesAreToldInOrder(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		ann, f := h.join(r, Join{Player: "ann"})
		for range 3 {
			ann.QueueCustom([]byte("finish"))
			h.pass(100 * time.Millisecond)
		}
		h.answer(q, r, 3, stored)
		h.answer(q, r, 2, stored)
		f.wantMatches(t, "before the first is stored")
		h.answer(q, r, 1, stored)
		f.wantMatches(t, "when all are", 1, 2, 3)
	})
}

// An outcome that no router can read holds up no later one. When a router can, it is told too.
func TestInvalidOutcomeHoldsNobodyUp(t *testing.T) {
	withResults(t, false, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		attach(t, r, 1)
		ann, f := h.join(r, Join{Player: "ann"})
		for range 3 {
			ann.QueueCustom([]byte("finish"))
			h.pass(time.Second)
		}
		q.wantQueued(t, "at first", 1, 2, 3)
		h.answer(q, r, 2, stored)
		f.wantMatches(t, "while the first has no answer")
		h.answer(q, r, 1, outcome.Answer{Verdict: outcome.Invalid, Reason: "no"})
		f.wantMatches(t, "when the first is invalid", 2)
		h.answer(q, r, 3, stored)
		f.wantMatches(t, "when the third is stored", 2, 3)
		h.answer(q, r, 1, stored)
		f.wantMatches(t, "when a newer router has taken the first", 2, 3, 1)
		q.wantQueued(t, "at the end", 1, 2, 3)
	})
}

// A room is not handed over with an outcome that its state has no place for and that nothing else keeps.
func TestOutcomesThatFindNoPlaceHoldAHandoff(t *testing.T) {
	withResults(t, true, func(h *harness, q *testResults) {
		r := h.start(20, 4)
		attach(t, r, 1)
		ann, _ := h.join(r, Join{Player: "ann"})
		const matches = 92 // two more than the table holds
		for range matches {
			ann.QueueCustom([]byte("finish"))
			h.pass(100 * time.Millisecond)
		}
		got := handOff(t, r, 0)
		h.pass(5 * time.Second)
		got.wantError(t, "no place for")
		h.Spooled([]outcome.ID{{Instance: r.instance, Match: matches - 1}, {Instance: r.instance, Match: matches}})
		h.pass(time.Second)
		got = handOff(t, r, 0)
		h.pass(5 * time.Second)
		if got.calls != 1 || got.err != nil {
			t.Errorf("once all of them are kept: %d results, %v", got.calls, got.err)
		}
	})
}
