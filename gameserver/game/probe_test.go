package game_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

// probe is a game that writes down what it is told, and does what a test asks of its ticks.
type probe struct {
	Got   game.Table[probeRow] `state:"max=64"`
	Input game.Inputs[probeInput]

	told *[]string
	tick *func(r *game.Room)
}

type probeRow struct {
	Sum   int32  `state:""`
	Count uint32 `state:""`
	Acks  uint32 `state:""`
}

type probeInput struct {
	Add int16 `state:"range=-999..999"`
}

// probeDefinition answers what the games made of it are told. A nil tick does nothing.
func probeDefinition(rate, seats int) (d game.Definition, told *[]string, tick *func(r *game.Room)) {
	told, tick = new([]string), new(func(r *game.Room))
	*tick = func(*game.Room) {}
	return game.Definition{Name: "probe", New: func(o json.RawMessage) (game.Game, game.Settings, error) {
		if len(o) > 0 && o[0] != '{' {
			return nil, game.Settings{}, errProbe
		}
		return &probe{told: told, tick: tick}, game.Settings{TickRate: rate, Seats: seats}, nil
	}}, told, tick
}

var errProbe = errors.New("options must be an object")

func (g *probe) tell(r *game.Room, format string, args ...any) {
	*g.told = append(*g.told, fmt.Sprintf("%d ", r.Tick())+fmt.Sprintf(format, args...))
}

func (g *probe) Start(r *game.Room) { g.tell(r, "start") }

func (g *probe) Join(r *game.Room, p game.Player) {
	g.tell(r, "join %d %s %q", p.Seat, p.ID, p.Name)
	g.Got.Put(game.RowID(p.Seat))
}

func (g *probe) Leave(r *game.Room, p game.Player) {
	_, there := r.Player(p.Seat)
	g.tell(r, "leave %d %s connected %v there %v", p.Seat, p.ID, p.Connected, there)
	g.Got.Remove(game.RowID(p.Seat))
}

func (g *probe) Message(r *game.Room, p game.Player, payload []byte) {
	g.tell(r, "message %d %s", p.Seat, payload)
}

func (g *probe) Tick(r *game.Room) {
	for p := range r.Players() {
		row := g.Got.Get(game.RowID(p.Seat))
		for _, s := range g.Input.Of(p.Seat) {
			row.Sum += int32(s.Value.Add)
			row.Count++
			row.Acks += uint32(s.Ack)
		}
	}
	(*g.tick)(r)
}

// sums reads what seat's samples added up to.
func sums(h *hall, seat game.Seat) probeRow {
	h.t.Helper()
	row, ok := gametest.Row[probeRow](h.sim, "got", game.RowID(seat))
	if !ok {
		h.t.Fatalf("seat %d has no row", seat)
	}
	return row
}

func values(from, n int) []probeInput {
	var all []probeInput
	for i := range n {
		all = append(all, probeInput{int16(from + i)})
	}
	return all
}

func told(t *testing.T, got *[]string, want ...string) {
	t.Helper()
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Fatalf("the game was told\n%q, want\n%q", *got, want)
	}
	*got = nil
}
