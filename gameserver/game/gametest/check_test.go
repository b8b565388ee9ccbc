package gametest

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

// culprit is a game that breaks a promise when told to.
type culprit struct {
	Rows  game.Table[culpritRow] `state:"max=4"`
	Total game.Value[culpritTotal]
	Input game.Inputs[culpritInput]

	do     func(g *culprit, r *game.Room)
	secret uint32 // state outside of the tables
}

type culpritRow struct {
	X     float32 `state:"range=0..100,step=1/16"`
	Purse uint32  `state:"owner"`
	Trap  uint32  `state:"hidden"`
}

type culpritTotal struct {
	Steps uint32 `state:""`
	Words uint32 `state:""`
}

type culpritInput struct {
	Walk int8   `state:"range=-3..3"`
	Note string `state:"max=8"`
}

func (g *culprit) Start(*game.Room) {}

func (g *culprit) Join(_ *game.Room, p game.Player) {
	g.Rows.Put(game.RowID(p.Seat)).X = 50
	g.Rows.SetOwner(game.RowID(p.Seat), p.Seat)
}

func (g *culprit) Leave(_ *game.Room, p game.Player) { g.Rows.Remove(game.RowID(p.Seat)) }

func (g *culprit) Message(_ *game.Room, p game.Player, payload []byte) {
	g.Total.Get().Words += uint32(len(payload))
	g.Rows.Get(game.RowID(p.Seat)).Purse++
}

func (g *culprit) Tick(r *game.Room) {
	for p := range r.Players() {
		row := g.Rows.Get(game.RowID(p.Seat))
		for _, s := range g.Input.Of(p.Seat) {
			row.X += float32(s.Value.Walk)
			row.Trap = uint32(s.Ack)
			g.Total.Get().Steps += uint32(len(s.Value.Note))
		}
	}
	if g.do != nil {
		g.do(g, r)
	}
}

func culpritDefinition(do func(*culprit, *game.Room)) game.Definition {
	return game.Definition{Name: "culprit", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &culprit{do: do}, game.Settings{TickRate: 20, Seats: 4}, nil
	}}
}

func word(rng *rand.Rand, _ *game.Simulation, _ game.Seat) []byte { return make([]byte, rng.IntN(4)) }

func TestCheckFindsNothingWrong(t *testing.T) {
	Check(t, culpritDefinition(nil), Options{Inputs: Random[culpritInput](), Message: word, Players: 6, Ticks: 400})
}

func TestCheckFindsEveryBrokenPromise(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(g *culprit, r *game.Room)
		want []string
	}{
		"a counter outside of the tables": {
			func(g *culprit, r *game.Room) { g.secret++; g.Total.Get().Steps = g.secret },
			[]string{"seed 7", "tick 2", "rebuilt from the keyframe of tick 1 ", "table Total: field Steps: 1 against 2"},
		},
		"global random numbers": {
			func(g *culprit, r *game.Room) { g.Total.Get().Words = rand.Uint32() },
			[]string{"tick 1:", "the twin", "table Total: field Words"},
		},
		"something that shows up late": {
			func(g *culprit, r *game.Room) {
				if g.secret++; g.secret == 40 {
					g.Total.Get().Words++
				}
			},
			[]string{"tick 40:", "table Total: field Words: 0 against 1"},
		},
		"an outcome that depends on more than tables": {
			func(g *culprit, r *game.Room) {
				if g.secret++; r.Tick() == 30 {
					r.Finish(game.Outcome{Data: []byte{byte(g.secret)}})
				}
			},
			[]string{"tick 30:", "table Outcomes: row 0: field Text"},
		},
		"the date": {
			func(g *culprit, r *game.Room) { g.Total.Get().Words = uint32(time.Now().YearDay()) },
			[]string{"tick 1:", "the twin", "table Total: field Words"},
		},
		"a row that nobody owns": {
			func(g *culprit, r *game.Room) {
				for id := range g.Rows.All() {
					g.Rows.SetOwner(id, game.NoSeat)
				}
			},
			[]string{"table rows has fields for the owner of a row, and no row ever had an owner: call SetOwner"},
		},
		"a panic": {
			func(g *culprit, r *game.Room) {
				if r.Tick() == 9 {
					panic("out of cards")
				}
			},
			[]string{"tick 9: the game panicked: out of cards", "check_test.go"},
		},
		"a player id for everybody": {
			func(g *culprit, r *game.Room) {
				for p := range r.Players() {
					r.Send(game.NoSeat, []byte("welcome "+p.ID))
				}
			},
			[]string{"clients are sent the player id \"the-id-of-player-", "use Player.Alias"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := shifted(t, func(pass func()) error {
				return check(culpritDefinition(c.do), Options{Inputs: Random[culpritInput](), Seed: 7, Every: 1, Ticks: 60}, pass)
			})
			if err == nil {
				t.Fatal("nothing was found")
			}
			for _, want := range c.want {
				if text := "seed 7: " + err.Error(); !strings.Contains(text, want) {
					t.Errorf("%q is not in: %s", want, text)
				}
			}
		})
	}
}

