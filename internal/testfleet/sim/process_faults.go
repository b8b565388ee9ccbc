package sim

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// maxServers bounds what a schedule adds to a fleet.
	maxServers = 6
	// maxNewcomers bounds the players that a schedule adds.
	maxNewcomers = 3
	// maxDelay bounds the time from a moment to the death that is keyed to it.
	maxDelay = 40 * time.Millisecond
)

// down ends a random server, and starts it again in the end.
func (f *fleet) down(how func(*machine)) func() {
	s := f.pick()
	how(s)
	f.someoneComes()
	return func() { f.startAgain(s) }
}

// startAgain starts a server that has ended, unless another fault of the schedule has.
func (f *fleet) startAgain(s *machine) {
	if s.running.Load() == nil {
		f.start(s)
	}
}

// someoneComes lets a newcomer come for a random room of the workload, where the options want newcomers.
func (f *fleet) someoneComes() {
	if f.options.newcomers && f.options.rooms > 0 && f.newcomers < maxNewcomers {
		f.newcomers++
		f.newcomer(roomName(f.rng.IntN(f.options.rooms)))
	}
}

// crashLoop restarts a random server a few times.
func crashLoop(f *fleet) func() {
	s := f.pick()
	for range 3 + f.rng.IntN(3) {
		f.restart(s, 0)
		f.someoneComes()
		time.Sleep(1200 * time.Millisecond)
		if !s.runs() { // another fault of the schedule
			break
		}
	}
	return func() { f.startAgain(s) }
}

// moveRoom moves a random room to a random server.
func moveRoom(f *fleet) func() {
	if room, from, to := f.pickMove(); to != nil {
		go f.moveInTime(room, from, to)
	}
	return nil
}

func (f *fleet) pickMove() (room proto.RoomID, from, to *machine) {
	room, from = f.pickRoom()
	targets := slices.DeleteFunc(f.running(), func(s *machine) bool { return s == from })
	if from == nil || len(targets) == 0 {
		return "", nil, nil
	}
	return room, from, targets[f.rng.IntN(len(targets))]
}

// moveInTime moves a room if that is possible at the moment. From any goroutine.
func (f *fleet) moveInTime(room proto.RoomID, from, to *machine) {
	if err := f.operator.move(room, from, to); err != nil {
		f.history.note("%s stays: %v", room, err)
	}
}

// dieInMove moves a random room, and kills one of its two leaders around the time when the move is complete.
func dieInMove(f *fleet) func() {
	room, from, to := f.pickMove()
	if to == nil {
		return nil
	}
	kind := []momentKind{roomMoved, firstTick}[f.rng.IntN(2)]
	victim := []*machine{from, to, to}[f.rng.IntN(3)].name
	trap := f.trap(f.drawDelay(), func(m moment) string { return when(m.kind == kind && m.room == room, victim) })
	go f.moveInTime(room, from, to)
	return f.reapLater(trap)
}

// dieAtOutcome kills the server that decides the next match.
func dieAtOutcome(f *fleet) func() {
	return f.reapLater(f.trap(f.drawDelay(), func(m moment) string { return when(m.kind == outcomeDecided, m.server) }))
}

// dieAtTakeover kills a leader, and then the server that takes one of its rooms over.
func dieAtTakeover(f *fleet) func() {
	_, leads := f.pickRoom()
	if leads == nil || len(f.running()) < 3 {
		return nil
	}
	trap := f.trap(f.drawDelay(), func(m moment) string { return when(m.kind == roomTakenOver, m.server) })
	f.crash(leads)
	f.someoneComes()
	restart := f.reapLater(trap)
	return func() {
		restart()
		f.startAgain(leads)
	}
}

// drawDelay is 0 in half of all cases: then nothing that is sent after the moment leaves the process.
func (f *fleet) drawDelay() time.Duration {
	return max(0, f.drawTime(-maxDelay, maxDelay))
}

// reapLater gives the end of a fault: it disarms a trap, and starts the server again whose process it has killed.
func (f *fleet) reapLater(t *trap) func() {
	return func() {
		if s := f.reap(t, 0); s != nil {
			f.someoneComes()
			f.startAgain(s)
		}
	}
}

// pause stops a server.
func pause(f *fleet) func() {
	s := f.pick()
	f.pause(s)
	return func() { f.resume(s) }
}

// pauseEverybody stops all servers, and wakes them in random order.
func pauseEverybody(f *fleet) func() {
	all := f.running()
	f.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, s := range all {
		f.pause(s)
	}
	gap := f.drawTime(0, wakingGap)
	return func() {
		for _, s := range all {
			f.resume(s)
			time.Sleep(gap)
		}
	}
}

// setClock sets the wall clock of a random server, a minute forward or back at most, and then right again.
func setClock(f *fleet) func() {
	s := f.pick()
	by := f.drawTime(-time.Minute, time.Minute)
	f.history.note("the clock of %s is set by %v", s.name, by)
	set := func(to time.Duration) {
		if forward := to - time.Duration(s.clock.Swap(int64(to))); forward > 0 {
			f.history.clockJumped(forward)
		}
	}
	set(by)
	return func() {
		f.history.note("the clock of %s is right", s.name)
		set(0)
	}
}

func join(f *fleet) func() {
	if len(f.servers) < maxServers {
		f.add()
	}
	return nil
}
