package game_test

import (
	"reflect"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

const hallInstance proto.Instance = 0xdf2c09d1e8a7b347

// hall drives a simulation in a test.
type hall struct {
	t    testing.TB
	sim  *game.Simulation
	d    game.Definition
	opts string
	next [proto.MaxSeats]proto.Seq
}

func newHall(t testing.TB, d game.Definition, options string, seed uint64) *hall {
	t.Helper()
	sim, err := game.New(&d, []byte(options), game.Origin{Seed: seed, Instance: hallInstance, Secret: game.Secret{1}})
	if err != nil {
		t.Fatal(err)
	}
	return &hall{t: t, sim: sim, d: d, opts: options}
}

// join expects seat for the player id.
func (h *hall) join(seat game.Seat, id proto.PlayerID) {
	h.t.Helper()
	if got, again, err := h.sim.Join(entrant(id)); got != seat || again || err != nil {
		h.t.Fatalf("%s joins: seat %d, again %v, error %v; want seat %d", id, got, again, err, seat)
	}
	h.next[seat] = 1
}

// entrant is the player id, whose seat has a secret of its own.
func entrant(id proto.PlayerID) game.Entrant {
	e := game.Entrant{ID: id, Name: string(id)}
	copy(e.Secret[:], id)
	return e
}

func (h *hall) step() {
	h.t.Helper()
	if err := h.sim.Step(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) steps(n int) {
	h.t.Helper()
	for range n {
		h.step()
	}
}

func (h *hall) outcomes(want ...game.Decided) {
	h.t.Helper()
	if got := h.sim.Outcomes(); !reflect.DeepEqual(got, want) {
		h.t.Fatalf("outcomes %+v, want %+v", got, want)
	}
}

// decided is o with the players of its seats.
func (h *hall) decided(o proto.Outcome) game.Decided {
	h.t.Helper()
	d := game.Decided{Outcome: o}
	for i, r := range o.Results {
		p, ok := h.sim.Player(r.Seat)
		if !ok {
			h.t.Fatalf("nobody has seat %d", r.Seat)
		}
		d.Results[i].Alias, d.Players = p.Alias, append(d.Players, p.ID)
		d.Names = append(d.Names, p.Name)
	}
	return d
}

// rebuilt is the room as another server makes it from keyframes.
func (h *hall) rebuilt() *hall {
	h.t.Helper()
	s := h.sim.Store()
	sim, err := game.Rebuild(&h.d, []byte(h.opts), s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err != nil {
		h.t.Fatal(err)
	}
	return &hall{t: h.t, sim: sim, d: h.d, opts: h.opts, next: h.next}
}

// queue sends seat's next samples in one message.
func queue[T any](h *hall, seat game.Seat, samples ...T) {
	h.t.Helper()
	if err := h.sim.Queue(seat, gametest.Encode(h.t, h.next[seat], h.sim.Tick(), samples...)); err != nil {
		h.t.Fatal(err)
	}
	h.next[seat] += proto.Seq(len(samples))
}
