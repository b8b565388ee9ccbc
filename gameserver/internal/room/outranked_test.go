package room

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// outrankedRoom starts a room in epoch 3 of server-1 that notes what Spec.Outranked is told.
func outrankedRoom(h *harness) (r *Room, seen *[]proto.Epoch) {
	seen = new([]proto.Epoch)
	spec := h.spec(newTestGame(h.t, 20, 4))
	spec.Epoch.Instance = 7
	spec.Outranked = func(e proto.Epoch) { *seen = append(*seen, e) }
	r, err := h.Start(spec)
	if err != nil {
		h.t.Fatal(err)
	}
	return r, seen
}

// An epoch above the room's counts if it is believable and comes with the token of a seat. Then the registry is told and
// the client is refused, and nothing else happens to the room.
func TestOutranked(t *testing.T) {
	other := proto.Epoch{Instance: 7, Counter: 3, Server: "server-2"}
	for name, test := range map[string]struct {
		seen     proto.Epoch
		token    bool
		waits    bool
		believed bool
	}{
		"a higher counter":        {proto.Epoch{Instance: 7, Counter: 4, Server: "server-1"}, true, false, true},
		"by a waiting connection": {proto.Epoch{Instance: 7, Counter: 4, Server: "server-1"}, true, true, true},
		"the highest counter":     {proto.Epoch{Instance: 7, Counter: 3 + maxSeen, Server: "server-2"}, true, false, true},
		"the same of another":     {other, true, false, true},
		"too high a counter":      {proto.Epoch{Instance: 7, Counter: 3 + maxSeen + 1, Server: "server-2"}, true, false, false},
		"the highest number":      {proto.Epoch{Instance: 7, Counter: 1<<32 - 1, Server: "server-2"}, true, false, false},
		"the room's own":          {proto.Epoch{Instance: 7, Counter: 3, Server: "server-1"}, true, false, false},
		"an earlier one":          {proto.Epoch{Instance: 7, Counter: 2, Server: "server-2"}, true, false, false},
		"none":                    {proto.Epoch{}, true, false, false},
		"of another instance":     {proto.Epoch{Instance: 8, Counter: 4, Server: "server-2"}, true, false, false},
		"without a token's proof": {other, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			withPool(t, testConfig(), func(h *harness) {
				r, told := outrankedRoom(h)
				o, f := h.join(r, Join{Player: "ann"})
				o.QueueInput(testInputs(1, 1, 2, 3, 4, 5, 6, 7, 8, 9), time.Now(), 0)
				h.pass(50 * time.Millisecond)
				j := Join{Player: "ann", Proven: 1, Resume: f.check(t).welcomes[0].Resume, Seen: test.seen, Waits: test.waits}
				if !test.token {
					j.Resume = []byte("made up by someone")
				}
				_, again := h.join(r, j)
				h.pass(time.Second)
				if !test.believed {
					if len(*told) != 0 || len(again.check(t).welcomes) != 1 {
						t.Errorf("outranked by %v, %d welcomes", *told, len(again.welcomes))
					}
					return
				}
				if !slices.Equal(*told, []proto.Epoch{test.seen}) {
					t.Errorf("outranked by %v, want %v", *told, test.seen)
				}
				again.wantCloses(t, proto.CloseOverloaded)
				if !strings.Contains(again.text, "is being checked; try again") {
					t.Errorf("closed with %q", again.text)
				}
				f.check(t).wantCloses(t)
				if x := f.x(t, 0).X; x != 45 || r.Info().Connected != 1 {
					t.Errorf("x is %d, info %+v: the seat was touched", x, r.Info())
				}
			})
		})
	}
}

// However many clients say so, the registry is told once in a while; all are refused.
func TestOutrankedIsToldOnceInAWhile(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r, told := outrankedRoom(h)
		_, f := h.join(r, Join{Player: "ann"})
		seen := proto.Epoch{Instance: 7, Counter: 4, Server: "server-2"}
		for range 60 {
			_, again := h.join(r, Join{Resume: f.check(t).welcomes[0].Resume, Seen: seen})
			again.wantCloses(t, proto.CloseOverloaded)
		}
		if len(*told) != 1 {
			t.Errorf("told %d times in %v", len(*told), outrankedInterval)
		}
		h.join(r, Join{Resume: f.welcomes[0].Resume, Seen: seen})
		if len(*told) != 2 {
			t.Errorf("told %d times after %v", len(*told), outrankedInterval)
		}
	})
}

// A spectator has no token, so its epoch is ignored. So is everybody's where the registry does not want to know.
func TestOutrankedIsIgnored(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		r, told := outrankedRoom(h)
		_, f := h.join(r, Join{Player: "ann"})
		token := f.check(t).welcomes[0].Resume
		seen := proto.Epoch{Instance: 7, Counter: 4, Server: "server-2"}
		_, watching := h.join(r, Join{Spectator: true, Resume: token, Seen: seen})
		watching.wantCloses(t)
		if len(*told) != 0 {
			t.Errorf("outranked by %v", *told)
		}
		r.spec.Outranked = nil
		_, again := h.join(r, Join{Resume: token, Seen: seen})
		again.wantCloses(t)
	})
}
