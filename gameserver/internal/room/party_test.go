package room

import (
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// A room keeps the seats of a party, says so, and refuses all of a party for which there is no room.
func TestPartySeatsAreReported(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		red, blue := game.Party{ID: "red", Size: 3, Hold: time.Minute}, game.Party{ID: "blue", Size: 2, Hold: time.Minute}
		h.join(r, Join{Player: "ann", Party: red})
		if i := r.Info(); i.Players != 1 || i.Reserved != 2 {
			t.Errorf("info %+v", i)
		}
		for _, player := range []proto.PlayerID{"bob", "bea"} {
			_, f := h.join(r, Join{Player: player, Party: blue})
			f.check(t).wantCloses(t, proto.CloseFull)
			if !strings.Contains(f.text, "too few are free for your party") {
				t.Errorf("%s reads %q", player, f.text)
			}
		}
		h.join(r, Join{Player: "amy", Party: red})
		if i := r.Info(); i.Players != 2 || i.Reserved != 1 {
			t.Errorf("info %+v", i)
		}
		h.pass(time.Minute)
		if i := r.Info(); i.Players != 2 || i.Reserved != 0 {
			t.Errorf("info %+v after the party's time", i)
		}
	})
}
