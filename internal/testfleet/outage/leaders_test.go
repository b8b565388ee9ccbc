package outage

import (
	"testing"
	"time"
)

// other is the game server that is not name.
func other(name string) string {
	if name == "gs-1" {
		return "gs-2"
	}
	return "gs-1"
}

// The router with the store is killed, then the leader with outcomes that the store does not have, then the standby that has taken the
// room over: when all are back, the store has each outcome once, and the player was told nothing else.
func TestOutcomesSurviveEveryProcess(t *testing.T) {
	b := newBed(t)
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	b.kill(router)
	heard := p.matches()
	leader := p.at()
	b.await("outcomes wait at the leader", func() bool { return b.waiting() >= 4 })
	if n := p.matches(); n > heard+1 { // one answer may have been on its way
		t.Errorf("%d outcomes were told without a store", n-heard)
	}
	decided := heard + b.waiting() + 2 // by both leaders, at least
	b.kill(leader)
	b.await("they wait at the next leader, and more", func() bool { return p.at() == other(leader) && b.waiting() >= decided })
	b.kill(other(leader))
	b.start(router)
	b.start("gs-1")
	b.start("gs-2")
	b.whole()
	b.oneInstance(b.settle(p), decided)
}

// oneInstance checks that all outcomes are of one life of a room, and that they are so many at least.
func (b *bed) oneInstance(all []storedOutcome, least int) {
	b.t.Helper()
	if len(all) < least {
		b.t.Errorf("%d outcomes are stored, %d were decided at least", len(all), least)
	}
	for _, o := range all {
		if o.Outcome.Instance != all[0].Outcome.Instance {
			b.t.Fatalf("the room began anew: %+v", o)
		}
	}
	if text := b.conflicts(); text != noConflicts {
		b.t.Errorf("conflicts: %s", text)
	}
}

const noConflicts = `{"conflicts":[]}` + "\n"

// Leader and standby are killed in one moment while outcomes wait. The room is lost, and its outcomes are not: the spools have them.
func TestLeaderAndStandbyAreKilled(t *testing.T) {
	b := newBed(t)
	b.open()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
	b.kill(router)
	b.await("outcomes wait", func() bool { return b.waiting() >= 6 })
	decided := p.matches() + b.waiting()
	b.kill("gs-1", "gs-2")
	b.start(router)
	b.start("gs-1")
	b.start("gs-2")
	b.whole()
	b.oneInstance(b.settle(p), decided)
}

// All processes are killed in one moment, again and again, while several rooms play. Each round's rooms are new instances.
func TestAllAreKilled(t *testing.T) {
	b := newBed(t)
	b.open()
	decided := 0
	var players []*player
	for round := range 3 {
		if round > 0 {
			b.start(router)
			b.start("gs-1")
			b.start("gs-2")
			b.whole()
		}
		for _, room := range []string{"a", "b", "c"} {
			p := b.enter("player-"+room, room)
			players = append(players, p)
			b.await("the player hears outcomes", func() bool { return p.matches() >= 2 })
		}
		before := b.waiting()
		b.kill(router)
		b.await("outcomes wait", func() bool { return b.waiting() >= before+9 })
		b.kill("gs-1", "gs-2")
		decided += 9 // at least
		for _, p := range players[len(players)-3:] {
			p.leave()
			decided += p.matches()
		}
	}
	b.start(router)
	b.start("gs-1")
	b.start("gs-2")
	b.whole()
	all := b.settle(players...)
	instances := map[string]bool{}
	for _, o := range all {
		instances[o.Outcome.Instance] = true
	}
	if len(instances) != 9 || len(all) < decided {
		t.Errorf("%d outcomes of %d instances are stored, want %d at least, of 9", len(all), len(instances), decided)
	}
	if text := b.conflicts(); text != noConflicts {
		t.Errorf("conflicts: %s", text)
	}
}

// The router is killed again and again while it stores batches: the servers never know which of a batch it has stored. Each outcome is
// stored and heard once.
func TestRouterIsKilledInBatches(t *testing.T) {
	b := newBed(t)
	b.open()
	var players []*player
	for _, room := range []string{"a", "b", "c", "d"} {
		players = append(players, b.enter("player-"+room, room))
	}
	heard := func() (n int) {
		for _, p := range players {
			n += p.matches()
		}
		return n
	}
	for round := range 6 {
		want := heard() + 8
		b.await("outcomes are stored", func() bool { return heard() >= want })
		b.kill(router)
		b.await("a batch waits", func() bool { return b.waiting() >= 8 })
		b.start(router)
		// The moment at which the batch comes is found by its effect, and differs from round to round.
		if round%2 == 0 {
			want = heard() + 1
			b.await("an outcome of the batch is heard", func() bool { return heard() >= want })
			b.kill(router)
			time.Sleep(time.Duration(round) * time.Millisecond)
			b.start(router)
		}
	}
	b.whole()
	all := b.settle(players...)
	if len(all) < heard() {
		t.Errorf("%d outcomes are stored, %d were heard", len(all), heard())
	}
	if text := b.conflicts(); text != noConflicts {
		t.Errorf("conflicts: %s", text)
	}
}

// A room ends when nobody plays, and begins anew under its id: its matches begin at 1 again, and the store has both sets.
func TestRoomIsMadeAgain(t *testing.T) {
	b := newBed(t)
	b.start(router)
	b.start("gs-1", "-idle-room=100ms")
	b.start("gs-2", "-idle-room=100ms")
	b.whole()
	var players []*player
	for range 2 {
		p := b.enter("ann", "again")
		players = append(players, p)
		b.await("the player hears outcomes", func() bool { return p.matches() >= 3 })
		p.leave()
		b.await("the room ends", func() bool {
			return b.metric("gs-1", "ringside_rooms")+b.metric("gs-2", "ringside_rooms") == 0
		})
	}
	all := b.settle(players...)
	sets := map[string]int{}
	for _, o := range all {
		sets[o.Outcome.Instance]++
	}
	if len(sets) != 2 || sets[players[0].instance] < 3 || sets[players[1].instance] < 3 {
		t.Errorf("the store has %v, want at least 3 outcomes of two instances", sets)
	}
}
