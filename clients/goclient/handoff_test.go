package goclient

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// prepareTo is the announcement that the room moves to s.
func (s *server) prepareTo() []byte {
	return proto.Prepare{Moved: proto.Moved{URL: s.wsURL(), Server: "gs-1", WithinMs: 20_000}}.Append(nil)
}

func (s *server) movedTo() []byte {
	return proto.Moved{URL: s.wsURL(), Server: "gs-1", WithinMs: 2000}.Append(nil)
}

// watched makes c tell its moves, and the test fail at violations.
func watched(t *testing.T, c *Config) <-chan Move {
	moves := make(chan Move, 10)
	c.Events.Moved = func(_ *Client, m Move) { moves <- m }
	c.Events.Violation = func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) }
	return moves
}

// is fails the test unless m is want, but for the gap, which only has to be one, and the cause.
func (m Move) is(t *testing.T, want Move) {
	t.Helper()
	if m.Gap <= 0 || m.Gap > patience || m.Cause == nil {
		t.Errorf("gap %v, cause %v", m.Gap, m.Cause)
	}
	m.Gap, m.Cause = 0, nil
	if m != want {
		t.Errorf("move %+v, want %+v", m, want)
	}
}

// The next connection waits while the room goes on; the client changes over at the moved message and misses no tick, and
// what the old leader had not processed is sent to the new one.
func TestAPreparedHandoffMissesNoTick(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	waiting, over := make(chan bool), make(chan bool)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(r.tick())
		p.inputs(r)
		p.send(b.prepareTo())
		p.send(b.prepareTo()) // the same again
		<-waiting
		r.processed = 1
		p.send(r.tick())
		p.inputs(r) // number 2, which comes too late for this leader
		p.send(b.movedTo())
		_ = p.ws.WriteClose(uint16(proto.CloseMoved), nil) // at once, before the next leader has said anything
		p.wait()
		close(over)
	})
	b.script(func(p *peer) {
		h := p.hello()
		if h.Flags != proto.HelloWait || string(h.Resume) != "token-of-gs-0" || h.Epoch != (proto.Epoch{Instance: testInstance, Counter: 1, Server: "gs-0"}) ||
			h.LastTick != 101 || h.Ticket == "" {
			t.Errorf("the hello of the prepared connection is %+v", h)
		}
		close(waiting)
		<-over
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		p.send(r.welcome(proto.WelcomeResumed))
		if first, samples := p.inputs(r); first != 2 || !slices.Equal(samples, []sample{{Move: 102}}) {
			t.Errorf("inputs from %d: %v, want from 2: 102", first, samples)
		}
		p.inputs(r)
		r.processed = 3
		p.send(r.tick())
		p.wait()
	})
	var in *Inputs[sample]
	c := a.config()
	moves := watched(t, &c)
	frames := make(chan proto.Tick, 10)
	c.Events.Frame = func(c *Client) {
		in.Send(sample{Move: int8(c.Tick())})
		frames <- c.Tick()
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, r) })
	for want := proto.Tick(101); want <= 104; want++ {
		if got := get(t, frames, "frame"); got != want {
			t.Errorf("tick %d, want %d", got, want)
		}
	}
	get(t, moves, "move").is(t, Move{Kind: Handoff, Prepared: true, From: "gs-0", To: "gs-1"})
	run.Close()
	run.wait()
	if st := run.Stats(); st.Moves != 1 || st.Reconnects != 0 || st.MissedTicks != 0 || st.ReplayedTicks != 0 || st.Acked != 3 {
		t.Errorf("stats are %+v", st)
	}
}

