package outage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// outage is for how long the store is down in the long form, RINGSIDE_OUTAGE; 0: until enough matches are decided.
func outage(t *testing.T) time.Duration {
	text := os.Getenv("RINGSIDE_OUTAGE")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("RINGSIDE_OUTAGE is %q; write a duration, such as 1h", text)
	}
	return d
}

// The store is down while 200 matches are decided, or for RINGSIDE_OUTAGE. The rooms play on, no player hears an outcome,
// and the spool keeps what is decided. When the store is back, it gets each outcome once, players hear theirs in order, those of rooms
// that have moved the newest, and the spool gives its space back.
func TestStoreIsDownForLong(t *testing.T) {
	b := newBed(t)
	b.open()
	const least = 200
	length := outage(t)
	rooms := 16
	if length > 0 {
		rooms = 4
	}
	var players []*player
	for n := range rooms {
		players = append(players, b.enter(fmt.Sprintf("player-%d", n), fmt.Sprintf("room-%d", n)))
	}
	for _, p := range players {
		b.await("each player hears an outcome", func() bool { return p.matches() > 0 })
	}
	b.kill(router)
	began := time.Now()
	var before, first int
	for _, p := range players {
		before += p.matches()
		first += int(p.ticks())
	}
	b.awaitFor(length+5*patience, "matches are decided without a store", func() bool {
		if length > 0 {
			time.Sleep(length / 20)
			t.Logf("after %v: %d wait, %.2f s of CPU", time.Since(began).Round(time.Second), b.waiting(),
				b.metric("gs-1", "process_cpu_seconds_total")+b.metric("gs-2", "process_cpu_seconds_total"))
		}
		return b.waiting() >= least && time.Since(began) >= length
	})
	took, last, heard, bytes := time.Since(began), 0, 0, b.spoolBytes()
	for _, p := range players {
		last += int(p.ticks())
		heard += p.matches()
	}
	if heard > before+rooms { // one answer each may have been on its way
		t.Errorf("%d outcomes were told without a store", heard-before)
	}
	waiting := b.waiting()
	if most := int64(waiting)*600 + 64<<10; bytes > most {
		t.Errorf("the spools have %d bytes for %d outcomes, want %d at most", bytes, waiting, most)
	}
	t.Logf("%d outcomes waited after %v, %d bytes of spool each; rooms played %.1f ticks a second", waiting, took.Round(time.Second),
		bytes/int64(waiting), float64(last-first)/took.Seconds()/float64(rooms))

	decided := b.decided()
	back := time.Now()
	b.start(router)
	b.awaitFor(5*patience, "the spools are empty", func() bool { return b.waiting() < 2*rooms })
	t.Logf("they were delivered %v after the store was back", time.Since(back).Round(time.Millisecond))
	// A leader tells what it has decided and what it finds in the replicated table. A room that has moved meanwhile has the newest there.
	for _, p := range players {
		b.await("players hear what they have missed", func() bool { return p.matches() >= 8 })
	}
	var told []int
	for _, p := range players {
		told = append(told, p.matches())
	}
	t.Logf("players have heard %v outcomes", told)
	all := b.settle(players...)
	if len(all) < decided { // settle has seen that each room has its matches from 1 on, each once
		t.Errorf("%d outcomes are stored, %d were decided at least", len(all), decided)
	}
	t.Logf("%d outcomes were decided when the store came back, %d are stored", decided, len(all))
	if text := b.conflicts(); text != noConflicts {
		t.Errorf("conflicts: %s", text)
	}
	// What a spool keeps of acknowledged outcomes goes when its server ends in order.
	b.stop("gs-1", "gs-2")
	if n := b.spoolBytes(); n > 64 {
		t.Errorf("the spools have %d bytes when all is delivered", n)
	}
}

// decided counts the matches that are over in the rooms that are led. A standby may not have the last one yet.
func (b *bed) decided() (n int) {
	for name := range b.running {
		var page struct {
			Rooms []struct {
				Match int
			}
		}
		b.await(name+" tells its rooms", func() bool { return name == router || b.get(name, "/v1/server/rooms", &page) })
		for _, r := range page.Rooms {
			n += max(0, r.Match-2)
		}
	}
	return n
}

// spoolBytes is the size of all spools.
func (b *bed) spoolBytes() (n int64) {
	files, _ := filepath.Glob(filepath.Join(b.dir, "*", "outcomes.spool"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			n += info.Size()
		}
	}
	return n
}
