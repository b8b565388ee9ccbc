package testfleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// longWalk is the next version of walk: there is one table more that clients see, and one that they do not.
type longWalk struct {
	Trees game.Table[tree] `state:"max=80"`
	walk
	Miles game.Table[mile] `state:"max=8,hidden"`
}

type tree struct {
	Height uint8 `state:""`
}

type mile struct {
	Since uint32 `state:""` // steps at which the walker began to count
}

func (w *longWalk) Migrate(_ *game.Room, _ uint64, old *state.Store) error {
	was, err := state.RowsOf[Walker](old, "walkers")
	if err != nil {
		return err
	}
	w.Trees.Put(70).Height = 9
	for id, row := range was.All() {
		w.Miles.Put(id).Since = row.Steps
	}
	return nil
}

// longWalks is a server's version of Walk that takes over rooms of those given.
func longWalks(migrates ...uint64) game.Definition {
	return game.Definition{Name: WalkName, Migrates: migrates, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &longWalk{}, game.Settings{TickRate: 30, Seats: 8}, nil
	}}
}

func version(t *testing.T, d game.Definition) uint64 {
	t.Helper()
	s, err := d.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return s.PeerFingerprint()
}

// A fleet is updated server by server to a version of the game whose state is laid out otherwise, and back: the rooms go
// along, and their players notice nothing but that the schema is another.
func TestUpdateToAnotherVersion(t *testing.T) {
	before := Walk()
	after := longWalks(version(t, before))
	back := Walk()
	back.Migrates = []uint64{version(t, after)}
	f := Start(t, Options{})
	const rooms = 9
	players := make([]*player, rooms)
	all(rooms, func(i int) {
		players[i] = join(t, f.through(0, proto.RoomID(fmt.Sprint("room-", i)), "alice"))
	})
	allPlay(t, 10, players...)
	f.awaitCopies(t, rooms)
	for round, games := range []game.Definition{after, back} {
		for i := range 3 {
			f.Replace(round*3+i, games)
			allPlay(t, 10, players...)
		}
		for i, p := range players {
			s := p.client.Stats()
			if s.Reconnects > 0 || s.Moves == 0 || s.LostInputs > 0 {
				t.Errorf("update %d: the player of room-%d came back %d times, was moved %d times, lost %d inputs", round, i, s.Reconnects, s.Moves, s.LostInputs)
			}
			if n := p.schemas.Load(); n != int32(round)+1 {
				t.Errorf("update %d: the player of room-%d was told of %d other schemas", round, i, n)
			}
			until(t, "all steps that were acknowledged are counted, whichever version took them", func() bool {
				return p.steps.Load() == p.client.Stats().Acked
			})
		}
	}
	for i := range rooms {
		if leaders := f.Leaders(proto.RoomID(fmt.Sprint("room-", i))); len(leaders) != 1 {
			t.Errorf("room-%d is led by %v", i, leaders)
		}
	}
}

// Rooms of a version that the new one does not take over stay with the old servers to the last; then their players are told,
// play on until that one stops, and hear that the room is gone.
func TestUpdateWithoutMigration(t *testing.T) {
	const drain = 3 * time.Second
	f := Start(t, Options{Servers: 2, Configure: func(c *server.Config) { c.DrainTimeout = drain }})
	const rooms = 8
	players := make([]*player, rooms)
	all(rooms, func(i int) {
		players[i] = join(t, f.through(0, proto.RoomID(fmt.Sprint("room-", i)), "alice"))
	})
	f.awaitCopies(t, rooms)
	f.Replace(0, longWalks())
	allPlay(t, 10, players...)
	for i, p := range players {
		if n := p.notice.Load(); p.server() != "gs-2" || p.client.Stats().Reconnects > 0 || n != nil {
			t.Errorf("the player of room-%d is at %s, came back %d times, was told %v", i, p.server(), p.client.Stats().Reconnects, n)
		}
	}
	id := proto.RoomID("fresh")
	for f.Home(id).Name != "gs-1" {
		id += "r"
	}
	fresh := join(t, f.through(0, id, "bob"))

	begun := time.Now()
	f.Servers[1].cancel(nil)
	f.Servers[1].gone = true
	for i, p := range players {
		until(t, "the player is told that the room ends", func() bool { return p.notice.Load() != nil })
		if n := p.notice.Load(); n.Code != proto.NoticeEnds || !strings.Contains(n.Text, "the room ends with the server, in ") {
			t.Errorf("the player of room-%d was told %v", i, n)
		}
	}
	allPlay(t, 30, players...)
	var report struct {
		Moves map[string]int // by the kind of event
	}
	get(t, f.Servers[1].Node.URL()+"/v1/server", http.StatusOK, func(resp *http.Response) {
		if err := json.NewDecoder(resp.Body).Decode(&report); err != nil || report.Moves["stays"] != rooms {
			t.Errorf("it tells operators of %v, %v", report.Moves, err)
		}
	})
	f.wait("gs-2", f.Servers[1].ended)
	if took := time.Since(begun); took < drain {
		t.Errorf("the server waited %v for its rooms, not %v", took, drain)
	}
	for i, p := range players {
		<-p.ended
		if c := closed(t, p.err); c.Code != proto.CloseLost {
			t.Errorf("the player of room-%d got %v", i, c)
		}
	}
	fresh.plays(t, 10)
}
