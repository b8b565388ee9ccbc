package room

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

const reconnectURL = "ws://lb/v1/servers/server-1/v1/rooms/room-1/connect"

// reconnect requests that o reconnects, and fails the test unless its client is told.
func (h *harness) reconnect(o *Occupant, f *testClient) {
	h.t.Helper()
	o.QueueReconnect(reconnectURL)
	h.pass(50 * time.Millisecond)
	want := proto.Moved{URL: reconnectURL, Server: "server-1", Epoch: proto.Epoch{Counter: 3, Server: "server-1"}}
	if p := f.check(h.t).prepares; len(p) == 0 || p[len(p)-1] != want {
		h.t.Fatalf("prepares %+v, want %+v", p, want)
	}
}

// wantReplaced fails the test unless f was sent to where it should reconnect, was closed once, and next begins with the
// tick after f's last one.
func (h *harness) wantReplaced(f, next *testClient) {
	h.t.Helper()
	f.wantCloses(h.t, proto.CloseMoved)
	if m := f.check(h.t).moves; len(m) != 1 || m[0] != f.prepares[len(f.prepares)-1] {
		h.t.Errorf("moves %+v, want the place of %+v", m, f.prepares)
	}
	if last, first := f.ticks[len(f.ticks)-1], next.check(h.t).ticks[0]; first != last+1 {
		h.t.Errorf("the next connection begins with tick %d after tick %d", first, last)
	}
	next.wantCloses(h.t)
}

// A player with a reconnect request changes over between two ticks. It keeps its seat and all that it has sent.
func TestReconnectRequest(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		o, f := h.join(r, Join{Player: "ann"})
		_, other := h.join(r, Join{Player: "bob"})
		h.reconnect(o, f)
		o.QueueReconnect(reconnectURL) // again, some seconds later
		h.pass(time.Second)
		if len(f.check(t).prepares) != 2 || len(f.moves)+len(f.closes) > 0 {
			t.Fatalf("before anybody came: prepares %v, moves %v, closes %v", f.prepares, f.moves, f.closes)
		}
		o.QueueInput(testInputs(1, 1, 2, 3, 4, 5, 6), time.Now(), 0) // two more than a tick takes
		h.pass(50 * time.Millisecond)
		f.polled = func() { // what comes with the tick that lets the next connection in
			o.QueueInput(testInputs(7, 7), time.Now().Add(-3*time.Millisecond), 0)
			o.QueueCustom([]byte("tell 0 hi"))
		}
		_, next := h.join(r, Join{Resume: f.welcomes[0].Resume, Waits: true})
		h.wantReplaced(f, next)
		w := next.welcomes[0]
		if w.Seat != 0 || w.Flags&proto.WelcomeResumed == 0 || w.Processed != 7 || w.Epoch != f.welcomes[0].Epoch {
			t.Errorf("welcome %+v", w)
		}
		if next.x(t, 0).X != 28 || next.own.Slack != 3 || !slices.Equal(next.customs, []string{"hi"}) {
			t.Errorf("x %d, slack %d, customs %q", next.x(t, 0).X, next.own.Slack, next.customs)
		}
		o.QueueLost()
		h.pass(time.Second)
		if len(next.check(t).ticks) < 20 || len(other.check(t).prepares) != 0 {
			t.Errorf("%d ticks on the next connection; the other player's prepares are %v", len(next.ticks), other.prepares)
		}
		other.wantCloses(t)
		if i := r.Info(); i.Players != 2 || i.Connected != 2 || testutil.ToFloat64(h.config.Metrics.Players) != 2 {
			t.Errorf("info %+v", i)
		}
	})
}

