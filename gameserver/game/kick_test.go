package game_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// bouncer kicks whom its messages name, and in Leave of seat 0 the one on seat 1.
type bouncer struct {
	Log  game.Table[struct{}] `state:"max=64"` // rows of those who are in
	left []game.Seat
}

func (b *bouncer) Start(*game.Room)                              {}
func (b *bouncer) Join(_ *game.Room, p game.Player)              { b.Log.Put(game.RowID(p.Seat)) }
func (b *bouncer) Tick(*game.Room)                               {}
func (b *bouncer) Message(r *game.Room, _ game.Player, m []byte) { r.Kick(game.Seat(m[0]), "because") }
func (b *bouncer) Leave(r *game.Room, p game.Player) {
	b.left = append(b.left, p.Seat)
	b.Log.Remove(game.RowID(p.Seat))
	r.Kick(p.Seat, "again") // who leaves cannot be kicked
	if p.Seat == 0 {
		r.Kick(1, "with 0")
	}
}

func TestKickFreesTheSeatInTheSameTick(t *testing.T) {
	b := &bouncer{}
	d := &game.Definition{Name: "bouncer", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return b, game.Settings{TickRate: 10, Seats: 3}, nil
	}}
	sim, err := game.New(d, nil, game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	step := func(kicked []game.Kicked, left ...game.Seat) {
		t.Helper()
		b.left = nil
		if err := sim.Step(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sim.Kicked(), kicked) || !slices.Equal(b.left, left) {
			t.Errorf("tick %d: kicked %v, left %v; want %v, %v", sim.Tick(), sim.Kicked(), b.left, kicked, left)
		}
	}
	for _, id := range []string{"ann", "bob", "cid"} {
		if _, _, err := sim.Join(game.Entrant{ID: proto.PlayerID(id), Name: id}); err != nil {
			t.Fatal(err)
		}
	}
	step(nil)
	sim.Message(2, []byte{0})
	sim.Message(2, []byte{0})  // once is enough
	sim.Message(2, []byte{63}) // nobody
	step([]game.Kicked{{Seat: 0, Reason: "because"}, {Seat: 1, Reason: "with 0"}}, 0, 1)
	if _, ok := sim.Player(0); ok || sim.Token(1) != nil {
		t.Error("a seat was not freed")
	}
	step(nil)

	// A kick is meant for who has the seat, not for who has it next.
	if _, _, err := sim.Join(game.Entrant{ID: "dan"}); err != nil {
		t.Fatal(err)
	}
	sim.Kick(0, "dan")
	sim.Leave(0) // before the join was told
	if _, _, err := sim.Join(game.Entrant{ID: "eve"}); err != nil {
		t.Fatal(err)
	}
	step(nil)
	if p, _ := sim.Player(0); p.ID != "eve" {
		t.Errorf("seat 0 has %+v", p)
	}
	sim.Kick(2, "cid")
	sim.Leave(2) // which comes first
	step(nil, 2)
}
