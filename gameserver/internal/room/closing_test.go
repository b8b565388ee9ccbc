package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A locked room lets back in who was there, and nobody else.
func TestLocked(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		ann, f := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Player: "wes", Spectator: true})
		ann.QueueCustom([]byte("lock"))
		h.pass(50 * time.Millisecond)
		if !r.Info().Locked {
			t.Error("the room does not say that it is locked")
		}
		_, late := h.join(r, Join{Player: "bob"})
		late.check(t).wantCloses(t, proto.CloseFull)
		_, stranger := h.join(r, Join{Player: "sue", Spectator: true})
		stranger.check(t).wantCloses(t, proto.CloseFull)
		_, again := h.join(r, Join{Player: "wes", Spectator: true})
		again.check(t).wantCloses(t) // it takes the place of the one who watches
		watching.check(t).wantCloses(t, proto.CloseReplaced)
		_, moved := h.join(r, Join{Player: "sue", Spectator: true, Seen: proto.Epoch{Instance: 1, Counter: 3, Server: "server-1"}})
		moved.check(t).wantCloses(t)
		ann.QueueLost()
		ann, back := h.join(r, Join{Resume: f.check(t).welcomes[0].Resume})
		back.check(t).wantCloses(t)
		ann.QueueCustom([]byte("unlock"))
		h.pass(50 * time.Millisecond)
		_, late = h.join(r, Join{Player: "bob"})
		late.check(t).wantCloses(t)
		if i := r.Info(); i.Locked || i.Players != 2 {
			t.Errorf("info %+v", i)
		}
	})
}

// A game that closes its room takes nobody with it who has not heard the outcome, and tells all why.
func TestGameClosesItsRoom(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		s := attach(t, r, 1)
		s.silent = true
		ann, f := h.join(r, Join{Player: "ann"})
		_, watching := h.join(r, Join{Player: "wes", Spectator: true})
		ann.QueueCustom([]byte("finish"))
		ann.QueueCustom([]byte("close over"))
		h.pass(time.Second)
		f.check(t).wantCloses(t)
		_, late := h.join(r, Join{Player: "bob"})
		late.check(t).wantCloses(t, proto.CloseFull)
		h.wantEnded(0)
		r.Acked(1, r.Info().Tick)
		h.pass(100 * time.Millisecond)
		f.wantMatches(t, "at the end", 1)
		for _, c := range []*testClient{f, watching} {
			if c.check(t).wantCloses(t, proto.CloseEnded); c.text != "over" {
				t.Errorf("text %q", c.text)
			}
		}
		h.wantEnded(1)
	})
}

// A standby that never answers does not keep a closed room for ever.
func TestClosedRoomDoesNotWaitForEver(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		attach(t, r, 1).silent = true
		ann, _ := h.join(r, Join{Player: "ann"})
		ann.QueueCustom([]byte("finish"))
		ann.QueueCustom([]byte("close over"))
		h.pass(closeWait - time.Second)
		h.wantEnded(0)
		h.pass(2 * time.Second)
		h.wantEnded(1)
	})
}
