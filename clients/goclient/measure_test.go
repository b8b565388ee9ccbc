package goclient

import (
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

func TestTheClockOffsetIsThatOfTheFastestPong(t *testing.T) {
	var f offsetFilter
	f.add(90*time.Millisecond, 3*time.Second)
	f.add(20*time.Millisecond, 2*time.Second)
	f.add(50*time.Millisecond, 1*time.Second)
	if got := f.best(); got != 2*time.Second {
		t.Errorf("offset is %v, want 2s", got)
	}
	for range offsetPongs {
		f.add(60*time.Millisecond, 4*time.Second)
	}
	if got := f.best(); got != 4*time.Second {
		t.Errorf("offset is %v, want 4s: the others are too old", got)
	}
}

func TestPacer(t *testing.T) {
	p := NewPacer(20, 5*time.Millisecond)
	for _, c := range []struct {
		slack uint8
		want  time.Duration
	}{
		{5, 50 * time.Millisecond},
		{15, 51 * time.Millisecond},
		{200, 52500 * time.Microsecond},
		{0, 49500 * time.Microsecond},
		{proto.NoSlack, 47500 * time.Microsecond},
	} {
		p.Observe(c.slack)
		if got := p.Next(); got != c.want {
			t.Errorf("slack %d: next after %v, want %v", c.slack, got, c.want)
		}
		if got := p.Next(); got != 50*time.Millisecond {
			t.Errorf("without a new slack: next after %v, want 50ms", got)
		}
	}
}

// Inputs sent by the pacer settle where it aims, wherever they begin, and over a link with a delay of several ticks.
func TestPacerSettles(t *testing.T) {
	const rate, target, delay = 30, 5 * time.Millisecond, 3
	for start := range 33 {
		p := NewPacer(rate, target)
		period := time.Second / rate
		arrive := time.Duration(start) * time.Millisecond
		var slacks []uint8
		for tick := 1; tick <= 1500; tick++ {
			at := time.Duration(tick) * period
			slack := uint8(proto.NoSlack)
			for arrive <= at {
				slack = uint8((at - arrive).Milliseconds())
				arrive += p.Next()
			}
			slacks = append(slacks, slack)
			if len(slacks) > delay {
				p.Observe(slacks[len(slacks)-1-delay])
			}
		}
		for _, slack := range slacks[1000:] {
			if slack < 3 || slack > 7 {
				t.Fatalf("begun %d ms late: slack %d after a thousand ticks, want 5 within 2", start, slack)
			}
		}
	}
}

// steady is a client in a room, without a socket, and the room's next frames.
func steady(t testing.TB, frames int) (*Client, *link, [][]byte) {
	r := newRoom(t)
	l := &link{}
	c := &Client{born: time.Now(), config: Config{}.withDefaults()}
	if _, err := c.receive(l, gws.OpcodeBinary, r.welcome(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewInputs(c, r.codec); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for i := range frames {
		r.processed = proto.Seq(i + 1)
		out = append(out, r.tick())
	}
	return c, l, out
}

func TestATickDoesNotAllocate(t *testing.T) {
	const runs = 200
	c, l, frames := steady(t, runs+1)
	in := c.outbox.encoder.(*Inputs[sample])
	acked := 0
	c.config.Events.Acked = func(*Client, proto.Seq, time.Duration) { acked++ }
	i := 0
	if n := testing.AllocsPerRun(runs, func() {
		if _, err := in.Send(sample{Move: int8(i), Fire: true}); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		if b := c.outbox.pack(time.Duration(i)); len(b) == 0 {
			t.Fatal("nothing to send")
		}
		c.mu.Unlock()
		if ticked, err := c.receive(l, gws.OpcodeBinary, frames[i]); err != nil || !ticked {
			t.Fatal(err)
		}
		i++
	}); n != 0 {
		t.Errorf("a tick allocates %v times, want 0", n)
	}
	if acked != runs+1 {
		t.Errorf("%d samples were acknowledged, want %d", acked, runs+1)
	}
}

func BenchmarkTick(b *testing.B) {
	const frames = 1000
	c, l, messages := steady(b, frames)
	in := c.outbox.encoder.(*Inputs[sample])
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == frames {
			b.StopTimer()
			c, l, messages = steady(b, frames)
			in = c.outbox.encoder.(*Inputs[sample])
			i = 0
			b.StartTimer()
		}
		if _, err := in.Send(sample{Move: int8(i)}); err != nil {
			b.Fatal(err)
		}
		if _, err := c.receive(l, gws.OpcodeBinary, messages[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