func TestCheckWantsInputs(t *testing.T) {
	for want, o := range map[string]Options{
		"give Options.Inputs":     {},
		"which is not the game's": {Inputs: Random[culpritRowlike](), Ticks: 50},
	} {
		if err := check(culpritDefinition(nil), o, func() {}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

type culpritRowlike struct {
	Walk int8 `state:""`
}

func TestSlowTicksAreFound(t *testing.T) {
	d := culpritDefinition(func(*culprit, *game.Room) { time.Sleep(15 * time.Millisecond) })
	if err := slow(&d, Options{Inputs: Random[culpritInput](), Seed: 7}); err == nil || !strings.Contains(err.Error(), "a room may take 12.5ms") {
		t.Errorf("error %v", err)
	}
	d = culpritDefinition(nil)
	if err := slow(&d, Options{Inputs: Random[culpritInput](), Seed: 7}); err != nil {
		t.Error(err)
	}
}

// A hall is a room to play by hand.
func TestHall(t *testing.T) {
	h := NewHall(t, culpritDefinition(func(_ *culprit, r *game.Room) {
		if r.Tick() == 2 {
			r.Finish(game.Outcome{Data: []byte("over")})
			r.Kick(1, "idle")
		}
	}), "")
	ann := h.Join("ann")
	bob := h.Join("bob")
	Send(h, ann, culpritInput{Walk: 3}, culpritInput{Walk: -1})
	h.Message(bob, "hello")
	h.Step(1)
	Expect(h, "rows", game.RowID(ann), culpritRow{X: 52, Trap: 0})
	Expect(h, "total", 0, culpritTotal{Words: 5})
	Send(h, ann, culpritInput{Walk: 1})
	h.Move()
	h.Step(2)
	Expect(h, "rows", game.RowID(ann), culpritRow{X: 53, Trap: 1})
	if len(h.Outcomes) != 1 || string(h.Outcomes[0].Data) != "over" || len(h.Kicked) != 1 || h.Kicked[0].Seat != bob {
		t.Errorf("outcomes %v, kicked %v", h.Outcomes, h.Kicked)
	}
	h.Lose(ann)
	h.Step(1)
	if again := h.Join("ann"); again != ann {
		t.Errorf("ann comes back to seat %d", again)
	}
	Send(h, ann, culpritInput{Walk: 1})
	h.Step(1)
	Expect(h, "rows", game.RowID(ann), culpritRow{X: 54, Trap: 4})
	h.Leave(ann)
	h.Step(1)
	if _, ok := Row[culpritRow](h.Sim, "rows", game.RowID(ann)); ok {
		t.Error("ann has left, and her row is there")
	}
}
