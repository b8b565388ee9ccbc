package game_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
	"pgregory.net/rapid"
)

func TestInputsAreTakenInOrder(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	queue(h, 0, values(1, 6)...)
	h.step()
	if got := sums(h, 0); got.Sum != 1+2+3+4 || h.sim.Processed(0) != 4 {
		t.Errorf("%+v with %d processed; a tick takes 4", got, h.sim.Processed(0))
	}
	h.step()
	if got := sums(h, 0); got.Sum != 21 || got.Count != 6 || h.sim.Processed(0) != 6 {
		t.Errorf("%+v with %d processed", got, h.sim.Processed(0))
	}
	h.step()
	if got := sums(h, 0); got.Count != 6 {
		t.Errorf("%+v after a tick without samples", got)
	}
}

func TestInputsSentAgainAreSkipped(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	send := func(first proto.Seq, all ...probeInput) {
		t.Helper()
		if err := h.sim.Queue(0, gametest.Encode(t, first, 0, all...)); err != nil {
			t.Fatal(err)
		}
	}
	send(1, values(1, 2)...)
	send(1, probeInput{100}, probeInput{200}, probeInput{3}) // 1 and 2 are queued: what they say now counts for nothing
	h.step()
	send(2, probeInput{500}, probeInput{600}, probeInput{4})
	send(1, probeInput{700})
	h.step()
	if got := sums(h, 0); got.Sum != 1+2+3+4 || got.Count != 4 {
		t.Errorf("%+v, want the first of each number", got)
	}
}

func TestInputsAreRefused(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	queue(h, 0, values(1, 3)...)
	h.step()
	queue(h, 0, values(4, 2)...)
	good := gametest.Encode(t, 6, 0, values(1, 3)...)
	for name, c := range map[string]struct {
		in   proto.Input
		want error
	}{
		"a gap":          {gametest.Encode(t, 7, 0, probeInput{1}), game.ErrFuture},
		"far ahead":      {gametest.Encode(t, 1<<31-1, 0, probeInput{1}), game.ErrFuture},
		"none":           {proto.Input{First: 6}, game.ErrSample},
		"a negative":     {proto.Input{First: 6, Count: -1}, game.ErrSample},
		"too many":       {gametest.Encode(t, 6, 0, values(1, proto.MaxSamples+1)...), game.ErrSample},
		"cut short":      {proto.Input{First: 6, Count: 3, Samples: good.Samples[:len(good.Samples)-1]}, game.ErrSample},
		"bytes left":     {proto.Input{First: 6, Count: 3, Samples: append(good.Samples, 0)}, game.ErrSample},
		"not in a range": {proto.Input{First: 6, Count: 1, Samples: []byte{1, 0xff, 0xff, 0xff, 0x0f}}, game.ErrSample},
	} {
		if err := h.sim.Queue(0, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	h.step()
	if got := sums(h, 0); got.Sum != 15 || got.Count != 5 {
		t.Errorf("%+v: a message that was refused left something behind", got)
	}
}

// TestInputWindow fills a queue to the last number that is allowed.
func TestInputWindow(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	for range proto.InputWindow / 64 {
		queue(h, 0, values(1, 64)...)
	}
	if err := h.sim.Queue(0, gametest.Encode(t, proto.InputWindow+1, 0, probeInput{1})); !errors.Is(err, game.ErrFuture) {
		t.Errorf("one more than the window: %v", err)
	}
	h.steps(proto.InputWindow / proto.MaxSamplesPerTick)
	if p := h.sim.Processed(0); p != proto.InputWindow {
		t.Errorf("%d processed, want %d", p, proto.InputWindow)
	}
}

func TestAckIsNeverAboveTheLastTick(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.steps(5)
	for first, ack := range []proto.Tick{3, 5, 6, 1<<31 - 1} {
		if err := h.sim.Queue(0, gametest.Encode(t, proto.Seq(first+1), ack, probeInput{1})); err != nil {
			t.Fatal(err)
		}
	}
	h.step()
	if got := sums(h, 0); got.Acks != 3+5+5+5 {
		t.Errorf("acks add up to %d", got.Acks)
	}
}

// TestPendingMovesTheQueue: whatever is queued when a room moves, the rest of the game is the same.
func TestPendingMovesTheQueue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d, _, _ := probeDefinition(10, 2)
		h := newHall(t, d, "", 1)
		h.join(0, "ann")
		h.steps(9)
		for range rapid.IntRange(0, 12).Draw(rt, "messages") {
			n := min(rapid.IntRange(1, 40).Draw(rt, "samples"), proto.InputWindow+1-int(h.next[0]))
			if n < 1 {
				break
			}
			ack := proto.Tick(rapid.IntRange(0, 9).Draw(rt, "ack"))
			samples := values(rapid.IntRange(-999, 900).Draw(rt, "from"), n)
			if err := h.sim.Queue(0, gametest.Encode(t, h.next[0], ack, samples...)); err != nil {
				rt.Fatal(err)
			}
			h.next[0] += proto.Seq(n)
		}
		b := h.rebuilt()
		for _, in := range h.sim.Pending(0) {
			if err := b.sim.Queue(0, in); err != nil {
				rt.Fatal(err)
			}
		}
		for range 40 {
			h.step()
			b.step()
			if b.sim.Store().SecretHash() != h.sim.Store().SecretHash() {
				rt.Fatalf("tick %d: %s", h.sim.Tick(), game.Diff(b.sim, h.sim))
			}
		}
		if p := h.sim.Processed(0); p != h.next[0]-1 {
			rt.Fatalf("%d of %d processed", p, h.next[0]-1)
		}
	})
}

type mute struct{ Score game.Value[probeRow] }

func (*mute) Start(*game.Room)              {}
func (*mute) Join(*game.Room, game.Player)  {}
func (*mute) Leave(*game.Room, game.Player) {}
func (*mute) Tick(*game.Room)               {}

func TestGameWithoutInputs(t *testing.T) {
	d := game.Definition{Name: "mute", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &mute{}, game.Settings{TickRate: 1, Seats: 1}, nil
	}}
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	if err := h.sim.Queue(0, gametest.Encode(t, 1, 0, probeInput{1})); !errors.Is(err, game.ErrSample) {
		t.Errorf("an input: %v", err)
	}
	h.step()
}

type twoInputs struct {
	mute
	A game.Inputs[probeInput]
	B game.Inputs[probeInput]
}

type privateInput struct {
	mute
	input game.Inputs[probeInput] //lint:ignore U1000 New looks for it
}

type badInput struct {
	mute
	Input game.Inputs[struct{ X int }]
}

func TestInputsFieldIsChecked(t *testing.T) {
	for want, g := range map[string]game.Game{
		"second Inputs": &twoInputs{}, "not exported": &privateInput{}, "no state tag": &badInput{},
	} {
		d := game.Definition{Name: "bad", New: func(json.RawMessage) (game.Game, game.Settings, error) {
			return g, game.Settings{TickRate: 1, Seats: 1}, nil
		}}
		if _, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
