package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

// stuckGame is a game whose tick never returns once a player has sent "hang", and takes 50 ms at 60 Hz after "slow". With the
// option {"hang": true} it never starts.
type stuckGame struct {
	State game.Value[struct {
		Way   string `state:"max=8"`
		Ticks uint32 `state:""`
	}]
	hangs bool
}

// asStuck as the value of asGame makes this test binary serve it.
const asStuck = "stuck"

func stucks() game.Definition {
	return game.Definition{Name: "poison", New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		return &stuckGame{hangs: len(options) > 0}, game.Settings{TickRate: 60, Seats: 2}, nil
	}}
}

func (g *stuckGame) Start(*game.Room) {
	for n := 0; g.hangs; n++ {
	}
}
func (g *stuckGame) Join(*game.Room, game.Player)                    {}
func (g *stuckGame) Leave(*game.Room, game.Player)                   {}
func (g *stuckGame) Message(_ *game.Room, _ game.Player, way []byte) { g.State.Get().Way = string(way) }
func (g *stuckGame) Tick(*game.Room) {
	s := g.State.Get()
	s.Ticks++
	for begun := time.Now(); s.Way == "hang" || s.Way == "slow" && time.Since(begun) < 50*time.Millisecond; {
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
	if err := victim.client.SendCustom([]byte("hang")); err != nil {
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
		s := summaryOf(t, url)
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
	if err := fleet.programs[fleet.number(at)].Process.Kill(); err != nil { // as an operator would who has waited for too long
		t.Fatal(err)
	}
	goOn(t, players)
	for i, other := range fleet.urls {
		if i == fleet.number(at) {
			continue
		}
		if s := summaryOf(t, other); s.Hung != 0 {
			t.Errorf("%s took the room over: %+v", s.Name, s)
		}
	}
}

// A game that never returns from Start costs the one who wants that room a second, and the server a goroutine. A server that is alone
// keeps its rooms.
func TestHangInStart(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	fleet := runFleet(t, asStuck, 1)
	url := fleet.urls[0]
	good := playPoison(t, url, "good")
	for _, room := range []string{"bad", "bad", "worse"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := goclient.Dial(ctx, poisonConfig(t, url, room, []byte(`{"hang":true}`)))
		cancel()
		var closed *goclient.CloseError
		if !errors.As(err, &closed) || closed.Code != proto.CloseCrashed {
			t.Errorf("its client ended with %v", err)
		}
	}
	goOn(t, []*poisonPlayer{good})
	if s := summaryOf(t, url); s.Hung != 1 || s.State != "serving" || s.Rooms != 1 {
		t.Errorf("%+v", s)
	}
	if body, status := fetch(t, url+"/livez"); status != 200 || !strings.Contains(body, "1 hang in games") {
		t.Errorf("livez: %d %s", status, body)
	}
}

func summaryOf(t *testing.T, url string) (s report.Summary) {
	t.Helper()
	body, status := fetch(t, url+"/v1/server")
	if err := json.Unmarshal([]byte(body), &s); err != nil || status != 200 {
		t.Fatal(status, body, err)
	}
	return s
}

// A room whose ticks take 50 ms at 60 Hz is slowed, and named; 20 others, with one core for all, are not.
func TestSlowRoomIsSlowedAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	const rooms = 20
	fleet := runFleet(t, asStuck, 1, "GOMAXPROCS=1")
	url := fleet.urls[0]
	var players []*poisonPlayer
	for i := range rooms {
		players = append(players, playPoison(t, url, fmt.Sprint("room-", i)))
	}
	slow := playPoison(t, url, "slow")
	if err := slow.client.SendCustom([]byte("slow")); err != nil {
		t.Fatal(err)
	}
	await(t, "the room is named", func() bool {
		s := summaryOf(t, url)
		return len(s.Heaviest) > 0 && s.Heaviest[0].Room == "slow" && s.Heaviest[0].Share > 1000*maxShareOfTest
	})
	before, last := slow.frames.Load(), make([]uint64, rooms)
	for i, p := range players {
		last[i] = p.frames.Load()
	}
	await(t, "the slow room goes on", func() bool { return slow.frames.Load() >= before+30 })
	made := slow.frames.Load() - before
	for i, p := range players {
		if n := p.frames.Load() - last[i]; n < 2*made {
			t.Errorf("room-%d made %d ticks while the slow room made %d", i, n, made)
		}
	}
	if body, _ := fetch(t, url+"/metrics"); !strings.Contains(body, `ringside_tick_seconds_total{game="poison"}`) {
		t.Error("no cost by game")
	}
}

// maxShareOfTest is the share from which on a room is slowed.
const maxShareOfTest = 0.25
