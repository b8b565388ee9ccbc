package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// What each error of a link proves, wrapped or not.
func TestEvidence(t *testing.T) {
	for err, want := range map[error]ownership.Evidence{
		replication.ErrGone:         ownership.GoneHere,
		replication.ErrRefusedDial:  ownership.RefusedFar,
		replication.ErrIncompatible: ownership.Misfit,
		replication.ErrLocal:        ownership.NoAnswer,
		replication.ErrBusy:         ownership.NoAnswer,
		replication.ErrStopped:      ownership.NoAnswer,
		replication.ErrTimeout:      ownership.Silent,
		replication.ErrBroken:       ownership.Silent,
		errors.New("something new"): ownership.Silent,
		context.DeadlineExceeded:    ownership.Silent,
	} {
		if got := evidence(fmt.Errorf("ask b: %w", err)); got != want {
			t.Errorf("%v proves %v, want %v", err, got, want)
		}
	}
}

// ask is a round of questions, and how long it took.
func (s *server) ask(a ownership.Ask) (map[string]ownership.Reply, time.Duration) {
	begun := time.Now()
	replies := map[string]ownership.Reply{}
	done := make(chan struct{})
	s.start(func() {
		defer close(done)
		for _, r := range s.round(a.Servers, a) {
			replies[r.Server] = r
		}
	})
	<-done
	return replies, time.Since(begun)
}

func after(d time.Duration, a answer) answer {
	return func(ctx context.Context, q ownership.Query) (ownership.Answer, error) {
		select {
		case <-time.After(d):
			return a(ctx, q)
		case <-ctx.Done():
			return ownership.Answer{}, replication.ErrTimeout
		}
	}
}

// When a round ends, and with what.
func TestRound(t *testing.T) {
	none := says(ownership.Answer{})
	epoch := proto.Epoch{Instance: 3, Counter: 2, Server: "b"}
	leads := says(ownership.Answer{Holding: ownership.Leading, Leader: "b", Epoch: epoch})
	for name, c := range map[string]struct {
		b, c, relayed answer // c is asked through others as relayed
		needed        []string
		floor         proto.Epoch
		took          time.Duration
		evidence      string // of b and c
	}{
		"all answer": {after(5*time.Millisecond, none), none, nil, nil, proto.Epoch{}, 5 * time.Millisecond, "answered answered"},
		"one is silent, and others do not reach it":    {none, silent, silent, nil, proto.Epoch{}, askTime, "answered silent"},
		"one is silent, and others reach it":           {none, silent, none, nil, proto.Epoch{}, relayTime, "answered answered"},
		"one is gone":                                  {none, fails(replication.ErrGone), silent, nil, proto.Epoch{}, 0, "answered gone"},
		"one refuses, and others reach it":             {none, fails(replication.ErrRefusedDial), none, nil, proto.Epoch{}, 0, "answered answered"},
		"one refuses, and so it does to others":        {none, fails(replication.ErrRefusedDial), fails(replication.ErrGone), nil, proto.Epoch{}, 0, "answered refused"},
		"one answers late, while others do not reach":  {none, after(relayTime+10*time.Millisecond, none), silent, nil, proto.Epoch{}, relayTime + 10*time.Millisecond, "answered answered"},
		"the needed ones have answered":                {after(5*time.Millisecond, none), silent, silent, []string{"b"}, proto.Epoch{}, 5*time.Millisecond + restTime, "answered silent"},
		"nobody is needed":                             {none, silent, silent, []string{}, proto.Epoch{}, restTime, "answered silent"},
		"the needed one is silent":                     {none, silent, silent, []string{"c"}, proto.Epoch{}, askTime, "answered silent"},
		"a leader is found":                            {after(time.Millisecond, leads), silent, silent, nil, proto.Epoch{Instance: 3, Counter: 2, Server: "a"}, time.Millisecond, "answered -"},
		"a leader of the same epoch":                   {after(time.Millisecond, leads), silent, silent, nil, epoch, time.Millisecond, "answered -"},
		"a leader of an earlier epoch is not enough":   {leads, silent, silent, nil, epoch.Next("x"), askTime, "answered silent"},
		"a leader of another instance is not enough":   {leads, silent, silent, nil, proto.Epoch{Instance: 4}, askTime, "answered silent"},
		"the question cannot be sent":                  {none, fails(replication.ErrLocal), silent, nil, proto.Epoch{}, askTime, "answered unsent"},
		"it speaks another version, and to others too": {none, fails(replication.ErrIncompatible), fails(replication.ErrRelay), nil, proto.Epoch{}, 0, "answered misfit"},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, []string{"b", "c", "d"}, func(t *testing.T, s *server) {
				s.links.set("b", c.b)
				s.links.set("c", c.c)
				s.links.through("c", c.relayed)
				replies, took := s.ask(ownership.Ask{Servers: []string{"b", "c"}, Needed: c.needed, Floor: c.floor})
				// beyond it, two usual round trips of a server that was not measured
				if slack := 2 * time.Millisecond; took < c.took || took > c.took+slack {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				names := map[ownership.Evidence]string{ownership.Answered: "answered", ownership.Silent: "silent", ownership.NoAnswer: "unsent",
					ownership.RefusedFar: "refused", ownership.GoneHere: "gone", ownership.Misfit: "misfit"}
				got := ""
				for _, server := range []string{"b", "c"} {
					if r, ok := replies[server]; ok {
						got += " " + names[r.Evidence]
					} else {
						got += " -"
					}
				}
				if got[1:] != c.evidence {
					t.Errorf("got%s, want %s", got, c.evidence)
				}
			})
		})
	}
}

