package registry

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
)

// sleeper is a machine that can be suspended.
type sleeper struct{ slept atomic.Int64 }

func (s *sleeper) sleep(d time.Duration) { s.slept.Add(int64(d)) }
func (s *sleeper) clock() clock {
	return newClock(func() time.Duration { return time.Duration(s.slept.Load()) })
}

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m sleeper
		m.sleep(time.Hour) // before the process began
		c := m.clock()
		want := func(when string, d time.Duration) {
			t.Helper()
			if got := c.now(); got != d {
				t.Errorf("%s: %v, want %v", when, got, d)
			}
		}
		want("at first", 0)
		time.Sleep(time.Second)
		m.sleep(minSuspension / 2)
		want("after the two clocks were read apart", time.Second)
		m.sleep(10 * time.Second)
		want("after a suspension", 11*time.Second+minSuspension/2)
		if got := c.at(time.Now()); got != c.now() {
			t.Errorf("now is %v", got)
		}
	})
}

func TestSleptTime(t *testing.T) {
	if d := sleptTime(); d < -time.Second {
		t.Errorf("slept %v", d)
	}
	if c := newClock(sleptTime); c.now() > time.Minute {
		t.Errorf("a new clock is at %v", c.now())
	}
}

// Rooms are suspended after the machine was, and go on when the others have said that nobody else leads them.
func TestMachineSuspension(t *testing.T) {
	for _, c := range []struct {
		d     time.Duration
		other ownership.Holding // of b
		leads bool
	}{
		{pauseTime - 2*checkInterval, ownership.Leading, true}, // nobody is asked
		{pauseTime, ownership.Standby, true},
		{time.Minute, ownership.Standby, true},
		{time.Minute, ownership.Leading, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var m sleeper
			s := newServer(t, []string{"b"})
			s.clock = m.clock()
			s.run()
			defer s.close()
			s.pass(homeSettle)
			id := homed(t, []string{"a", "b"}, "a", "b")
			s.links.prompt = true
			s.creates(id)
			s.pass(time.Second)
			epoch := s.answers(id).Epoch
			if c.other == ownership.Leading {
				epoch = epoch.Next("b")
			}
			s.links.set("b", says(ownership.Answer{Holding: c.other, Leader: epoch.Server, Epoch: epoch}))
			m.sleep(c.d)
			s.pass(5 * time.Second)
			if s.leads(id) != c.leads {
				t.Errorf("after %v, b says %v: answers %+v", c.d, c.other, s.answers(id))
			}
			if paused := s.logs.count("was paused") > 0; paused != (c.d >= pauseTime) {
				t.Errorf("after %v: it is told to have paused: %v", c.d, paused)
			}
			if c.leads {
				if i, _ := s.Find(id); i.Reasons != "" {
					t.Errorf("after %v it is suspended for %q", c.d, i.Reasons)
				}
			}
		})
	}
}

// signals is a counter that tells of each tick.
type signals struct {
	counter
	ticks chan struct{}
}

func (c *signals) Tick(r *game.Room) {
	c.counter.Tick(r)
	select {
	case c.ticks <- struct{}{}:
	default:
	}
}

// A room resumes in real time too, where moments differ that are one in a bubble: the suspension is dated before the questions that
// it causes.
func TestResumeInRealTime(t *testing.T) {
	ticks := make(chan struct{})
	s := newServer(t, nil, games(game.Definition{Name: "count", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &signals{ticks: ticks}, game.Settings{TickRate: 60, Seats: 2}, nil
	}}))
	s.run()
	defer s.close()
	if err := s.enter(spec("r")); err != nil {
		t.Fatal(err)
	}
	limit := time.After(20 * time.Second) // a machine under load
	await := func(when string) {
		select {
		case <-ticks:
		case <-limit:
			i, _ := s.Find("r")
			t.Fatalf("no tick %s; it is suspended for %q", when, i.Reasons)
		}
	}
	await("at first")
	s.Stalled(time.Second)
	for s.logs.count("was paused") == 0 {
		await("while the pause is being told")
	}
	for range 10 {
		await("after the pause")
	}
}
