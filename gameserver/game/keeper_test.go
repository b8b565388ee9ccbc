package game_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
)

// keeping is a game that keeps everybody but those of refuse. Its results are of the aliases in names.
type keeping struct {
	mute
	refuse proto.PlayerID
	names  []proto.Alias
	at     game.Tick
	left   []game.Player // of the last tick
	ends   bool          // a match ends when somebody leaves
}

func (k *keeping) Keep(r *game.Room, p game.Player) bool {
	if q, ok := r.Player(p.Seat); !ok || q != p {
		panic("Keep is called after the player has left")
	}
	return p.ID != k.refuse
}

func (k *keeping) Leave(r *game.Room, p game.Player) {
	if k.ends {
		r.Finish(game.Outcome{Results: []game.Result{{Seat: p.Seat, Place: 1}}})
	}
}

func (k *keeping) Tick(r *game.Room) {
	k.left = slices.Collect(r.Left())
	if r.Tick() != k.at {
		return
	}
	var o game.Outcome
	for i, a := range k.names {
		o.Results = append(o.Results, game.Result{Alias: a, Place: uint8(i + 1), Score: int32(10 - i)})
	}
	r.Finish(o)
}

func keepingHall(t *testing.T) (*hall, *keeping) {
	k := new(keeping)
	return newHall(t, game.Definition{Name: "keeping", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return k, game.Settings{TickRate: 20, Seats: 3}, nil
	}}, "", 1), k
}

func (h *hall) alias(seat game.Seat) proto.Alias {
	p, _ := h.sim.Player(seat)
	return p.Alias
}

// An outcome names players who have left, though another one has the seat, and the server that decides it has not seen them.
func TestResultsOfPlayersWhoLeft(t *testing.T) {
	h, k := keepingHall(t)
	k.refuse = "eve"
	for seat, id := range []proto.PlayerID{"ann", "bob", "eve"} {
		h.join(game.Seat(seat), id)
	}
	h.step()
	ann, bob, eve := h.alias(0), h.alias(1), h.alias(2)
	h.sim.Leave(0)
	h.sim.Kick(2, "out")
	h.step()
	h.join(0, "dan")
	h.step()
	dan := h.alias(0)
	if want := []game.Player{{Seat: game.NoSeat, ID: "ann", Alias: ann, Name: "ann"}}; !slices.Equal(k.left, want) {
		t.Errorf("left %+v, want %+v", k.left, want)
	}
	h = h.rebuilt()
	k.names, k.at = []proto.Alias{bob, ann, dan, eve, "nobody", ann}, h.sim.Tick()+1
	h.step()
	h.outcomes(game.Decided{
		Outcome: proto.Outcome{Match: 1, Tick: k.at, Results: []proto.Result{
			{Seat: 1, Alias: bob, Place: 1, Score: 10}, {Seat: game.NoSeat, Alias: ann, Place: 2, Score: 9}, {Seat: 0, Alias: dan, Place: 3, Score: 8},
		}},
		Players: []proto.PlayerID{"bob", "ann", "dan"}, Names: []string{"bob", "ann", "dan"},
	})
	if got := recent(h.rebuilt()); !reflect.DeepEqual(got, h.sim.Outcomes()) {
		t.Errorf("kept %+v, want %+v", got, h.sim.Outcomes())
	}
	k.at = h.sim.Tick() + 1 // of the next match they are not
	h.step()
	if o := h.sim.Outcomes(); len(o) != 1 || !slices.Equal(o[0].Players, []proto.PlayerID{"bob", "dan"}) {
		t.Errorf("the next match: %+v", o)
	}
}

// Who comes back has left no more, and who leaves as the match ends has not left the next one.
func TestLeaversComeAndGo(t *testing.T) {
	h, k := keepingHall(t)
	wantLeft := func(when string, want ...proto.PlayerID) {
		t.Helper()
		h.step()
		var got []proto.PlayerID
		for _, p := range k.left {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v have left, want %v", when, got, want)
		}
	}
	h.join(0, "ann")
	h.join(1, "bob")
	wantLeft("at first")
	for range 3 {
		h.sim.Leave(0)
		wantLeft("ann has left", "ann")
		h.join(0, "ann")
		wantLeft("ann is back")
	}
	k.ends = true
	h.sim.Leave(0)
	wantLeft("the match ended by it")
	if o := recent(h); len(o) != 1 || o[0].Players[0] != "ann" || o[0].Results[0].Seat != 0 {
		t.Errorf("outcomes %+v", o)
	}
}

// A room keeps a bounded number of leavers, with long names.
func TestLeaversAreBounded(t *testing.T) {
	h, k := keepingHall(t)
	for i := range proto.MaxSeats + 3 {
		id := proto.PlayerID(fmt.Sprintf("%0*d", proto.MaxPlayerID, i))
		if _, _, err := h.sim.Join(game.Entrant{ID: id, Name: strings.Repeat("👩", proto.MaxPlayerName)}); err != nil {
			t.Fatal(err)
		}
		h.step()
		h.sim.Leave(0)
		h.step()
	}
	if n := len(k.left); n != proto.MaxSeats {
		t.Errorf("%d are kept, want %d", n, proto.MaxSeats)
	}
	for _, p := range k.left {
		k.names = append(k.names, p.Alias)
	}
	k.at = h.sim.Tick() + 1
	h.step()
	if got := recent(h.rebuilt()); len(got) != 1 || len(got[0].Results) != proto.MaxSeats {
		t.Errorf("%d outcomes", len(got))
	}
}

// Clients get nothing of those who have left but aliases, and every copy of the room behaves the same.
func TestLeaversMove(t *testing.T) {
	gametest.Check(t, game.Definition{Name: "keeping", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &everybody{}, game.Settings{TickRate: 20, Seats: 3}, nil
	}}, gametest.Options{Every: 5})
}

// everybody ends a match every second with results of all who were there.
type everybody struct{ keeping }

func (*everybody) Tick(r *game.Room) {
	if r.Tick()%20 != 0 {
		return
	}
	var o game.Outcome
	for p := range r.Players() {
		o.Results = append(o.Results, game.Result{Seat: p.Seat, Place: 1})
	}
	for p := range r.Left() {
		o.Results = append(o.Results, game.Result{Alias: p.Alias, Place: 2})
	}
	r.Finish(o)
}

// A room of a game that keeps nobody has nothing more in its state.
func TestGamesThatKeepNobody(t *testing.T) {
	d, _, tick := probeDefinition(20, 2)
	left := 0
	*tick = func(r *game.Room) { left += len(slices.Collect(r.Left())) }
	h := newHall(t, d, "", 1)
	h.join(0, "ann")
	h.step()
	h.sim.Leave(0)
	h.steps(2)
	if text := string(h.sim.Store().Schema().AppendPeer(nil)); left != 0 || strings.Contains(text, "leavers") {
		t.Errorf("%d have left, in %q", left, text)
	}
	k, _ := keepingHall(t)
	if text := string(k.sim.Store().Schema().AppendPeer(nil)); !strings.Contains(text, "leavers") {
		t.Errorf("no leavers in %q: this test shows nothing", text)
	}
}
