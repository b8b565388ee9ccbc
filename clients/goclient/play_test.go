package goclient

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func TestAPlayerSeesTheStateAndIsAcknowledged(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		h := p.enter(r, proto.WelcomeChecks)
		if h.Versions != proto.Spoken() || h.Ticket == "" || h.Resume != nil || h.LastTick != 0 || h.Epoch != (proto.Epoch{}) {
			t.Errorf("the first hello is %+v", h)
		}
		first, samples := p.inputs(r)
		if want := []sample{{1, true}, {2, true}}; first != 1 || !slices.Equal(samples, want) {
			t.Errorf("inputs from %d: %v, want from 1: %v", first, samples, want)
		}
		r.processed = 1
		p.send(r.tick())
		if first, samples := p.inputs(r); first != 3 || !slices.Equal(samples, []sample{{3, false}}) {
			t.Errorf("inputs from %d: %v, want from 3: 3 false", first, samples)
		}
		r.processed = 3
		p.send(r.tick())
		p.send(proto.Custom{Payload: []byte("hi")}.Append(nil))
		p.send(proto.Outcome{Match: 1, Tick: 102}.Append(nil))
		p.record(proto.KindCustom)
		if leave, err := proto.ParseLeave(p.record(proto.KindLeave)); err != nil || leave.Reason != "enough" {
			t.Errorf("leave is %+v, %v", leave, err)
		}
		p.refuse(proto.Error{Code: proto.CloseLeft})
		p.wait()
	})

	var in *Inputs[sample]
	entered := 0
	var acked []proto.Seq
	outcomes := make(chan proto.Outcome, 1)
	c := s.config()
	c.Events = Events{
		Entered: func(c *Client) {
			entered++
			if c.Tick() != 100 || c.Seat() != 1 || c.Welcome().TickRate != 20 {
				t.Errorf("entered at tick %d on seat %d", c.Tick(), c.Seat())
			}
			in.Add(sample{1, true})
			in.Send(sample{2, true})
		},
		Frame: func(c *Client) {
			if c.Slack() != 7 {
				t.Errorf("slack is %d, want 7", c.Slack())
			}
			things, err := state.RowsOf[thing](c.State(), "things")
			if err != nil {
				t.Error(err)
			}
			want := thing{X: float32(c.Tick()%64) / 2, Ammo: uint8(9 - (c.Tick() - 100))}
			if got, ok := things.Get(0); !ok || got != want {
				t.Errorf("tick %d: the thing is %+v, want %+v", c.Tick(), got, want)
			}
			if c.Tick() == 101 {
				in.Send(sample{3, false})
			}
		},
		Acked: func(c *Client, seq proto.Seq, latency time.Duration) {
			if latency <= 0 || latency > patience {
				t.Errorf("latency of %d is %v", seq, latency)
			}
			acked = append(acked, seq)
		},
		Custom: func(c *Client, payload []byte) {
			if err := c.SendCustom(append([]byte("re: "), payload...)); err != nil {
				t.Error(err)
			}
		},
		Outcome: func(c *Client, o proto.Outcome) {
			outcomes <- o
			if err := c.Leave("enough"); err != nil {
				t.Error(err)
			}
		},
		Violation: func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) },
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, r) })
	if err := run.wait(); err != nil {
		t.Error(err)
	}
	if entered != 1 || !slices.Equal(acked, []proto.Seq{1, 2, 3}) {
		t.Errorf("entered %d times, acknowledged %v", entered, acked)
	}
	if o := get(t, outcomes, "outcome"); o.Match != 1 || o.Tick != 102 {
		t.Errorf("outcome is %+v", o)
	}
	st := run.Stats()
	if st.Ticks != 2 || st.Keyframes != 1 || st.Checks != 2 || st.Messages != 6 || st.Acked != 3 || st.Tick != 102 || st.Reconnects != 0 {
		t.Errorf("stats are %+v", st)
	}
	if st.BytesDown < 200 || st.BytesUp < 200 {
		t.Errorf("%d bytes down, %d up", st.BytesDown, st.BytesUp)
	}
	if _, err := in.Send(sample{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after the end: %v, want ErrClosed", err)
	}
	if err := run.SendCustom(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("SendCustom after the end: %v, want ErrClosed", err)
	}
	if err := run.Leave(""); !errors.Is(err, ErrClosed) {
		t.Errorf("Leave after the end: %v, want ErrClosed", err)
	}
}

