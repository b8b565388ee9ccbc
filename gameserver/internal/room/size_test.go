package room

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// growing is a game that adds so many rows in each tick, and sends as many custom messages.
type growing struct {
	Rows  game.Table[growingRow] `state:"max=4096"`
	Small game.Value[testOrders]

	rows, customs int
	errs          int // of Send
}

type growingRow struct {
	Text  string `state:"max=200"`
	Title string `state:"max=200"`
}

func (g *growing) Start(*game.Room)              {}
func (g *growing) Join(*game.Room, game.Player)  {}
func (g *growing) Leave(*game.Room, game.Player) {}
func (g *growing) Tick(r *game.Room) {
	for range g.rows {
		if _, row := g.Rows.Add(); row != nil {
			row.Text, row.Title = strings.Repeat("x", 200), strings.Repeat("y", 200)
		}
	}
	for i := range g.customs {
		if r.Send(game.Seat(i%2), []byte(fmt.Sprint("message ", i))) != nil {
			g.errs++
		}
	}
}

func newGrowing(t testing.TB, g *growing) *game.Simulation {
	t.Helper()
	d := game.Definition{Name: "growing", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return g, game.Settings{TickRate: 20, Seats: 2}, nil
	}}
	sim, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// A room whose keyframe becomes too large for a client ends at that tick: no client and no standby gets it, and the log says which
// tables are large. From half on there is a warning, once.
func TestRoomThatGrowsTooLargeEnds(t *testing.T) {
	var log bytes.Buffer
	c := testConfig()
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	withPool(t, c, func(h *harness) {
		sim := newGrowing(t, &growing{rows: 50})
		r, err := h.Start(h.spec(sim))
		if err != nil {
			t.Fatal(err)
		}
		o, f := &Occupant{}, &testClient{}
		if o, err = r.QueueJoin(Join{Player: "ann", Client: f}); err != nil || o == nil {
			t.Fatal(err)
		}
		h.pass(10 * time.Second)
		f.wantCloses(t, proto.CloseCrashed)
		h.wantEnded(1)
		// 402 bytes a row, and a set of 4,096 bits
		if want := proto.Tick(game.MaxState/402/50) + 1; r.Info().Tick != want {
			t.Errorf("it ended in tick %d, want %d", r.Info().Tick, want)
		}
		if n := strings.Count(log.String(), "larger than half"); n != 1 {
			t.Errorf("%d warnings", n)
		}
		if !strings.Contains(log.String(), "the largest tables: rows 9") || !strings.Contains(log.String(), "bytes in 2300 rows, seats") {
			t.Errorf("the log: %s", log.String())
		}
		if !strings.Contains(r.Info().Failure, "keyframe has") {
			t.Errorf("failure %q", r.Info().Failure)
		}
	})
}

// A game that sends 5,000 custom messages in a tick hears that most are not sent. Its clients keep their connections, and get the
// others.
func TestTooManyCustomMessages(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		g := &growing{customs: 5000}
		r, err := h.Start(h.spec(newGrowing(t, g)))
		if err != nil {
			t.Fatal(err)
		}
		f := &testClient{}
		if _, err = r.QueueJoin(Join{Player: "ann", Client: f}); err != nil {
			t.Fatal(err)
		}
		h.pass(10 * time.Second)
		ticks := int(r.Info().Tick)
		if got := len(f.customs); got < ticks*100 || got > ticks*game.MaxCustomTick/10 || len(f.closes) != 0 {
			t.Errorf("%d messages in %d ticks, closed with %v", got, ticks, f.closes)
		}
		if n := testutil.ToFloat64(h.config.Metrics.CustomsRefused); int(n) != g.errs || g.errs < 4000*ticks {
			t.Errorf("%v are counted of %d", n, g.errs)
		}
	})
}

// A game whose tables cannot become large pays nothing for the limit.
func TestSmallGamesAreNotMeasured(t *testing.T) {
	p, err := NewPool(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	if r := newRoom(p, Spec{ID: "r", Game: "g", Sim: newTestGame(t, 20, 64)}); r.size.may {
		t.Error("a game of 64 small rows is measured")
	}
	if r := newRoom(p, Spec{ID: "r", Game: "g", Sim: newGrowing(t, &growing{})}); !r.size.may {
		t.Error("a game of 1.6 MB is not measured")
	}
}
