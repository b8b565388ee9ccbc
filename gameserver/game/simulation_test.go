package game_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

func TestNewChecksTheGame(t *testing.T) {
	probe, _, _ := probeDefinition(10, 2)
	make := func(g game.Game, s game.Settings) game.Definition {
		return game.Definition{Name: "bad", New: func(json.RawMessage) (game.Game, game.Settings, error) { return g, s, nil }}
	}
	for want, d := range map[string]game.Definition{
		"options must be an object":    probe,
		"tick rate 0, 1 to 60 are":     make(&mute{}, game.Settings{TickRate: 0, Seats: 2}),
		"tick rate 61, 1 to 60 are":    make(&mute{}, game.Settings{TickRate: 61, Seats: 2}),
		"0 seats, 1 to 64 are":         make(&mute{}, game.Settings{TickRate: 60, Seats: 0}),
		"65 seats, 1 to 64 are":        make(&mute{}, game.Settings{TickRate: 60, Seats: 65}),
		"held for 14s, 15s to 1h0m0s":  make(&mute{}, game.Settings{TickRate: 60, Seats: 2, SeatHold: 14 * time.Second}),
		"held for 1h0m1s, 15s to":      make(&mute{}, game.Settings{TickRate: 60, Seats: 2, SeatHold: time.Hour + time.Second}),
		"give a pointer to a struct":   make(number(3), game.Settings{TickRate: 60, Seats: 64}),
		`two tables are named "seats"`: make(&clash{}, game.Settings{TickRate: 60, Seats: 64}),
	} {
		if _, err := game.New(&d, []byte("[]"), game.Origin{Seed: 1, Instance: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

type number int

func (number) Start(*game.Room)              {}
func (number) Join(*game.Room, game.Player)  {}
func (number) Leave(*game.Room, game.Player) {}
func (number) Tick(*game.Room)               {}

type clash struct {
	mute
	Seats game.Table[probeRow]
}

func TestRebuildWantsTheSameKind(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, `{"a":1}`, 1)
	s := h.sim.Store()
	public, secret := s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil)
	if _, err := game.Rebuild(&d, []byte(`{"a":2}`), 0, public, secret); !errors.Is(err, game.ErrMismatch) {
		t.Errorf("other options: %v", err)
	}
	other := d
	other.Name = "other"
	if _, err := game.Rebuild(&other, []byte(`{"a":1}`), 0, public, secret); !errors.Is(err, game.ErrMismatch) {
		t.Errorf("another game: %v", err)
	}
	if _, err := game.Rebuild(&d, []byte(`{"a":1}`), 0, public[:len(public)-1], secret); err == nil {
		t.Error("a public keyframe that is cut short is taken")
	}
	if _, err := game.Rebuild(&d, []byte(`{"a":1}`), 0, public, secret[:len(secret)-1]); err == nil {
		t.Error("a secret keyframe that is cut short is taken")
	}
}

func TestRoomTellsItsGame(t *testing.T) {
	d, _, tick := probeDefinition(20, 3)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	h.sim.Disconnect(1)
	called := false
	*tick = func(r *game.Room) {
		called = true
		players := slices.Collect(r.Players())
		for i := range players {
			players[i].Alias = ""
		}
		want := []game.Player{{Seat: 0, ID: "ann", Name: "ann", Connected: true}, {Seat: 1, ID: "bob", Name: "bob"}}
		if !slices.Equal(players, want) {
			t.Errorf("players %+v, want %+v", players, want)
		}
		if r.Tick() != 1 || r.Match() != 1 {
			t.Errorf("tick %d, match %d", r.Tick(), r.Match())
		}
		if r.TickRate() != 20 || r.TickLength() != 50*time.Millisecond || r.Seats() != 3 {
			t.Errorf("rate %d, length %v, seats %d", r.TickRate(), r.TickLength(), r.Seats())
		}
	}
	h.step()
	if !called {
		t.Error("the tick did not run")
	}
}

// TestRandomGoesOn: the numbers depend on the seed alone, and a rebuilt room goes on with the next one.
func TestRandomGoesOn(t *testing.T) {
	d, _, tick := probeDefinition(20, 3)
	var drawn []uint64
	*tick = func(r *game.Room) { drawn = append(drawn, r.Rand().Uint64()) }
	h := newHall(t, d, "", 1234567)
	h.steps(3)
	h.rebuilt().step()
	h.step()
	// The first four of SplitMix64 from this seed, as known for its reference implementation; both rooms draw the
	// fourth.
	want := []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 4593380528125082431}
	if !slices.Equal(drawn, want) {
		t.Errorf("drawn %d, want %d", drawn, want)
	}
}

func TestMessages(t *testing.T) {
	d, got, tick := probeDefinition(20, 3)
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	payload := []byte("one")
	h.sim.Message(0, payload)
	copy(payload, "xxx")
	h.sim.Message(0, []byte("two"))
	*tick = func(r *game.Room) {
		r.Send(0, payload)
		copy(payload, "yyy")
		r.Send(game.NoSeat, payload)
	}
	h.step()
	told(t, got, "0 start", `1 join 0 ann "ann"`, "1 message 0 one", "1 message 0 two")
	want := []game.CustomOut{{Seat: 0, Payload: []byte("xxx")}, {Seat: game.NoSeat, Payload: []byte("yyy")}}
	if out := h.sim.Customs(); !reflect.DeepEqual(out, want) {
		t.Errorf("sent %v", out)
	}
	*tick = func(*game.Room) {}
	h.step()
	if len(h.sim.Customs()) != 0 {
		t.Errorf("sent again: %v", h.sim.Customs())
	}
	told(t, got)
}

func TestPanicEndsTheSimulation(t *testing.T) {
	cause := errors.New("out of cards")
	d, _, tick := probeDefinition(20, 3)
	h := newHall(t, d, "", 1)
	h.steps(3)
	*tick = func(*game.Room) { panic(cause) }
	for range 2 {
		err := h.sim.Step()
		p, ok := errors.AsType[*game.PanicError](err)
		if !ok || !errors.Is(err, cause) || !strings.Contains(string(p.Stack), "simulation_test.go") {
			t.Fatalf("error %v", err)
		}
		*tick = func(*game.Room) {}
	}
	if h.sim.Tick() != 3 {
		t.Errorf("tick %d after a panic in 4", h.sim.Tick())
	}
}

func TestSendIsBounded(t *testing.T) {
	d, _, tick := probeDefinition(20, 3)
	h := newHall(t, d, "", 1)
	*tick = func(r *game.Room) {
		if err := r.Send(0, make([]byte, proto.MaxCustom)); err != nil {
			t.Error(err)
		}
		if err := r.Send(0, make([]byte, proto.MaxCustom+1)); !errors.Is(err, game.ErrCustoms) || !strings.Contains(err.Error(), "1025 bytes, at most 1024 are allowed") {
			t.Errorf("error %v", err)
		}
	}
	h.step()
	if len(h.sim.Customs()) != 1 || h.sim.Refused() != 1 {
		t.Errorf("%d sent, %d refused", len(h.sim.Customs()), h.sim.Refused())
	}
	*tick = func(r *game.Room) {
		sent, errs := [3]int{}, [3]int{}
		for range 5000 {
			for i, s := range []game.Seat{0, 1, game.NoSeat} {
				switch err := r.Send(s, make([]byte, 92)); {
				case err == nil:
					sent[i]++
				case errors.Is(err, game.ErrCustoms):
					errs[i]++
				}
			}
		}
		if want := [3]int{game.MaxCustomTick / 100, game.MaxCustomTick / 100, game.MaxCustomTick / 100}; sent != want || errs != [3]int{5000 - want[0], 5000 - want[0], 5000 - want[0]} {
			t.Errorf("%d sent, %d refused", sent, errs)
		}
	}
	for range 2 { // the bound is a tick's
		h.step()
		if n := 3 * (5000 - game.MaxCustomTick/100); h.sim.Refused() != n {
			t.Errorf("%d refused, want %d", h.sim.Refused(), n)
		}
	}
}

// TestStepDoesNotAllocate with everything that happens all the time: samples, messages and random numbers.
func TestStepDoesNotAllocate(t *testing.T) {
	d, _, tick := probeDefinition(20, 8)
	var h *hall
	var total uint64
	*tick = func(r *game.Room) {
		total += r.Rand().Uint64()
		r.Send(0, []byte{1, 2, 3})
	}
	h = newHall(t, d, "", 1)
	for seat := range game.Seat(8) {
		h.join(seat, proto.PlayerID(fmt.Sprint("player-", seat)))
	}
	in := gametest.Encode(t, 1, 0, values(1, 2)...)
	step := func() {
		for seat := range game.Seat(8) {
			if err := h.sim.Queue(seat, in); err != nil {
				t.Fatal(err)
			}
		}
		in.First += 2
		h.step()
	}
	for range 30 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v allocations a tick, want 0", n)
	}
}

// The instance is part of the state: a room that is rebuilt elsewhere is the same instance.
func TestInstanceIsPartOfTheState(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	h.steps(3)
	for _, hall := range []*hall{h, h.rebuilt()} {
		if got := hall.sim.Instance(); got != hallInstance {
			t.Errorf("instance is %v, want %v", got, hallInstance)
		}
	}
}