// The new leader's first frame is enough, should the old one's moved message never come.
func TestTheFirstFrameOfTheNextLeaderEndsTheOldConnection(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(b.prepareTo())
		p.wait()
	})
	b.script(func(p *peer) {
		p.hello()
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		p.send(r.welcome(proto.WelcomeResumed))
		p.wait()
	})
	c := a.config()
	moves := watched(t, &c)
	run := dial(t, c, nil)
	get(t, moves, "move").is(t, Move{Kind: Handoff, Prepared: true, From: "gs-0", To: "gs-1"})
	run.Close()
	run.wait()
	if st := run.Stats(); st.Reconnects != 0 {
		t.Errorf("stats are %+v", st)
	}
}

func TestAMoveWithoutPreparation(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(r.tick())
		p.send(b.movedTo())
		p.wait()
	})
	b.script(func(p *peer) {
		if h := p.hello(); h.Flags != 0 {
			t.Errorf("the hello has the flags %#x", h.Flags)
		}
		r.epoch = r.epoch.Next("gs-1")
		for range 3 {
			r.step()
		}
		p.send(r.welcome(proto.WelcomeResumed))
		p.wait()
	})
	c := a.config()
	moves := watched(t, &c)
	run := dial(t, c, nil)
	get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-0", To: "gs-1", MissedTicks: 2})
	run.Close()
	run.wait()
}

// A prepared connection that was lost or refused does no harm: the moved message leads to the same place anew.
func TestALostPreparedConnectionIsMadeAnew(t *testing.T) {
	t.Run("lost", func(t *testing.T) { loseThePrepared(t, (*peer).cut) })
	t.Run("refused", func(t *testing.T) {
		loseThePrepared(t, func(p *peer) {
			p.send(proto.Moved{URL: "ws://back.example/", Server: "gs-0"}.Append(nil))
			_ = p.ws.WriteClose(uint16(proto.CloseMoved), nil)
		})
	})
}

func loseThePrepared(t *testing.T, lose func(p *peer)) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	cut := make(chan bool)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(b.prepareTo())
		<-cut
		p.send(r.tick())
		p.send(b.movedTo())
		p.wait()
	})
	b.script(func(p *peer) {
		p.hello()
		lose(p)
		close(cut)
	})
	b.script(func(p *peer) {
		if h := p.hello(); h.Flags != 0 || h.LastTick != 101 {
			t.Errorf("the hello is %+v", h)
		}
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		p.send(r.welcome(proto.WelcomeResumed))
		p.wait()
	})
	c := a.config()
	moves := watched(t, &c)
	run := dial(t, c, nil)
	get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-0", To: "gs-1"})
	run.Close()
	run.wait()
}

// Behind a router in proxy mode the servers' own URLs may lead nowhere: the client asks the router.
func TestAPlaceThatCannotBeReachedMeansTheRouter(t *testing.T) {
	for _, prepared := range []bool{true, false} {
		a, r := newServer(t), newRoom(t)
		const far = "ws://far.example:7100/v1/rooms/r-1/connect"
		r.fallbacks = []string{far}
		moved := proto.Moved{URL: far, Server: "gs-1", WithinMs: 2000}
		a.script(func(p *peer) {
			p.enter(r, 0)
			if prepared {
				p.send(proto.Prepare{Moved: moved}.Append(nil))
			}
			p.send(moved.Append(nil))
			p.wait()
		})
		a.script(func(p *peer) {
			r.epoch = r.epoch.Next("gs-1")
			r.step()
			p.enter(r, proto.WelcomeResumed)
			p.wait()
		})
		var asked, tried atomic.Int32
		a.router = func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			a.admit(w, a.URL)
		}
		c := a.config()
		moves := watched(t, &c)
		c.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "far.example:7100") {
				tried.Add(1)
				return nil, errors.New("no route to host")
			}
			return dialTCP(ctx, addr)
		}
		run := dial(t, c, nil)
		get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-0", To: "gs-1"})
		run.Close()
		run.wait()
		if tried.Load() != 1 {
			t.Errorf("prepared %v: the far place was tried %d times, want once", prepared, tried.Load())
		}
		if want := map[bool]int32{true: 2, false: 1}[prepared]; asked.Load() != want { // without, it comes to the router's URL again
			t.Errorf("prepared %v: the router was asked %d times, want %d", prepared, asked.Load(), want)
		}
	}
}

