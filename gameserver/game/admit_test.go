package game_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

// club lets in whose level is high enough.
type club struct {
	Members game.Table[member] `state:"max=4"`
	told    *[]string
}

type member struct {
	Level uint8 `state:""`
}

func (c *club) Start(*game.Room)                  {}
func (c *club) Tick(*game.Room)                   {}
func (c *club) Leave(_ *game.Room, p game.Player) { c.Members.Remove(game.RowID(p.Seat)) }

func (c *club) Admit(_ *game.Room, p game.Player, claims json.RawMessage) error {
	var of struct{ Level uint8 }
	if err := json.Unmarshal(claims, &of); err != nil {
		return errors.New("log in first")
	}
	if of.Level < 5 {
		return fmt.Errorf("level 5 is needed, yours is %d", of.Level)
	}
	c.Members.Put(game.RowID(p.Seat)).Level = of.Level
	return nil
}

func (c *club) Join(_ *game.Room, p game.Player) {
	*c.told = append(*c.told, fmt.Sprintf("%s on %d with level %d", p.ID, p.Seat, c.Members.Get(game.RowID(p.Seat)).Level))
}

func clubDefinition() (game.Definition, *[]string) {
	told := new([]string)
	return game.Definition{Name: "club", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &club{told: told}, game.Settings{TickRate: 10, Seats: 2}, nil
	}}, told
}

func TestAdmit(t *testing.T) {
	d, told := clubDefinition()
	h := newHall(t, d, "", 1)
	enter := func(id proto.PlayerID, claims string) (game.Seat, bool) {
		e := entrant(id)
		e.Claims = json.RawMessage(claims)
		seat, again, err := h.sim.Join(e)
		if err != nil {
			t.Fatal(err)
		}
		return seat, again
	}
	before := h.sim.Store().Hash()
	enter("ann", `{"level":3}`)
	enter("bob", "")
	if _, _, err := h.sim.Join(entrant("cid")); !errors.Is(err, game.ErrFull) || !h.sim.Undecided() {
		t.Errorf("error %v, undecided %v; the seats are not given yet", err, h.sim.Undecided())
	}
	h.step()
	want := []game.Kicked{{Seat: 0, Reason: "level 5 is needed, yours is 3", Refused: true}, {Seat: 1, Reason: "log in first", Refused: true}}
	if got := h.sim.Kicked(); !slices.Equal(got, want) || h.sim.Undecided() {
		t.Errorf("kicked %+v, want %+v", got, want)
	}
	if h.sim.Token(0) != nil || h.sim.Token(1) != nil || len(*told) > 0 || h.sim.Store().Hash() != before {
		t.Errorf("a refused player left a trace; told %v", *told)
	}
	seat, _ := enter("ann", `{"level":6}`)
	h.step()
	if len(h.sim.Kicked()) > 0 || !slices.Equal(*told, []string{"ann on 0 with level 6"}) {
		t.Errorf("kicked %v, told %v", h.sim.Kicked(), *told)
	}
	h.sim.Disconnect(seat)
	h.step()
	if _, again := enter("ann", ""); !again { // the seat is ann's already
		t.Error("ann is a newcomer")
	}
	h.step()
	if len(h.sim.Kicked()) > 0 {
		t.Errorf("who comes back was refused: %v", h.sim.Kicked())
	}
	enter("dan", `{"level":9}`)
	h.sim.Leave(1) // before the game was asked
	enter("eve", `{"level":1}`)
	h.step()
	if k := h.sim.Kicked(); len(k) != 1 || !strings.Contains(k[0].Reason, "yours is 1") {
		t.Errorf("kicked %v; eve was asked with the claims of dan, who had left", k)
	}
}

// A room that refuses players moves like any other.
func TestAdmitKeepsThePromises(t *testing.T) {
	d, _ := clubDefinition()
	gametest.Check(t, d, gametest.Options{Players: 4, Claims: func(player int) json.RawMessage {
		return fmt.Appendf(nil, `{"level":%d}`, 3+player)
	}})
}
