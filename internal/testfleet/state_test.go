package testfleet

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
)

// cards has a table of every part.
type cards struct {
	Hands game.Table[struct {
		Name string `state:"max=8"`
		Card uint8  `state:"owner"`
		Next uint8  `state:"hidden"`
	}] `state:"max=8"`
	Deck game.Table[struct {
		Card uint8 `state:""`
	}] `state:"hidden"`
	Rules game.Value[struct {
		Trump uint8 `state:"hidden"`
	}]
}

func (c *cards) Start(*game.Room) {
	c.Deck.Put(3).Card = 42
	c.Rules.Get().Trump = 2
}

func (c *cards) Join(_ *game.Room, p game.Player) {
	*c.Hands.Put(game.RowID(p.Seat)) = struct {
		Name string `state:"max=8"`
		Card uint8  `state:"owner"`
		Next uint8  `state:"hidden"`
	}{p.Name, 7, 8}
	c.Hands.SetOwner(game.RowID(p.Seat), p.Seat)
}
func (c *cards) Leave(_ *game.Room, p game.Player) { c.Hands.Remove(game.RowID(p.Seat)) }
func (c *cards) Tick(*game.Room)                   {}

// An operator reads the state of a game with all that is hidden in it, and nothing of what opens seats.
func TestOperatorReadsState(t *testing.T) {
	deal := game.Definition{Name: WalkName, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &cards{}, game.Settings{TickRate: 30, Seats: 8}, nil
	}}
	f := Start(t, Options{Servers: 2, Games: []game.Definition{deal}})
	c := textEnter(t, f.Routers[0].URL)
	doc := f.operate(0, "GET", "/v1/rooms/r/state", "", http.StatusOK)
	tables, values := doc["tables"].(map[string]any), doc["values"].(map[string]any)
	if names := slices.Sorted(maps.Keys(tables)); !slices.Equal(names, []string{"deck", "hands"}) || len(values) != 1 {
		t.Errorf("the tables are %v, the values %v", names, values)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"deck":{"3":{"card":42}}`, `"0":{"card":7,"name":"Jo \u003c3","next":8}`, `"rules":{"trump":2}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if row := c.row("hands", 0); row["card"] != 7.0 || row["next"] != nil {
		t.Errorf("the player has %v", row)
	}
	f.operate(0, "GET", "/v1/rooms/nowhere/state", "", http.StatusNotFound)
	req, err := http.NewRequest("GET", f.Routers[0].URL+"/v1/rooms/r/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.7") // a proxy's request is nobody's of this machine
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger is answered %s", resp.Status)
	}
}
