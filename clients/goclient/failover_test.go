package goclient

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The leader is killed: the standby that the welcome named is asked first and at once, though it knows two ticks less.
func TestAStandbyTakesOver(t *testing.T) {
	for _, prepared := range []bool{false, true} {
		a, b, r := newServer(t), newServer(t), newRoom(t)
		waiting, over := make(chan bool, 1), make(chan bool)
		r.fallbacks = []string{b.wsURL()}
		a.script(func(p *peer) {
			p.enter(r, 0)
			p.inputs(r)
			for r.store.Tick() < 104 {
				r.processed++
				p.send(r.tick())
				p.record(proto.KindCustom)
			}
			if prepared {
				p.send(b.prepareTo())
				<-waiting
			}
			close(over)
			p.cut()
		})
		b.script(func(p *peer) {
			p.hello()
			waiting <- true
			<-over
			r.epoch = r.epoch.Next("gs-1")
			r.store.Commit(103)
			r.processed = 2
			p.send(r.welcome(proto.WelcomeResumed))
			if first, samples := p.inputs(r); first != 3 || len(samples) != 4 {
				t.Errorf("%d inputs from %d, want 4 from 3", len(samples), first)
			}
			p.record(proto.KindCustom)
			r.processed = 6
			p.send(r.tick())
			p.record(proto.KindCustom)
			p.refuse(proto.Error{Code: proto.CloseEnded})
			p.wait()
		})
		var in *Inputs[sample]
		var acked []proto.Seq
		var ticks []proto.Tick
		c := a.config()
		moves := watched(t, &c)
		c.Events.Frame = func(c *Client) {
			ticks = append(ticks, c.Tick())
			c.SendCustom(nil)
		}
		c.Events.Acked = func(_ *Client, seq proto.Seq, _ time.Duration) { acked = append(acked, seq) }
		run := dial(t, c, func(c *Client) {
			in = mustInputs(t, c, r)
			for i := range 5 {
				in.Add(sample{Move: int8(i)})
			}
			in.Send(sample{Move: 5})
		})
		get(t, moves, "move").is(t, Move{Kind: Failover, From: "gs-0", To: "gs-1", Prepared: prepared, ReplayedTicks: 2})
		var closed *CloseError
		if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
			t.Errorf("Run returned %v", err)
		}
		if want := []proto.Tick{101, 102, 103, 104, 103, 104}; !slices.Equal(ticks, want) {
			t.Errorf("frames of %v, want %v", ticks, want)
		}
		if want := []proto.Seq{1, 2, 3, 4, 5, 6}; !slices.Equal(acked, want) { // each once
			t.Errorf("acknowledged %v, want %v", acked, want)
		}
		if st := run.Stats(); st.ReplayedTicks != 2 || st.ResentInputs != 2 || st.Reconnects != 1 || st.Acked != 6 {
			t.Errorf("stats are %+v", st)
		}
	}
}

// Two standbys took over at once, and the one whose name is first gave up: that is how it is meant.
func TestTheLaterNameOfOneCounterFollows(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	r.epoch = proto.Epoch{Instance: testInstance, Counter: 2, Server: "gs-1"}
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(b.movedTo())
		p.wait()
	})
	b.script(func(p *peer) {
		r.epoch.Server = "gs-2"
		p.enter(r, proto.WelcomeResumed)
		p.wait()
	})
	c := a.config()
	moves := watched(t, &c)
	run := dial(t, c, nil)
	get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-1", To: "gs-2", ReplayedTicks: 1})
	run.Close()
	run.wait()
}

// An outcome that a new leader tells again is heard once.
func TestARepeatedOutcomeIsHeardOnce(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	outcome := proto.Outcome{Match: 7, Tick: 100, Data: []byte("x")}.Append(nil)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.send(outcome)
		p.record(proto.KindCustom)
		p.cut()
	})
	s.script(func(p *peer) {
		p.hello()
		r.epoch = r.epoch.Next("gs-1")
		p.send(r.welcome(proto.WelcomeResumed))
		p.send(outcome)
		p.send(proto.Outcome{Match: 8, Tick: 101}.Append(nil))
		p.refuse(proto.Error{Code: proto.CloseEnded})
		p.wait()
	})
	var heard []uint32
	c := s.config()
	watched(t, &c)
	c.Events.Outcome = func(c *Client, o proto.Outcome) {
		heard = append(heard, o.Match)
		c.SendCustom(nil)
	}
	run := dial(t, c, nil)
	run.wait()
	if !slices.Equal(heard, []uint32{7, 8}) || run.Stats().RepeatedOutcomes != 1 {
		t.Errorf("heard of %v, %d repeated", heard, run.Stats().RepeatedOutcomes)
	}
}

