package arena

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// aloneStep is a sample and what its player's own row is after the tick that took it.
type aloneStep struct {
	MoveX  int8   `json:"move_x"`
	MoveY  int8   `json:"move_y"`
	Fire   bool   `json:"fire"`
	Reload bool   `json:"reload"`
	Row    [6]any `json:"row"` // x, y, vx, vy, cooldown, ammo
}

// TestAlone: testdata/alone.json is what a player who is alone in a room sees of their own fighter, for clients that predict more than
// movement: one sample a tick, from a given row. -update writes it.
func TestAlone(t *testing.T) {
	const file = "testdata/alone.json"
	h := newHall(t, "{}", 1)
	h.put(0, 100, 100)
	var steps []aloneStep
	for tick := range 260 {
		m := march(0, tick)
		s := aloneStep{MoveX: m.MoveX, MoveY: m.MoveY, Fire: tick > 10 && tick%70 != 3, Reload: tick == 30 || tick%83 == 0}
		h.queue(0, h.sim.Tick(), Input{MoveX: s.MoveX, MoveY: s.MoveY, Fire: s.Fire, Reload: s.Reload})
		h.step()
		f := h.fighter(0)
		s.Row = [6]any{f.X, f.Y, f.VX, f.VY, f.Cooldown, f.Ammo}
		steps = append(steps, s)
	}
	want, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	want = append(bytes.ReplaceAll(want, []byte("},{"), []byte("},\n{")), '\n')
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what happens, %v; if the change is meant, run go test -run Alone -update: clients must follow", file, err)
	}
}
