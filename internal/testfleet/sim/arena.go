package sim

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// arenaName is the stock game in a simulated fleet, and the one room of it.
const arenaName = "arena"

// watchedArena is the stock game. It draws a number for its instance, notes its ticks, and stops while its process is paused.
type watchedArena struct {
	Arena arena.Arena
	Book  game.Value[Book]
	at    *environment
}

func newArena(at *environment) game.Definition {
	stock := arena.Definition()
	return game.Definition{Name: arenaName, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		g, settings, err := stock.New(options)
		if err != nil {
			return nil, settings, err
		}
		return &watchedArena{Arena: *g.(*arena.Arena), at: at}, settings, nil
	}}
}

func (a *watchedArena) Start(r *game.Room) {
	a.Book.Get().Born = r.Rand().Uint32()
	a.Arena.Start(r)
}
func (a *watchedArena) Join(r *game.Room, p game.Player)  { a.Arena.Join(r, p) }
func (a *watchedArena) Leave(r *game.Room, p game.Player) { a.Arena.Leave(r, p) }
func (a *watchedArena) Tick(r *game.Room) {
	a.at.history.ticked(tickOf{arenaName, a.Book.Get().Born, a.at.process, r.Tick(), time.Now()})
	a.at.gate()
	a.Arena.Tick(r)
}

// arenaBot plays the arena without a plan. Hashes of the state check that its replica agrees with the server.
type arenaBot struct {
	values *rand.Rand
	inputs *goclient.Inputs[arena.Input]
	codec  *state.Codec[arena.Input]
}

func newArenaBot(values *rand.Rand) (*arenaBot, error) {
	codec, err := state.NewCodec[arena.Input]()
	return &arenaBot{values: values, codec: codec}, err
}

func (a *arenaBot) begin(c *goclient.Client) (err error) {
	a.inputs, err = goclient.NewInputs(c, a.codec)
	return err
}

func (a *arenaBot) enter(p *player, c *goclient.Client, _ bool) error { return p.readInstance(c) }

func (a *arenaBot) frame(*player, *goclient.Client) {
	_, _ = a.inputs.Send(arena.Input{ // fails while the window is full
		MoveX: int8(a.values.IntN(255) - 127), MoveY: int8(a.values.IntN(255) - 127),
		Aim: float32(a.values.Float64() * 2 * math.Pi), Fire: a.values.IntN(4) == 0,
	})
}

// request asks for short rounds, so that there are outcomes.
func (a *arenaBot) request(proto.RoomID) goclient.Request {
	return goclient.Request{Game: arenaName, Room: arenaName, Options: json.RawMessage(`{"round_seconds": 5, "frag_limit": 2}`)}
}
