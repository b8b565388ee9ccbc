package outage

import (
	"encoding/json"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/server"
)

// asGame set in the environment makes this test binary a game server for short matches.
const asGame = "OUTAGE_TEST_IS_A_GAME"

func TestMain(m *testing.M) {
	if os.Getenv(asGame) != "" {
		server.Main(shorts())
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		_ = os.RemoveAll(programs)
		os.Exit(status)
	}))
}

// short is a game whose matches take half a second each.
type short struct {
	State game.Value[struct {
		Ends uint32 `state:""`
	}]
}

const (
	shortRate  = 20 // ticks a second
	shortTicks = 10 // of a match
)

// longMatches set in the environment makes a match twenty times as long, which is still short for a real one.
const longMatches = "OUTAGE_TEST_LONG_MATCHES"

var matchTicks = sync.OnceValue(func() uint32 {
	if os.Getenv(longMatches) != "" {
		return 20 * shortTicks
	}
	return shortTicks
})

func (*short) Start(*game.Room)              {}
func (*short) Join(*game.Room, game.Player)  {}
func (*short) Leave(*game.Room, game.Player) {}

// Tick ends a match. Its score is the tick, so the outcome of a match that two servers decide at different ticks differs.
func (s *short) Tick(r *game.Room) {
	if uint32(r.Tick()) < s.State.Get().Ends {
		return
	}
	s.State.Get().Ends = uint32(r.Tick()) + matchTicks()
	r.Finish(game.Outcome{Results: []game.Result{{Seat: 0, Place: 1, Score: int32(r.Tick())}}, Data: []byte{1, 2, 3}})
}

func shorts() game.Definition {
	return game.Definition{Name: "short", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &short{}, game.Settings{TickRate: shortRate, Seats: 2}, nil
	}}
}
