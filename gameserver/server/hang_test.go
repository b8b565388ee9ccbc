package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// stuckGame is a game whose tick never returns once a player has sent a message.
type stuckGame struct {
	State game.Value[struct {
		Armed bool   `state:""`
		Ticks uint32 `state:""`
	}]
}

// asStuck as the value of asGame makes this test binary serve it.
const asStuck = "stuck"

func stucks() game.Definition {
	return game.Definition{Name: "poison", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &stuckGame{}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

func (g *stuckGame) Start(*game.Room)                        {}
func (g *stuckGame) Join(*game.Room, game.Player)            {}
func (g *stuckGame) Leave(*game.Room, game.Player)           {}
func (g *stuckGame) Message(*game.Room, game.Player, []byte) { g.State.Get().Armed = true }
func (g *stuckGame) Tick(*game.Room) {
	g.State.Get().Ticks++
	for g.State.Get().Armed {
	}
}

// A room that never returns from a tick ends within a second, and no standby takes it over. The other rooms of its server go on
// without a pause, and move to servers that have all their workers.
func TestHungRoomHarmsNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	const servers, rooms = 3, 20
	fleet := runFleet(t, asStuck, servers)
	var players []*poisonPlayer
	for i := range rooms {
		players = append(players, playPoison(t, fleet.urls[0], fmt.Sprint("room-", i)))
	}
	victim := playPoison(t, fleet.urls[0], "stuck")
	await(t, "all play", func() bool {
		for _, p := range append(players, victim) {
			if p.frames.Load() < 30 {
				return false
			}
		}
		return true
	})
	at := victim.server.Load().(string)
	url := fleet.urls[fleet.number(at)]
	begun := time.Now()
	if err := victim.client.SendCustom([]byte("arm")); err != nil {
		t.Fatal(err)
	}
	await(t, "the player is told", func() bool {
		select {
		case <-victim.ended:
			return true
		default:
			return false
		}
	})
	t.Logf("the player was told after %v", time.Since(begun))
	var closed *goclient.CloseError
	if !errors.As(victim.err, &closed) || closed.Code != proto.CloseCrashed {
		t.Errorf("its client ended with %v", victim.err)
	}
	goOn(t, players)
	await(t, "the server has given its rooms away", func() bool {
		body, status := fetch(t, url+"/v1/server")
		var s summary
		if err := json.Unmarshal([]byte(body), &s); err != nil || status != 200 {
			t.Fatal(status, body, err)
		}
		return s.Hung == 1 && s.State == "draining" && s.Rooms == 0 && s.Moves["crash"] == 1
	})
	if _, status := fetch(t, url+"/readyz"); status != 503 {
		t.Errorf("readyz: %d", status)
	}
	await(t, "livez asks for a restart", func() bool {
		body, status := fetch(t, url+"/livez")
		return status == 503 && strings.Contains(body, "hang in games")
	})
	for _, other := range fleet.urls {
		if body, _ := fetch(t, other+"/v1/server/details"); strings.Contains(body, `"room":"stuck","game"`) {
			t.Errorf("the room is led on %s: %s", other, body)
		}
	}
	goOn(t, players)
	if line := fleet.programs[fleet.number(at)].logged("a game does not return from a tick"); !strings.Contains(line, "(*stuckGame).Tick") {
		t.Errorf("the log says %s", line)
	}
}
