package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
)

// A silent server may have the only copy of a room: where it is placed at the room, and as many others as stand by have gone too. Else
// a room can be created when it has been silent for returnTime.
func TestRoomThatASilentServerMayHaveAloneIsNotCreated(t *testing.T) {
	const long = returnTime + time.Minute
	order := append([]string{self}, peers...) // with all four
	for _, c := range []struct {
		name     string
		silent   string
		standbys int
		went     []Server // before the silence by Gone
		since    time.Duration
		creates  bool
	}{
		{"no other went", order[1], 1, nil, 0, true},
		{"one that is back went long before", order[1], 1, []Server{{Name: order[2], Gone: aloneTime + time.Second}}, 0, true},
		{"it went itself", order[1], 1, []Server{{Name: order[1]}}, 0, true},
		{"one that is back went before", order[1], 1, []Server{{Name: order[2], Gone: aloneTime - time.Second}}, 0, false},
		{"one went afterwards", order[1], 1, []Server{{Name: order[2], Gone: -time.Second}}, 0, false},
		{"one went of two standbys", order[1], 2, []Server{{Name: order[2]}}, 0, true},
		{"two went of two standbys", order[1], 2, []Server{{Name: order[2]}, {Name: order[3]}}, 0, false},
		{"one went, and the room is placed elsewhere", order[3], 1, []Server{{Name: order[2]}}, 0, true},
		{"rooms have no standby", order[1], 0, nil, 0, true}, // their leader is the home, which is this server
		{"this server has come since", order[1], 1, nil, begin + time.Second, false},
	} {
		r := newRig(t, c.standbys).see(c.silent, Unreachable)
		for _, w := range c.went {
			r.fleet.Went = append(r.fleet.Went, Server{Name: w.Name, Gone: r.now - w.Gone})
		}
		r.fleet.Since, r.fleet.Whole = c.since, placement.New([]placement.Server{{Name: order[0]}, {Name: order[1]}, {Name: order[2]}, {Name: order[3]}})
		r.view()
		if r.pass(long).finding().replies(); (r.m.Role() == Finding) != c.creates {
			t.Errorf("%s: %v", c.name, r)
		}
	}
}

// A server that is apart from half of the servers takes no room over: its leader may have handed the room to one of those.
func TestServerThatIsApartTakesNothingOver(t *testing.T) {
	r := newRig(t, 1).following()
	r.fleet.Apart = true
	r.see(peers[0], Unreachable).step(StreamLost{1}).replies(mute(peers[0]), r.standby(1, 90)).want(Following)
	r.fleet.Apart = false
	r.view().pass(askAgain).replies(mute(peers[0]), r.standby(1, 90)).want(Promoting, "Prepare")
}
