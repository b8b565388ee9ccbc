package sim

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// fault is one thing that goes wrong, or is done to a fleet. begin makes it so at once; the function that it gives undoes it
// after a time between shortest and longest, and is nil where nothing is to be undone.
type fault struct {
	name     string
	shortest time.Duration
	longest  time.Duration
	begin    func(f *fleet) (end func())
}

// deaths end a process and what it has in memory. One of them at a time costs nothing.
var deaths = []fault{
	{"crash", 100 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.down(f.crash) }},
	{"lose", 3 * time.Second, 10 * time.Second, func(f *fleet) func() { return f.down(f.lose) }},
	{"restart at once", 300 * time.Millisecond, 300 * time.Millisecond, func(f *fleet) func() { return f.down(f.crash) }},
	{"crash loop", time.Millisecond, time.Millisecond, crashLoop},
	{"die in a move", 2 * time.Second, 8 * time.Second, dieInMove},
	{"die at an outcome", 2 * time.Second, 8 * time.Second, dieAtOutcome},
}

// doubleDeaths may cost rooms.
var doubleDeaths = []fault{
	{"die at a takeover", 2 * time.Second, 8 * time.Second, dieAtTakeover},
}

// troubles leave all processes alive, or end them in peace. One of them at a time costs nothing.
var troubles = []fault{
	{"drain", time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.down(f.drain) }},
	{"move", time.Second, time.Second, moveRoom},
	{"pause", 100 * time.Millisecond, 8 * time.Second, pause},
	{"pause all", 500 * time.Millisecond, 6 * time.Second, pauseEverybody},
	{"partition", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.split(f.net.Partition, "cannot reach") }},
	{"one-way partition", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.split(f.net.Cut, "do not get through to") }},
	{"refusal between parts", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.refusal(f.split(f.refuseBoth, "refuse, and are refused by,")) }},
	{"one-way refusal between parts", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.refusal(f.split(f.net.Refuse, "are refused by")) }},
	{"cut between two", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.between2(f.net.Partition, "cannot reach") }},
	{"refusal between two", 300 * time.Millisecond, 8 * time.Second, func(f *fleet) func() { return f.refusal(f.between2(f.refuseBoth, "refuse, and are refused by,")) }},
	{"no descriptors", 300 * time.Millisecond, 8 * time.Second, exhaust},
	{"slow and lossy links", time.Second, 8 * time.Second, degrade},
	{"cut off players", 300 * time.Millisecond, 8 * time.Second, isolate},
	{"a player is away", 8 * time.Second, 13 * time.Second, absent},
	{"join", time.Millisecond, time.Millisecond, join},
	{"clock step", time.Millisecond, 8 * time.Second, setClock},
}

// longTroubles cost seats.
var longTroubles = []fault{
	{"partition of minutes", time.Minute, 2 * time.Minute, func(f *fleet) func() { return f.split(f.net.Partition, "cannot reach") }},
	{"a player comes back later", 20 * time.Second, 40 * time.Second, absent},
}

// pick gives a running server at random.
func (f *fleet) pick() *machine {
	all := f.running()
	return all[f.rng.IntN(len(all))]
}

// pickRoom gives a room of the workload, and its leader, at random; nil where none is led by just one server.
func (f *fleet) pickRoom() (proto.RoomID, *machine) {
	var rooms []proto.RoomID
	for _, s := range f.running() {
		for _, room := range s.rooms() {
			if room != arenaName && len(f.leaders(room)) == 1 {
				rooms = append(rooms, room)
			}
		}
	}
	if len(rooms) == 0 {
		return "", nil
	}
	room := rooms[f.rng.IntN(len(rooms))]
	return room, f.leader(room)
}

// drawTime draws a time.
func (f *fleet) drawTime(least, most time.Duration) time.Duration {
	return least + time.Duration(f.rng.Int64N(int64(most-least)+1))
}
