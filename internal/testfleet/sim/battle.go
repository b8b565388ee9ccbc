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

// battleName is the arena's in a simulated fleet; a room of it is called so too.
const battleName = "arena"

// battle is the stock game, which stands still while its process is paused.
type battle struct {
	Arena arena.Arena
	at    *site
}

func newBattle(at *site) game.Definition {
	stock := arena.Definition()
	return game.Definition{Name: battleName, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		g, settings, err := stock.New(options)
		if err != nil {
			return nil, settings, err
		}
		return &battle{Arena: *g.(*arena.Arena), at: at}, settings, nil
	}}
}

func (b *battle) Start(r *game.Room)                { b.Arena.Start(r) }
func (b *battle) Join(r *game.Room, p game.Player)  { b.Arena.Join(r, p) }
func (b *battle) Leave(r *game.Room, p game.Player) { b.Arena.Leave(r, p) }
func (b *battle) Tick(r *game.Room) {
	b.at.gate()
	b.at.history.ticked(battleName, b.at.server, r.Tick(), time.Now())
	b.Arena.Tick(r)
}

// fighter plays the arena without a plan. That the replica agrees with the server is checked by its hashes.
type fighter struct {
	values *rand.Rand
	inputs *goclient.Inputs[arena.Input]
	codec  *state.Codec[arena.Input]
}

func newFighter(values *rand.Rand) (*fighter, error) {
	codec, err := state.NewCodec[arena.Input]()
	return &fighter{values: values, codec: codec}, err
}

func (f *fighter) begin(c *goclient.Client) (err error) {
	f.inputs, err = goclient.NewInputs(c, f.codec)
	return err
}

func (f *fighter) enter(*player, *goclient.Client, bool) error { return nil }

func (f *fighter) frame(p *player, c *goclient.Client) {
	_, _ = f.inputs.Send(arena.Input{ // fails while the window is full
		MoveX: int8(f.values.IntN(255) - 127), MoveY: int8(f.values.IntN(255) - 127),
		Aim: float32(f.values.Float64() * 2 * math.Pi), Fire: f.values.IntN(4) == 0,
	})
}

// request is what a fighter asks for: short rounds, so that there are outcomes.
func (f *fighter) request(proto.RoomID) goclient.Request {
	return goclient.Request{Game: battleName, Room: battleName, Options: json.RawMessage(`{"round_seconds": 5, "frag_limit": 2}`)}
}
