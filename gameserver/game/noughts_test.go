package game_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

// noughts is noughts and crosses with bids: before each mark both players bid coins in secret. The higher bid pays the
// other player and places the mark. It is turn-based, and has what only one player may see.
type noughts struct {
	Cells game.Table[noughtsCell] `state:"max=9"`
	Hands game.Table[noughtsHand] `state:"max=2"`
	Turn  game.Value[noughtsTurn]
	Input game.Inputs[noughtsMove]
}

type noughtsCell struct {
	Mark uint8 `state:"range=0..2"` // 0: free; else whose, seat + 1
}

type noughtsHand struct {
	Ready bool  `state:""`      // has bid; the other one sees that, and not how much
	Bid   uint8 `state:"owner"` // while Ready
	Coins uint8 `state:"owner"`
}

type noughtsTurn struct {
	Placing game.Seat `state:""`           // who won the bids; NoSeat while they are open
	Tie     game.Seat `state:"range=0..1"` // who wins equal bids; it alternates
}

type noughtsMove struct {
	Act  noughtsAct `state:"range=0..2"`
	Bid  uint8      `state:""`
	Cell uint8      `state:"range=0..8"`
}

type noughtsAct uint8

const (
	noughtsWait noughtsAct = iota
	noughtsBid
	noughtsPlace
)

const noughtsCoins = 100

var noughtsLines = [8][3]game.RowID{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}

var noughtsDefinition = game.Definition{
	Name: "noughts",
	New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &noughts{}, game.Settings{TickRate: 5, Seats: 2}, nil
	},
}

func (g *noughts) Start(r *game.Room) {
	g.deal(r)
	g.Turn.Get().Tie = game.Seat(r.Rand().IntN(2))
}

// deal sets up a match for whoever is there.
func (g *noughts) deal(r *game.Room) {
	for i := range game.RowID(9) {
		g.Cells.Put(i)
	}
	g.Turn.Get().Placing = game.NoSeat
	for p := range r.Players() {
		g.Join(r, p)
	}
}

func (g *noughts) Join(_ *game.Room, p game.Player) {
	g.Hands.Put(game.RowID(p.Seat)).Coins = noughtsCoins
	g.Hands.SetOwner(game.RowID(p.Seat), p.Seat)
}

// Leave gives the match to the other player.
func (g *noughts) Leave(r *game.Room, p game.Player) {
	if g.Hands.Len() == 2 {
		g.finish(r, 1-p.Seat)
	}
	g.Hands.Remove(game.RowID(p.Seat))
}

func (g *noughts) Tick(r *game.Room) {
	if g.Hands.Len() < 2 {
		return
	}
	for p := range r.Players() {
		for _, s := range g.Input.Of(p.Seat) {
			g.act(r, p.Seat, s.Value)
		}
	}
	g.settle()
}

func (g *noughts) act(r *game.Room, seat game.Seat, m noughtsMove) {
	turn, hand, cell := g.Turn.Get(), g.Hands.Get(game.RowID(seat)), g.Cells.Get(game.RowID(m.Cell))
	switch {
	case m.Act == noughtsBid && turn.Placing == game.NoSeat && !hand.Ready:
		hand.Ready, hand.Bid = true, min(m.Bid, hand.Coins)
	case m.Act == noughtsPlace && turn.Placing == seat && cell.Mark == 0:
		cell.Mark = uint8(seat) + 1
		turn.Placing = game.NoSeat
		g.judge(r, seat)
	}
}

// settle compares the bids when both are there.
func (g *noughts) settle() {
	turn, a, b := g.Turn.Get(), g.Hands.Get(0), g.Hands.Get(1)
	if !a.Ready || !b.Ready {
		return
	}
	winner, payer, taker := game.Seat(0), a, b
	if b.Bid > a.Bid || b.Bid == a.Bid && turn.Tie == 1 {
		winner, payer, taker = 1, b, a
	}
	if a.Bid == b.Bid {
		turn.Tie = 1 - turn.Tie
	}
	payer.Coins, taker.Coins = payer.Coins-payer.Bid, taker.Coins+payer.Bid
	turn.Placing = winner
	a.Ready, b.Ready, a.Bid, b.Bid = false, false, 0, 0
}

// judge ends the match when seat has a line or the board is full.
func (g *noughts) judge(r *game.Room, seat game.Seat) {
	marked := func(cell game.RowID) bool { return g.Cells.Get(cell).Mark == uint8(seat)+1 }
	for _, line := range noughtsLines {
		if marked(line[0]) && marked(line[1]) && marked(line[2]) {
			g.finish(r, seat)
			return
		}
	}
	for _, c := range g.Cells.All() {
		if c.Mark == 0 {
			return
		}
	}
	g.finish(r, game.NoSeat)
}

