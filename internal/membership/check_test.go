package membership

import (
	"testing"
	"time"
)

func TestStuckViewShows(t *testing.T) {
	var g Gossip
	if err := g.Check(); err != nil {
		t.Error(err)
	}
	g.turn.Store(time.Now().Add(-2 * turnLimit).UnixNano())
	if g.Check() == nil {
		t.Error("nothing shows")
	}
}
