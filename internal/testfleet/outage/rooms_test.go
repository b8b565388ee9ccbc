package outage

import (
	"testing"
	"time"
)

// Statistics of a room reach the store within two minutes.
func TestRoomStatistics(t *testing.T) {
	if outage(t) == 0 {
		t.Skip("it takes two minutes; make outage runs it")
	}
	b := newBed(t)
	b.open()
	p := b.enter("ann", "short")
	var page struct {
		Points []struct {
			Rooms, Players float64
			Ticks, Matches int
		}
	}
	b.awaitFor(5*time.Minute, "there are statistics", func() bool {
		return b.get(router, "/v1/stats/rooms?game=short", &page) && len(page.Points) > 0
	})
	if s := page.Points[0]; s.Rooms <= 0 || s.Rooms > 1 || s.Players != s.Rooms || s.Ticks == 0 || s.Matches == 0 {
		t.Errorf("the statistics are %+v", page.Points)
	}
	b.settle(p)
}
