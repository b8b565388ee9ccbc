package room

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A message of the backend is an input of a tick, and acknowledged when a standby has that.
func TestMessageOfTheBackend(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 2)
		s := attach(t, r, 1)
		s.silent = true
		_, f := h.join(r, Join{Player: "ann"})
		var got []Received
		if err := r.QueueMessage([]byte("kick 0 sold"), func(m Received) { got = append(got, m) }); err != nil {
			t.Fatal(err)
		}
		tick := r.Info().Tick + 1
		h.pass(time.Second)
		if f.check(t).wantCloses(t, proto.CloseKicked); f.text != "sold" {
			t.Errorf("text %q", f.text)
		}
		if len(got) > 0 {
			t.Errorf("acknowledged %v, and no standby has the tick", got)
		}
		r.Acked(1, tick-1)
		h.pass(100 * time.Millisecond)
		if len(got) > 0 {
			t.Errorf("acknowledged %v by the tick before", got)
		}
		r.Acked(1, tick)
		h.pass(100 * time.Millisecond)
		if len(got) != 1 || got[0] != (Received{Tick: tick}) {
			t.Errorf("acknowledged %v, want tick %d", got, tick)
		}
	})
}
