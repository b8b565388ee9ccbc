package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/server"
)

// All servers are paused at once, and wake one by one: no room is lost, with any number of standbys and in any order.
func TestG6AllServersPause(t *testing.T) {
	for _, c := range []struct {
		name      string
		configure func(*server.Config)
	}{{"0 standbys", with0Standbys}, {"1 standby", nil}, {"2 standbys", with2Standbys}} {
		for _, length := range []time.Duration{4 * time.Second, 10 * time.Second, 60 * time.Second} {
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
				t.Run(fmt.Sprintf("%s, %v, %v", c.name, length, order), func(t *testing.T) {
					run(t, 1, options{servers: 3, rooms: 8, players: 1, configure: c.configure}, func(f *fleet) {
						f.pauseAll(f.inOrder(order), length, wakingGap)
						time.Sleep(20 * time.Second)
						f.noneLost()
						f.allPlay()
					})
				})
			}
		}
	}
}

// The same where only some of the servers are paused, a room's leader and its standby among them.
func TestG6LeaderAndStandbyPause(t *testing.T) {
	for _, length := range []time.Duration{4 * time.Second, 10 * time.Second, 60 * time.Second} {
		for _, leaderFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v, the leader first %v", length, leaderFirst), func(t *testing.T) {
				run(t, 1, options{servers: 4, rooms: 8, players: 1}, func(f *fleet) {
					order := []*machine{f.leader("room-1"), f.standby("room-1")}
					if !leaderFirst {
						slices.Reverse(order)
					}
					f.pauseAll(order, length, wakingGap)
					time.Sleep(20 * time.Second)
					f.noneLost()
					f.allPlay()
				})
			})
		}
	}
}

func (f *fleet) inOrder(order []int) (all []*machine) {
	for _, i := range order {
		all = append(all, f.servers[i])
	}
	return all
}

// allPlay checks that every player, besides those who were told that their room is lost, has got a frame in the last second.
func (f *fleet) allPlay() {
	f.forget()
	time.Sleep(time.Second)
	f.noneQuiet(time.Second)
}

// A server that leads nothing notices a pause, too: its view is old.
func TestPauseOfAServerThatLeadsNothing(t *testing.T) {
	run(t, 1, options{servers: 3}, func(f *fleet) {
		s := f.servers[2]
		f.pause(s)
		time.Sleep(4 * time.Second)
		f.resume(s)
		time.Sleep(time.Second)
		if !f.history.logged("WARN", "this process was paused; its rooms wait until the other servers have said who leads them for=4") {
			f.history.violation("%s has not noticed that it was paused", s.name)
		}
	})
}