func TestOutcomesAreForgottenInTime(t *testing.T) {
	h := outcomes{}
	const newest = 2*outcomesKept - 1
	for match := range uint32(2 * outcomesKept) {
		if again, same := h.hear(match, []byte{byte(match)}); again || !same {
			t.Fatalf("match %d is known", match)
		}
	}
	if len(h) != outcomesKept {
		t.Errorf("%d are kept, want %d", len(h), outcomesKept)
	}
	if again, same := h.hear(newest, []byte{newest}); !again || !same {
		t.Errorf("the newest is forgotten: %v %v", again, same)
	}
	if again, same := h.hear(newest, []byte{1}); !again || same {
		t.Errorf("a change is not seen: %v %v", again, same)
	}
}

// Losses that no guarantee allows are found out: the seat, acknowledged inputs, and the room itself.
func TestLosses(t *testing.T) {
	t.Run("the token is refused while the seat is held", func(t *testing.T) {
		c := newLoss(t, func(p *peer, r *room) { p.refuse(proto.Error{Code: proto.CloseSeat}) })
		c.script(func(p *peer) {
			p.hello()
			p.refuse(proto.Error{Code: proto.CloseEnded})
			p.wait()
		})
		c.finds(SeatLost, proto.CloseEnded)
	})
	t.Run("the seat is a new one", func(t *testing.T) {
		newLoss(t, func(p *peer, r *room) {
			p.send(r.welcome(0))
			p.refuse(proto.Error{Code: proto.CloseEnded})
		}).finds(SeatLost, proto.CloseEnded)
	})
	t.Run("acknowledged inputs are too old to be sent again", func(t *testing.T) {
		newLoss(t, func(p *peer, r *room) {
			r.processed = 1
			p.send(r.welcome(proto.WelcomeResumed))
			p.refuse(proto.Error{Code: proto.CloseEnded})
		}).finds(InputLost, proto.CloseEnded)
	})
	for _, code := range []proto.CloseCode{proto.CloseLost, proto.CloseOver} {
		t.Run(code.String(), func(t *testing.T) {
			c := newLoss(t, func(p *peer, r *room) { p.refuse(proto.Error{Code: code}) })
			c.finds("", code)
			if c.roomLost != 1 {
				t.Errorf("the event came %d times", c.roomLost)
			}
		})
	}
	t.Run("the room is another instance", func(t *testing.T) {
		entered := 0
		c := newLoss(t, func(p *peer, r *room) {
			r.epoch = proto.Epoch{Instance: testInstance + 1, Counter: 9, Server: "gs-1"}
			p.send(r.welcome(0))
		})
		c.entered = func() { entered++ }
		c.finds(InstanceChanged, proto.CloseOver)
		if c.roomLost != 1 || entered != 1 {
			t.Errorf("the event came %d times, and the client has entered %d times", c.roomLost, entered)
		}
	})
}

// loss is a player of 130 acknowledged samples whose connection is lost.
type loss struct {
	*server
	room     *room
	roomLost int
	entered  func()
}

// newLoss runs second on the connection with which the client comes back, which has a later epoch.
func newLoss(t *testing.T, second func(p *peer, r *room)) *loss {
	l := &loss{server: newServer(t), room: newRoom(t)}
	l.script(func(p *peer) {
		p.enter(l.room, 0)
		for range 2 {
			_, samples := p.inputs(l.room)
			l.room.processed += proto.Seq(len(samples))
			p.send(l.room.tick())
		}
		p.record(proto.KindCustom)
		p.cut()
	})
	l.script(func(p *peer) {
		p.hello()
		l.room.epoch = l.room.epoch.Next("gs-1")
		second(p, l.room)
		p.wait()
	})
	return l
}

func (l *loss) finds(want Violation, end proto.CloseCode) {
	t := l.t
	t.Helper()
	var seen []Violation
	var in *Inputs[sample]
	c := l.config()
	c.Events.Violation = func(_ *Client, v Violation, detail string) { seen = append(seen, v) }
	c.Events.RoomLost = func(*Client) { l.roomLost++ }
	send := func() {
		for range 64 {
			in.Add(sample{})
		}
		in.Send(sample{})
	}
	rounds := 0
	c.Events.Entered = func(c *Client) {
		if l.entered != nil {
			l.entered()
		}
		if rounds == 0 {
			send()
		}
	}
	c.Events.Frame = func(c *Client) {
		if rounds++; rounds == 1 {
			send()
		} else {
			c.SendCustom(nil)
		}
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, l.room) })
	var closed *CloseError
	if err := run.wait(); !errors.As(err, &closed) || closed.Code != end {
		t.Errorf("Run returned %v", err)
	}
	if want == "" && len(seen) > 0 || want != "" && !slices.Equal(seen, []Violation{want}) {
		t.Errorf("violations %v, want %q", seen, want)
	}
}
