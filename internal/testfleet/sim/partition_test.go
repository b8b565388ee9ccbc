package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A part of a fleet without the quorum stays suspended, however long the partition lasts: it neither leads its rooms on nor
// creates rooms for newcomers.
func TestG3PartitionOfMinutes(t *testing.T) {
	run(t, 1, options{servers: 4, rooms: 1, players: 3}, func(f *fleet) {
		leads := f.leader("room-1")
		players := f.of("room-1")
		small := append(addresses(leads), f.routers[1].ip)
		large := append(addresses(f.others(leads)...), f.routers[0].ip)
		f.partition(small, large)
		f.partition(playerIPs(players), large)
		other := f.newPlayer("room-1", false) // so that somebody is in the part that continues
		f.partition([]string{other.ip}, small)
		go other.askAndPlay()
		f.oneLeads("room-1", 10*time.Second, 5*time.Minute)
		for _, p := range players {
			if !p.suspended.Load() {
				f.history.violation("%s was not told that its room is suspended", p.id)
			}
		}
		// Newcomers come to the small part, after more time than a member without a word may be remembered for.
		late := f.newPlayer("room-1", false)
		f.partition([]string{late.ip}, large)
		go late.askAndPlay()
		f.oneLeads("room-1", 0, time.Minute+30*time.Second)
		f.noneLost()
	})
}

// A server that restarts in the smaller part of a cut knows nothing. It neither tells the players of a living room that it is
// lost, nor creates the room again: they are told to come back, and are back once the network is whole. A router may restart
// with it.
func TestG6RestartInTheSmallerPart(t *testing.T) {
	for _, withRouter := range []bool{false, true} {
		for _, restarts := range []string{"the leader", "the standby", "both"} {
			t.Run(fmt.Sprintf("%s, with a router %v", restarts, withRouter), func(t *testing.T) {
				run(t, 1, options{servers: 5, rooms: 1, players: 3}, func(f *fleet) {
					f.restartInPart(restarts, withRouter)
				})
			})
		}
	}
}

func (f *fleet) restartInPart(restarts string, withRouter bool) {
	leads, stands := f.leader("room-1"), f.standby("room-1")
	third := f.order("room-1")[2]
	// The room lives in the larger part: what restarts had it, or will have nothing of it.
	restart := []*machine{leads}
	switch restarts {
	case "the standby":
		restart = []*machine{stands}
	case "both":
		f.move("room-1", third)
		time.Sleep(5 * time.Second)
		restart = []*machine{leads, stands}
	}
	small := addresses(restart...)
	large := addresses(f.others(restart...)...)
	if withRouter {
		small, large = append(small, f.routers[1].ip), append(large, f.routers[0].ip)
	} else {
		large = append(large, f.routerIPs()...)
	}
	if restarts == "both" { // the room has another standby by then
		f.partition(addresses(restart[1]), large)
		time.Sleep(2 * time.Second)
	}
	f.partition(small, large)
	f.partition(playerIPs(f.of("room-1")[1:]), large) // the first player reaches both parts
	time.Sleep(5 * time.Second)
	for _, s := range restart {
		f.crash(s)
	}
	if withRouter {
		f.crashRouter(f.routers[1])
	}
	time.Sleep(300 * time.Millisecond)
	for _, s := range restart {
		f.start(s)
	}
	if withRouter {
		f.startRouter(f.routers[1])
	}
	late := f.newPlayer("room-1", false)
	f.partition([]string{late.ip}, large)
	go late.askAndPlay()
	f.oneLeads("room-1", 2*time.Second, 40*time.Second)
	f.noneLost()
}

// A leader that is cut off from the other servers only, or from routers too, is reached by its clients. The room continues at
// another server, and its players are there within 4 s, in their seats.
func TestG2LeaderIsCutOffFromServers(t *testing.T) {
	for _, withRouters := range []bool{false, true} {
		for _, c := range copies {
			t.Run(fmt.Sprintf("routers too %v, %s", withRouters, c.name), func(t *testing.T) {
				run(t, 1, options{servers: 4, rooms: 1, players: 3, strict: true, configure: c.configure}, func(f *fleet) {
					leads := f.leader("room-1")
					from := addresses(f.others(leads)...)
					if withRouters {
						from = slices.Concat(from, f.routerIPs())
					}
					f.forget()
					f.partition(addresses(leads), from)
					f.oneLeads("room-1", 6*time.Second, 20*time.Second)
					f.noneQuiet(4 * time.Second)
					f.noneLost()
				})
			})
		}
	}
}