func TestASlowClientJumpsAheadWithAKeyframe(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.send(r.tick())
		r.step()
		r.step()
		p.send(r.keyframe(1))
		p.send(r.tick())
		p.wait()
	})
	ticks := make(chan proto.Tick, 10)
	c := s.config()
	c.Events.Frame = func(c *Client) { ticks <- c.Tick() }
	c.Events.Violation = func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) }
	run := dial(t, c, nil)
	for _, want := range []proto.Tick{101, 103, 104} {
		if got := get(t, ticks, "frame"); got != want {
			t.Errorf("tick %d, want %d", got, want)
		}
	}
	run.Close()
	if err := run.wait(); err != nil {
		t.Error(err)
	}
}

func TestASpectatorSeesThePublicPart(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, proto.WelcomeSpectator)
		r.step()
		p.send(r.frame(proto.NoSeat, 0))
		p.wait()
	})
	seen := make(chan thing, 1)
	c := s.config()
	c.Request.Role = SpectatorRole
	c.Events.Frame = func(c *Client) {
		things, err := state.RowsOf[thing](c.State(), "things")
		if err != nil {
			t.Error(err)
		}
		got, _ := things.Get(0)
		seen <- got
	}
	run := dial(t, c, nil)
	if got := get(t, seen, "frame"); got != (thing{X: 18.5}) {
		t.Errorf("the thing is %+v, want x 18.5 and no ammo", got)
	}
	if run.Seat() != proto.NoSeat {
		t.Errorf("seat is %d", run.Seat())
	}
	run.stop()
	if err := run.wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want context.Canceled", err)
	}
}

func TestPingsMeasureRoundTripAndClock(t *testing.T) {
	const ahead = time.Hour
	s, r := newServer(t), newRoom(t)
	answered := make(chan struct{})
	s.script(func(p *peer) {
		p.hello()
		p.send(r.welcome(0))
		ping, err := proto.ParsePing(p.record(proto.KindPing))
		if err != nil {
			t.Error(err)
		}
		p.send(proto.Pong{Micros: ping.Micros, Server: uint64(time.Now().Add(ahead).UnixMicro())}.Append(nil))
		p.send(r.tick())
		<-answered
	})
	frames := make(chan Stats, 1)
	c := s.config()
	c.Events.Frame = func(c *Client) { frames <- c.Stats() }
	run := dial(t, c, nil)
	st := get(t, frames, "frame")
	close(answered)
	if st.RoundTrip <= 0 || st.RoundTrip > patience {
		t.Errorf("round trip is %v", st.RoundTrip)
	}
	if off := (st.ClockOffset - ahead).Abs(); off > st.RoundTrip/2+time.Millisecond {
		t.Errorf("clock offset is %v, want %v within half of %v", st.ClockOffset, ahead, st.RoundTrip)
	}
	run.Close()
	run.wait()
}

func TestInputsMustFitTheRoom(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.wait()
	})
	type other struct {
		Move int16 `state:""`
		Fire bool  `state:""`
	}
	codec, err := state.NewCodec[other]()
	if err != nil {
		t.Fatal(err)
	}
	run := dial(t, s.config(), func(c *Client) {
		if _, err := NewInputs(c, codec); !errors.Is(err, ErrSchema) {
			t.Errorf("error %v, want ErrSchema", err)
		}
	})
	run.Close()
	run.wait()
}

func TestTheWindowBoundsWhatIsKept(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		first, samples := p.inputs(r)
		if first != 1 || len(samples) != proto.InputWindow {
			t.Errorf("%d samples from %d, want %d from 1", len(samples), first, proto.InputWindow)
		}
		for i, v := range samples {
			if v.Move != int8(i) {
				t.Fatalf("sample %d is %v", i+1, v)
			}
		}
		p.wait()
	})
	run := dial(t, s.config(), func(c *Client) {
		in := mustInputs(t, c, r)
		for i := range proto.InputWindow {
			add := in.Add
			if i == proto.InputWindow-1 {
				add = in.Send
			}
			if seq, err := add(sample{Move: int8(i)}); err != nil || seq != proto.Seq(i+1) {
				t.Fatalf("sample %d: number %d, %v", i+1, seq, err)
			}
		}
		if _, err := in.Send(sample{}); !errors.Is(err, ErrWindow) {
			t.Errorf("one more: %v, want ErrWindow", err)
		}
	})
	run.Close()
	run.wait()
}
