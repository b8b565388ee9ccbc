package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/server"
)

// copies are the numbers of standbys that rooms may have.
var copies = []struct {
	name      string
	configure func(*server.Config)
}{{"1 standby", nil}, {"2 standbys", with2Standbys}}

// maxRedirects bounds the moved messages that a player follows on the way to a room that moved and then lost its leader.
const maxRedirects = 4

// A server that has just been handed a room may die, at any time from the answer to the move on: the room continues elsewhere,
// nothing is lost, and no player is sent in circles.
func TestG1NewLeaderDiesAfterAMove(t *testing.T) {
	for _, c := range copies {
		for _, toStandby := range []bool{true, false} {
			for _, after := range []int{0, 5, 15, 25, 40} {
				t.Run(fmt.Sprintf("%s, to standby %v, after %d ms", c.name, toStandby, after), func(t *testing.T) {
					o := options{servers: 4, rooms: 1, players: 3, strict: true, configure: c.configure}
					f := run(t, 1, o, func(f *fleet) {
						to := f.standby("room-1")
						if !toStandby {
							to = f.order("room-1")[3]
						}
						f.move("room-1", to)
						time.Sleep(time.Duration(after) * time.Millisecond)
						f.forget()
						f.crash(to)
						time.Sleep(10 * time.Second)
						f.noneQuiet(2 * time.Second)
					})
					f.survivedAMove(t)
				})
			}
		}
	}
}

// The same where the new leader dies at its first tick, and where the old one does: its players may not have changed over yet.
func TestG1EitherLeaderDiesInAMove(t *testing.T) {
	for _, victim := range []struct {
		name string
		at   func(m moment) string
	}{
		{"the new leader at its first tick", func(m moment) string { return when(m.kind == firstTick && m.room == "room-1", m.server) }},
		{"the new leader as soon as the old one knows", func(m moment) string { return when(m.kind == roomMoved && m.room == "room-1", m.to) }},
		{"the old leader as soon as it knows", func(m moment) string { return when(m.kind == roomMoved && m.room == "room-1", m.server) }},
	} {
		for _, c := range copies {
			t.Run(victim.name+", "+c.name, func(t *testing.T) {
				f := run(t, 1, options{servers: 4, rooms: 1, players: 3, strict: true, configure: c.configure}, func(f *fleet) {
					from, to := f.leader("room-1"), f.order("room-1")[2]
					f.forget()
					trap := f.trap(0, victim.at)
					go f.operator.move("room-1", from, to) // the server that answers may die
					if f.reap(trap, 10*time.Second) == nil {
						f.t.Fatal("the room was not moved")
					}
					time.Sleep(10 * time.Second)
					f.noneQuiet(2 * time.Second)
				})
				f.survivedAMove(t)
			})
		}
	}
}

// survivedAMove checks what a clean death after a move may cost: at most 2 ticks, and few redirects.
func (f *fleet) survivedAMove(t *testing.T) {
	t.Helper()
	f.replayedAtMost(t, 2)
	for _, p := range f.of("room-1") {
		if n := p.client.Stats().Moves; n > maxRedirects {
			t.Errorf("%s was sent on %d times, at most %d are allowed", p.id, n, maxRedirects)
		}
	}
}
