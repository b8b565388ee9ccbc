package game_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

func (h *hall) joinParty(id proto.PlayerID, p game.Party) (game.Seat, error) {
	e := entrant(id)
	e.Party = p
	seat, _, err := h.sim.Join(e)
	return seat, err
}

func (h *hall) reserved(want int) {
	h.t.Helper()
	if got := h.sim.Reserved(); got != want {
		h.t.Fatalf("%d seats are kept, want %d", got, want)
	}
}

// expectSeat fails unless a player of p gets the seat, or, with NoSeat, ErrFull.
func (h *hall) expectSeat(id proto.PlayerID, p game.Party, want game.Seat) {
	h.t.Helper()
	seat, err := h.joinParty(id, p)
	if seat != want || errors.Is(err, game.ErrFull) != (want == game.NoSeat) || want != game.NoSeat && err != nil {
		h.t.Fatalf("%s joins: seat %d, error %v; want seat %d", id, seat, err, want)
	}
}

var (
	red  = game.Party{ID: "red", Size: 3, Hold: time.Minute}
	blue = game.Party{ID: "blue", Size: 3, Hold: time.Minute}
	none = game.Party{}
)

// Two parties want the last seats: all of one have them, and none of the other, also while some of them are away.
func TestPartyTakesAllSeatsOrNone(t *testing.T) {
	d, _, _ := probeDefinition(10, 5)
	h := newHall(t, d, "", 1)
	h.expectSeat("ann", red, 0)
	h.reserved(2)
	h.expectSeat("bob", blue, game.NoSeat)
	h.expectSeat("bea", blue, game.NoSeat)
	h.expectSeat("cid", none, 1)
	h.expectSeat("dan", none, 2) // the last that nobody keeps
	h.expectSeat("eve", none, game.NoSeat)
	h.step()
	h.expectSeat("amy", red, 3)
	h.expectSeat("abe", red, 4)
	h.reserved(0)
	h.expectSeat("axl", red, game.NoSeat) // the fourth of three
	h.sim.Leave(1)
	h.step()
	h.expectSeat("bob", blue, game.NoSeat) // one seat is not three
	h.expectSeat("axl", red, 1)            // the party has come, so this one is like any other
	h.reserved(0)
}

// A player who does not come in time loses the seat; those who came play on.
func TestPartySeatsAreFreedInTime(t *testing.T) {
	d, _, _ := probeDefinition(10, 3)
	h := newHall(t, d, "", 1)
	h.expectSeat("ann", red, 0)
	h.steps(599)
	h.reserved(2)
	h.expectSeat("eve", none, game.NoSeat)
	h.steps(2)
	h.reserved(0)
	h.expectSeat("eve", none, 1)
	if _, ok := h.sim.Player(0); !ok {
		t.Error("the player who came has no seat")
	}
	late := red
	late.Hold = 0 // as the server says of a ticket whose time is over
	h.expectSeat("amy", late, 2)
	h.reserved(0)
}

func TestPartyMovesWithTheRoom(t *testing.T) {
	d, _, _ := probeDefinition(10, 3)
	h := newHall(t, d, "", 1)
	h.expectSeat("ann", red, 0)
	h.step()
	next := h.rebuilt()
	next.reserved(2)
	next.expectSeat("eve", none, game.NoSeat)
	next.expectSeat("amy", red, 1)
	next.step()
	next.reserved(1)
}

// A party of a player who has a seat already changes nothing, and neither do many that came.
func TestPartiesAreBounded(t *testing.T) {
	d, _, _ := probeDefinition(10, 2)
	h := newHall(t, d, "", 1)
	for i := range 200 {
		p := game.Party{ID: string(rune('0' + i)), Size: 2, Hold: time.Hour}
		h.expectSeat("ann", p, 0)
		h.expectSeat("bob", p, 1)
		h.step()
		h.sim.Disconnect(0)
		h.expectSeat("ann", game.Party{ID: "again", Size: 2, Hold: time.Hour}, 0) // her seat, and no others
		h.reserved(0)
		h.sim.Leave(0)
		h.sim.Leave(1)
		h.step()
		h.reserved(0)
	}
}