// A server is asked through a few members that are present, and not through itself.
func TestRelays(t *testing.T) {
	serve(t, []string{"b", "c", "d", "e", "f"}, func(t *testing.T, s *server) {
		s.members.Lose("d", membership.Unreachable)
		s.pass(time.Millisecond)
		s.links.set("c", silent)
		s.links.through("c", silent)
		s.links.whom()
		s.ask(ownership.Ask{Servers: []string{"c"}})
		if got, want := s.links.whom(), []string{"b>c", "c", "e>c", "f>c"}; !slices.Equal(got, want) {
			t.Errorf("asked %v, want %v", got, want)
		}
	})
}

// Draining servers are asked who has a room: they lead rooms until they have handed them off. Routers are not.
func TestWhoIsAsked(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		router := member("r")
		router.Role, router.Peer = membership.Router, ""
		s.members.Set(draining("b"), router, member("c"))
		s.pass(time.Millisecond)
		s.creates(homed(t, []string{"a", "c"}, "a"))
		if got := s.links.whom(); !slices.Equal(got, []string{"b", "c"}) {
			t.Errorf("asked %v", got)
		}
		for _, q := range s.links.queries {
			if !q.Claim {
				t.Errorf("asked %+v", q)
			}
		}
	})
}

// A tick worker and a link's reading goroutine go on while an entry is locked: what they say waits.
func TestEventsTakeNoEntryLock(t *testing.T) {
	serve(t, []string{"b", "l"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b", "l"}, "a", "b")
		s.creates(id)
		follows := s.follows("r")
		b, led, replica := s.links.last("b", id), s.find(id), s.find("r")
		led.mu.Lock()
		replica.mu.Lock()
		b.events.Acked(1)
		b.events.Ready(1)
		b.events.NeedKeyframe()
		b.events.Probation()
		b.events.Rejected(ownership.Rejection{Code: ownership.RejectBusy})
		b.events.Lost(replication.ErrBroken)
		if err := follows.tick(); err != nil {
			t.Error(err)
		}
		s.Stalled(time.Second)
		s.fallbacks(id)
		replica.mu.Unlock()
		led.mu.Unlock()
		synctest.Wait()
	})
}

// No log is written with a lock held: while one blocks, questions about that room and others are answered.
func TestBlockedLogHoldsNoLock(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		block := make(chan struct{})
		s.logs.mu.Lock()
		s.logs.block = block
		s.logs.mu.Unlock()
		entered := s.entering(spec(id))
		if !s.leads(id) {
			t.Error("the room is not led")
		}
		if err := <-entered; err != nil {
			t.Error(err)
		}
		if got := s.answers("other"); got.Holding != ownership.None {
			t.Errorf("answers %+v", got)
		}
		s.logs.mu.Lock()
		s.logs.block = nil
		s.logs.mu.Unlock()
		close(block)
	})
}