// A spectator has no token: it replaces the connection of the same player if that got a request, also with an expired
// ticket. A connection without a request stays. Anybody else with an expired ticket is refused.
func TestReconnectRequestOfASpectator(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		first, f := h.join(r, Join{Player: "eve", Spectator: true})
		_, other := h.join(r, Join{Player: "eve", Spectator: true, Waits: true})
		other.wantCloses(t, proto.CloseOverloaded)
		_, late := h.join(r, Join{Player: "eve", Spectator: true, Waits: true, Expired: true})
		late.wantCloses(t, proto.CloseTicket)
		h.reconnect(first, f)
		for i := range proto.MaxSpectators - 1 {
			h.join(r, Join{Player: proto.PlayerID(fmt.Sprint("roomModel", i)), Spectator: true})
		}
		_, stranger := h.join(r, Join{Player: "zoe", Spectator: true, Waits: true, Expired: true})
		stranger.wantCloses(t, proto.CloseTicket)
		_, next := h.join(r, Join{Player: "eve", Spectator: true, Waits: true, Expired: true})
		h.wantReplaced(f, next)
		first.QueueLost()
		h.pass(50 * time.Millisecond)
		if i := r.Info(); i.Spectators != proto.MaxSpectators {
			t.Errorf("info %+v", i)
		}
	})
}

// A waiting connection is closed if the present one got no reconnect request.
func TestNoReplacementWithoutARequest(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		_, f := h.join(r, Join{Player: "ann"})
		_, next := h.join(r, Join{Resume: f.welcomes[0].Resume, Waits: true})
		next.wantCloses(t, proto.CloseOverloaded)
		f.wantCloses(t)
		_, again := h.join(r, Join{Resume: f.welcomes[0].Resume}) // it has lost the other one
		f.wantCloses(t, proto.CloseReplaced)
		again.wantCloses(t)
	})
}

// A handoff has priority: it cancels the requests, and a connection that comes because of one is refused, since its client
// has heard of the handoff by then. There are no requests during a handoff, nor while the room is suspended.
func TestReconnectRequestAndHandoff(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		attach(t, r, 1)
		o, f := h.join(r, Join{Player: "ann"})
		w, watching := h.join(r, Join{Player: "eve", Spectator: true})
		h.reconnect(o, f)
		h.reconnect(w, watching)
		got := handOff(t, r, time.Second)
		_, next := h.join(r, Join{Resume: f.welcomes[0].Resume, Waits: true})
		_, nextWatching := h.join(r, Join{Player: "eve", Spectator: true, Waits: true})
		next.wantCloses(t, proto.CloseOverloaded)
		nextWatching.wantCloses(t, proto.CloseOverloaded)
		o.QueueReconnect(reconnectURL)
		h.pass(time.Second)
		got.want(t, r.Info().Tick)
		for _, f := range []*testClient{f, watching} {
			f.wantCloses(t, proto.CloseMoved)
			if p, m := f.check(t).prepares, f.moves; len(p) != 2 || p[1].URL != "ws://next" || len(m) != 1 || m[0].URL != "ws://next" {
				t.Errorf("prepares %+v, moves %+v", p, m)
			}
		}
		r = h.start(20, 4)
		o, f = h.join(r, Join{Player: "ann"})
		r.QueueSuspend(ReasonQuorum, "")
		o.QueueReconnect(reconnectURL)
		h.pass(time.Second)
		r.QueueResume(ReasonQuorum, time.Time{})
		h.pass(time.Second)
		if p := f.check(t).prepares; len(p) != 0 {
			t.Errorf("prepares %+v of a suspended room", p)
		}
	})
}

// A client that is not welcomed yet gets no request: a prepare does not come before the welcome.
func TestNoReconnectRequestBeforeTheWelcome(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r := h.start(20, 4)
		f := &testClient{stuck: true}
		o, err := r.QueueJoin(Join{Player: "ann", Client: f})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			o.QueueReconnect(reconnectURL)
			h.pass(50 * time.Millisecond)
			f.stick(false)
		}
		h.pass(50 * time.Millisecond)
		if f.check(t); len(f.prepares) != 0 || len(f.welcomes) != 1 {
			t.Errorf("prepares %v, welcomes %v", f.prepares, f.welcomes)
		}
	})
}
