package room

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// testBans bans one player.
type testBans struct {
	revision atomic.Uint64
	player   proto.PlayerID // set before revision
}

func (b *testBans) Revision() uint64 { return b.revision.Load() }
func (b *testBans) Banned(p proto.PlayerID) (string, bool) {
	return "you are banned", b.revision.Load() > 0 && p == b.player
}

func TestKick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		o, f := h.join(r, Join{Player: "eve"})
		_, watching := h.join(r, Join{Player: "eve", Spectator: true})
		_, other := h.join(r, Join{Player: "ann"})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		token := f.check(t).welcomes[0].Resume
		places := -1
		if err := r.QueueKick("eve", "that was rude", func(n int) { places = n }); err != nil {
			t.Fatal(err)
		}
		h.pass(50 * time.Millisecond)
		f.check(t).wantCloses(t, proto.CloseKicked)
		watching.check(t).wantCloses(t, proto.CloseKicked)
		if places != 2 || f.text != "that was rude" || watching.text != "that was rude" {
			t.Errorf("%d places, texts %q and %q", places, f.text, watching.text)
		}
		if i := r.Info(); i.Players != 1 || i.Connected != 1 || i.Spectators != 0 {
			t.Errorf("info %+v; the seat must be free", i)
		}
		if row := other.x(t, 0); row != (testRow{}) {
			t.Errorf("the game was not told: row %+v", row)
		}
		o.QueueLost()
		_, back := h.join(r, Join{Resume: token}) // nothing is held
		back.check(t).wantCloses(t, proto.CloseSeat)
		_, again := h.join(r, Join{Player: "eve"}) // a kick is no ban
		again.check(t).wantCloses(t)
		h.pass(time.Second)
		again.check(t).wantCloses(t)
		other.check(t).wantCloses(t)
		if err := r.QueueKick("nobody", "", func(n int) { places = n }); err != nil {
			t.Fatal(err)
		}
		h.pass(50 * time.Millisecond)
		if places != 0 {
			t.Errorf("%d places of nobody", places)
		}
	})
}

// A player who comes again in the tick of the kick is out all the same.
func TestKickAndJoinInOneTick(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 1)
		_, f := h.join(r, Join{Player: "eve"})
		r.QueueKick("eve", "out", func(int) {})
		_, again := h.join(r, Join{Player: "eve", Resume: f.check(t).welcomes[0].Resume})
		f.check(t).wantCloses(t, proto.CloseReplaced)
		again.check(t).wantCloses(t, proto.CloseKicked)
		if i := r.Info(); i.Players != 0 {
			t.Errorf("info %+v", i)
		}
	})
}

// The game kicks too.
func TestGameKicks(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		ann, f := h.join(r, Join{Player: "ann"})
		_, other := h.join(r, Join{Player: "bob"})
		ann.QueueCustom([]byte("kick 1 idle"))
		h.pass(50 * time.Millisecond)
		other.check(t).wantCloses(t, proto.CloseKicked)
		f.check(t).wantCloses(t)
		if i := r.Info(); other.text != "idle" || i.Players != 1 {
			t.Errorf("text %q, info %+v", other.text, i)
		}
	})
}

// A ban puts its player out of every room that has them, also where the seat is only held, and with it goes the resume token.
func TestBanPutsPlayersOut(t *testing.T) {
	bans := &testBans{player: "eve"}
	c := testConfig()
	c.Bans = bans
	withPool(t, c, func(h *harness) {
		r, other := h.start(20, 2), h.start(20, 2)
		_, f := h.join(r, Join{Player: "eve"})
		o, held := h.join(other, Join{Player: "eve"})
		_, ann := h.join(other, Join{Player: "ann"})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		o.QueueLost()
		h.pass(time.Second)
		f.check(t).wantCloses(t)
		bans.revision.Add(1)
		h.pass(50 * time.Millisecond)
		f.check(t).wantCloses(t, proto.CloseKicked)
		ann.check(t).wantCloses(t)
		if i := other.Info(); f.text != "you are banned" || r.Info().Players != 0 || i.Players != 1 || i.Connected != 1 {
			t.Errorf("text %q, info %+v and %+v", f.text, r.Info(), i)
		}
		_, back := h.join(other, Join{Resume: held.check(t).welcomes[0].Resume})
		back.check(t).wantCloses(t, proto.CloseSeat)
		// Who was let in before the ban, and waited for the room, comes too late.
		for _, j := range []Join{{Player: "eve"}, {Player: "eve", Spectator: true}, {Player: "eve", Resume: held.welcomes[0].Resume}} {
			_, late := h.join(other, j)
			late.check(t).wantCloses(t, proto.CloseKicked)
		}
	})
}

func TestPlayersAreListed(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 3)
		h.join(r, Join{Player: "ann", Name: "Ann"})
		o, _ := h.join(r, Join{Player: "bob"})
		h.join(r, Join{Player: "cleo", Spectator: true})
		o.QueueInput(testInputs(1, 1), time.Now(), 0)
		o.QueueLost()
		var got []Player
		r.QueuePlayers(func(p []Player) { got = p })
		h.pass(50 * time.Millisecond)
		want := []Player{{"ann", "Ann", 0, true}, {"bob", "", 1, false}, {"cleo", "", proto.NoSeat, true}}
		if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
