package goclient

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Ticks and sample numbers have 32 bits and begin again at 0: the client plays on, is acknowledged, and comes back over the wrap.
func TestTheWrapOfTicksAndSamples(t *testing.T) {
	const top = math.MaxUint32
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		r.store.Begin()
		r.store.Commit(top - 2)
		r.processed = top - 2
		p.enter(r, 0)
		if first, samples := p.inputs(r); first != top-1 || len(samples) != 4 {
			t.Errorf("%d samples from %d, want 4 from %d", len(samples), first, uint32(top-1))
		}
		for range 6 {
			if r.processed != 1 {
				r.processed++
			}
			p.send(r.tick())
		}
		p.record(proto.KindCustom)
		p.cut()
	})
	s.script(func(p *peer) {
		if h := p.hello(); h.LastTick != 3 {
			t.Errorf("the last tick is %d, want 3", h.LastTick)
		}
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		r.processed--
		p.send(r.welcome(proto.WelcomeResumed))
		if first, samples := p.inputs(r); first != 1 || len(samples) != 1 {
			t.Errorf("%d samples from %d are sent again, want the last one", len(samples), first)
		}
		p.send(r.tick())
		p.wait()
	})
	moves, done := make(chan Move, 1), make(chan struct{})
	var acked []proto.Seq
	var in *Inputs[sample]
	c := s.config()
	c.Events = Events{
		Acked:     func(_ *Client, seq proto.Seq, _ time.Duration) { acked = append(acked, seq) },
		Moved:     func(_ *Client, m Move) { moves <- m },
		Violation: func(_ *Client, v Violation, detail string) { t.Errorf("violation: %v: %s", v, detail) },
		Entered: func(*Client) {
			for i := range 3 {
				in.Add(sample{Move: int8(i)})
			}
			in.Send(sample{Move: 3})
		},
		Frame: func(c *Client) {
			switch c.Tick() {
			case 3:
				_ = c.SendCustom(nil)
			case 5:
				close(done)
			}
		},
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, r) })
	m := get(t, moves, "the move")
	get(t, done, "tick 5")
	run.Close()
	_ = run.wait()
	if want := []proto.Seq{top - 1, top, 0, 1}; !slices.Equal(acked, want) {
		t.Errorf("acknowledged %v, want %v", acked, want)
	}
	if m.Kind != Failover || m.MissedTicks != 0 || m.ReplayedTicks != 0 {
		t.Errorf("move %+v", m)
	}
}

// The oldest outcome is forgotten, not the lowest match.
func TestOutcomesOverTheWrap(t *testing.T) {
	h := outcomes{}
	for m := uint32(math.MaxUint32 - 150); m != 150; m++ {
		if again, _ := h.hear(m, nil); again {
			t.Fatalf("match %d was heard before", m)
		}
		if again, _ := h.hear(m, nil); !again {
			t.Fatalf("match %d is forgotten at once", m)
		}
	}
}

// Sample numbers are compared modulo 2^32.
func TestOutboxOverTheWrap(t *testing.T) {
	o := outbox{processed: math.MaxUint32 - 2, sent: math.MaxUint32 - 2, told: math.MaxUint32 - 2, newest: 3}
	if again, lost := o.welcome(proto.Welcome{Flags: proto.WelcomeResumed, Processed: 1}); again != 0 || lost != 0 || o.told != 1 || o.newest != 3 {
		t.Errorf("again %d, lost %d, outbox %+v", again, lost, o)
	}
	if again, lost := o.welcome(proto.Welcome{Flags: proto.WelcomeResumed, Processed: math.MaxUint32}); again != 2 || lost != 0 || o.told != 1 || o.sent != math.MaxUint32 {
		t.Errorf("again %d, lost %d, outbox %+v", again, lost, o)
	}
}
