package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A refused connection proves no death: leader and standby that a firewall separates, while clients, routers and other servers
// reach both, do not both lead. No match has two outcomes and no acknowledged input is lost.
func TestG3LeaderAndStandbyRefuseEachOther(t *testing.T) {
	for _, servers := range []int{2, 3, 4} {
		for _, c := range copies {
			t.Run(fmt.Sprintf("%d servers, %s", servers, c.name), func(t *testing.T) {
				run(t, 1, options{servers: servers, rooms: 2, players: 3, strict: true, configure: c.configure}, func(f *fleet) {
					f.refuse(addresses(f.leader("room-1")), addresses(f.standby("room-1")))
					f.oneLeads("room-1", 3*time.Second, 12*time.Second)
					f.noneLost()
				})
			})
		}
	}
}

// The same where only one of the two is refused: the other can dial it.
func TestG3LeaderAndStandbyRefuseOneWay(t *testing.T) {
	for _, leaderIsRefused := range []bool{true, false} {
		name := "the standby is refused"
		if leaderIsRefused {
			name = "the leader is refused"
		}
		t.Run(name, func(t *testing.T) {
			run(t, 1, plain, func(f *fleet) {
				from, to := f.standby("room-1"), f.leader("room-1")
				if leaderIsRefused {
					from, to = to, from
				}
				f.net.Refuse(addresses(from), addresses(to))
				f.oneLeads("room-1", 3*time.Second, 12*time.Second)
			})
		})
	}
}

// Two halves of a fleet that refuse each other, while clients reach both.
func TestG3HalvesRefuseEachOther(t *testing.T) {
	run(t, 1, options{servers: 4, rooms: 2, players: 3, strict: true}, func(f *fleet) {
		leads, stands := f.leader("room-1"), f.standby("room-1")
		rest := f.others(leads, stands)
		f.refuse(append(addresses(leads, rest[0]), f.routers[0].ip), append(addresses(stands, rest[1]), f.routers[1].ip))
		f.oneLeads("room-1", 5*time.Second, 15*time.Second)
		f.noneLost()
	})
}

// A leader that all other members refuse, but its clients reach, is replaced, and decides nothing meanwhile.
func TestG3EverybodyRefusesTheLeader(t *testing.T) {
	run(t, 1, options{servers: 4, rooms: 2, players: 3}, func(f *fleet) {
		leads := f.leader("room-1")
		f.refuse(addresses(leads), append(f.routerIPs(), addresses(f.others(leads)...)...))
		f.oneLeads("room-1", 5*time.Second, 15*time.Second)
		f.noneLost()
	})
}

// The home of a room is cut off from its leader and standby, but from nobody else. Newcomers who come to it reach the room that
// lives, or are told to come back: it is not created a second time, whether the home has an old replica or no memory.
func TestG6HomeIsCutOffFromTheRoom(t *testing.T) {
	for _, cut := range []struct {
		name  string
		begin func(f *fleet, a, b []string)
	}{{"silence", (*fleet).partition}, {"refusal", (*fleet).refuse}} {
		for _, restarted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restarted %v", cut.name, restarted), func(t *testing.T) {
				run(t, 1, options{servers: 4, rooms: 1, players: 3}, func(f *fleet) {
					order := f.order("room-1")
					home, leads := order[0], order[1]
					f.move("room-1", leads)
					time.Sleep(2 * time.Second)
					if restarted {
						f.crash(home)
						time.Sleep(2 * time.Second) // another server stands by
					}
					cut.begin(f, addresses(home), addresses(leads, order[2]))
					if restarted {
						f.start(home)
					}
					time.Sleep(12 * time.Second)
					for range 3 {
						f.newcomer("room-1")
						time.Sleep(3 * time.Second)
					}
					f.oneLeads("room-1", 0, 5*time.Second)
					f.noneLost()
				})
			})
		}
	}
}

// A room's leader and standby are behind a firewall that refuses the others and is refused, for longer than refusal is taken for a death.
// The players are connected to the suspended leader, and look for the room at the other servers as well: it is not called lost.
func TestG6PlayersOfARefusedLeaderAreNotToldThatItIsLost(t *testing.T) {
	run(t, 1, options{servers: 5, rooms: 1, players: 3}, func(f *fleet) {
		leads, stands := f.leader("room-1"), f.standby("room-1")
		f.refuse(addresses(leads, stands), append(f.routerIPs(), addresses(f.others(leads, stands)...)...))
		time.Sleep(40 * time.Second)
		f.net.Heal()
		time.Sleep(10 * time.Second)
		f.noneLost()
		f.allPlay()
	})
}

// oneLeads waits for settle, and then checks every 100 ms for as long as said that one server ticks room.
func (f *fleet) oneLeads(room proto.RoomID, settle, length time.Duration) {
	f.t.Helper()
	time.Sleep(settle)
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if n := f.history.ticking(room); n != 1 {
			f.history.violation("%d servers tick %s", n, room)
			return
		}
	}
}