// finish ends the match, as a draw when the winner is NoSeat, and deals the next.
func (g *noughts) finish(r *game.Room, winner game.Seat) {
	var o game.Outcome
	for p := range r.Players() {
		place := uint8(1)
		if winner != game.NoSeat && winner != p.Seat {
			place = 2
		}
		o.Results = append(o.Results, game.Result{Seat: p.Seat, Place: place, Score: int32(g.Hands.Get(game.RowID(p.Seat)).Coins)})
	}
	r.Finish(o)
	g.deal(r)
}

// noughtsPlay bids at random and places on any free cell.
func noughtsPlay(rng *rand.Rand, sim *game.Simulation, seat game.Seat) noughtsMove {
	if turn, _ := gametest.Row[noughtsTurn](sim, "turn", 0); turn.Placing == seat {
		return noughtsMove{Act: noughtsPlace, Cell: uint8(rng.IntN(9))}
	}
	return noughtsMove{Act: noughtsBid, Bid: uint8(rng.IntN(30))}
}

func TestNoughtsKeepsThePromises(t *testing.T) {
	gametest.Check(t, noughtsDefinition, gametest.Options{Inputs: gametest.Script(noughtsPlay)})
	gametest.Check(t, noughtsDefinition, gametest.Options{Inputs: gametest.Random[noughtsMove](), Players: 4})
}

// TestNoughtsMatch plays one match move by move: seat 1 is outbid three times and seat 0 gets the top row.
func TestNoughtsMatch(t *testing.T) {
	h := newHall(t, noughtsDefinition, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	for cell := range uint8(3) {
		queue(h, 0, noughtsMove{Act: noughtsBid, Bid: 20 + cell})
		queue(h, 1, noughtsMove{Act: noughtsBid, Bid: 20 - cell - 1})
		h.step()
		queue(h, 0, noughtsMove{Act: noughtsPlace, Cell: cell})
		queue(h, 1, noughtsMove{Act: noughtsPlace, Cell: 8}) // not bob's turn
		h.step()
	}
	h.outcomes(h.decided(proto.Outcome{Match: 1, Tick: 6, Results: []proto.Result{
		{Seat: 0, Place: 1, Score: 100 - 20 - 21 - 22},
		{Seat: 1, Place: 2, Score: 100 + 20 + 21 + 22},
	}}))
}

// TestNoughtsDraw fills the board by turns without a line.
func TestNoughtsDraw(t *testing.T) {
	h := newHall(t, noughtsDefinition, "", 1)
	h.join(0, "ann")
	h.join(1, "bob")
	for i, cell := range []uint8{0, 1, 2, 4, 3, 5, 7, 6, 8} {
		mover := game.Seat(i % 2)
		queue(h, mover, noughtsMove{Act: noughtsBid, Bid: 1})
		queue(h, 1-mover, noughtsMove{Act: noughtsBid})
		h.step()
		queue(h, mover, noughtsMove{Act: noughtsPlace, Cell: cell})
		h.step()
	}
	h.outcomes(h.decided(proto.Outcome{Match: 1, Tick: 18, Results: []proto.Result{
		{Seat: 0, Place: 1, Score: 99},
		{Seat: 1, Place: 1, Score: 101},
	}}))
}

// TestNoughtsSecrecy: the bid is in the own part of the bidder and nowhere in the other player's bytes.
func TestNoughtsSecrecy(t *testing.T) {
	frames := func(bid uint8) (shared, ann, bob string) {
		h := newHall(t, noughtsDefinition, "", 1)
		h.join(0, "ann")
		h.join(1, "bob")
		queue(h, 0, noughtsMove{Act: noughtsBid, Bid: bid})
		h.step()
		s := h.sim.Store()
		return string(s.AppendKeyframe(s.AppendDelta(nil))), string(s.AppendOwnKeyframe(s.AppendOwnDelta(nil, 0), 0)),
			string(s.AppendOwnKeyframe(s.AppendOwnDelta(nil, 1), 1))
	}
	shared1, ann1, bob1 := frames(17)
	shared2, ann2, bob2 := frames(18)
	if shared1 != shared2 || bob1 != bob2 {
		t.Errorf("another bid of ann shows: shared %q and %q, bob's %q and %q", shared1, shared2, bob1, bob2)
	}
	if ann1 == ann2 {
		t.Errorf("ann does not see her own bid: %q", ann1)
	}
}