// Preparing for one place and moving to another leaves the first one's connection behind.
func TestAMoveElsewhereThanPrepared(t *testing.T) {
	a, b, other, r := newServer(t), newServer(t), newServer(t), newRoom(t)
	waiting := make(chan bool)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(other.prepareTo())
		<-waiting
		p.send(b.movedTo())
		p.wait()
	})
	other.script(func(p *peer) {
		p.hello()
		close(waiting)
		p.wait()
	})
	b.script(func(p *peer) {
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		p.enter(r, proto.WelcomeResumed)
		p.wait()
	})
	c := a.config()
	moves := watched(t, &c)
	run := dial(t, c, nil)
	get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-0", To: "gs-1"})
	run.Close()
	run.wait()
}

// A prepare that leads to the same leader, on another way: the client changes over at once, keeps its seat and misses
// nothing, whichever of the moved message and the welcome it sees first.
func TestADetourToTheSameServer(t *testing.T) {
	for name, spectator := range map[string]bool{"player": false, "spectator": true} {
		t.Run(name, func(t *testing.T) {
			a, b, r := newServer(t), newServer(t), newRoom(t) // b is another router's way to the same server
			flags, seat := proto.WelcomeResumed, proto.Seat(1)
			if spectator {
				flags, seat = proto.WelcomeSpectator, proto.NoSeat
			}
			waiting, over := make(chan bool), make(chan bool)
			to := proto.Moved{URL: b.wsURL(), Server: "gs-0", Epoch: r.epoch}
			a.script(func(p *peer) {
				p.hello()
				p.send(r.welcome(flags &^ proto.WelcomeResumed))
				p.send(proto.Prepare{Moved: to}.Append(nil))
				<-waiting
				r.step()
				p.send(r.frame(seat, 7))
				if !spectator {
					p.inputs(r) // number 1, which the tick after this one would have taken
				}
				p.send(to.Append(nil))
				_ = p.ws.WriteClose(uint16(proto.CloseMoved), nil)
				p.wait()
				close(over)
			})
			b.script(func(p *peer) {
				if h := p.hello(); h.Flags != proto.HelloWait || h.Epoch != r.epoch || (len(h.Resume) > 0) == spectator {
					t.Errorf("the hello of the next connection is %+v", h)
				}
				close(waiting)
				<-over
				r.step()
				p.send(r.welcome(flags))
				if !spectator {
					if first, samples := p.inputs(r); first != 1 || !slices.Equal(samples, []sample{{Move: 101}}) {
						t.Errorf("inputs from %d: %v, want from 1: 101", first, samples)
					}
					p.inputs(r)
					r.processed = 2
				}
				r.step()
				p.send(r.frame(seat, 7))
				p.wait()
			})
			var in *Inputs[sample]
			c := a.config()
			moves := watched(t, &c)
			frames := make(chan proto.Tick, 10)
			c.Events.Frame = func(c *Client) {
				if in != nil {
					in.Send(sample{Move: int8(c.Tick())})
				}
				frames <- c.Tick()
			}
			run := dial(t, c, func(c *Client) {
				if !spectator {
					in = mustInputs(t, c, r)
				}
			})
			for want := proto.Tick(101); want <= 103; want++ {
				if got := get(t, frames, "frame"); got != want {
					t.Errorf("tick %d, want %d", got, want)
				}
			}
			get(t, moves, "move").is(t, Move{Kind: Reconnect, Prepared: true, From: "gs-0", To: "gs-0"})
			run.Close()
			run.wait()
			if st := run.Stats(); st.Moves != 1 || st.Reconnects != 0 || st.MissedTicks != 0 || st.ResentInputs != 0 || st.LostInputs != 0 {
				t.Errorf("stats are %+v", st)
			}
		})
	}
}
