package room

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// warnSize is from which size on a room is warned of its keyframe, in bytes.
	warnSize = game.MaxState / 2
	// sizeSlack is how much a byte of a delta may add to a keyframe: the change of a field takes a byte at least, and a predicted
	// one has up to this many more in a keyframe.
	sizeSlack = 8
	// namedTables is how many tables an error names, the largest ones.
	namedTables = 5
)

// size is how large a room's keyframe is. Most games cannot reach warnSize with all rows that their tables have, and pay nothing.
// For the others the keyframe is measured, and again when the deltas since may have brought it to the next limit, and once a second,
// since own parts are not in the deltas to everyone.
type size struct {
	may    bool // the tables allow more than warnSize
	known  int  // measured, in bytes
	since  int  // by how much it can have grown since then
	warned bool
}

// tooLarge returns an error with the sizes of the tables if the keyframe of the tick just encoded is over game.MaxState.
func (r *Room) tooLarge() error {
	s := &r.size
	if !s.may {
		return nil
	}
	limit := warnSize
	if s.warned {
		limit = game.MaxState
	}
	s.since += sizeSlack * (r.frames.delta.end - r.frames.delta.start + 1)
	if s.known > 0 && s.known+s.since <= limit && int(r.sim.Tick())%r.settings.TickRate != 0 {
		return nil
	}
	total, tables := r.sim.Store().Size()
	s.known, s.since = total, 0
	switch {
	case total > game.MaxState:
		return fmt.Errorf("the state is too large for clients: its keyframe has %d bytes, at most %d are allowed; the largest tables: %s", total, game.MaxState, largest(tables))
	case total > warnSize && !s.warned:
		s.warned = true
		r.log.Warn("the state of a room is larger than half of what its clients take; at the limit the room ends",
			"tick", r.sim.Tick(), "bytes", total, "limit", game.MaxState, "tables", largest(tables))
	}
	return nil
}

// largest names the largest tables.
func largest(tables []state.TableSize) string {
	slices.SortFunc(tables, func(a, b state.TableSize) int { return cmp.Compare(b.Bytes, a.Bytes) })
	var names []string
	for _, t := range tables[:min(len(tables), namedTables)] {
		names = append(names, fmt.Sprintf("%s %d bytes in %d rows", t.Table, t.Bytes, t.Rows))
	}
	return strings.Join(names, ", ")
}

// countRefused counts the custom messages that the game could not send, and logs the first time.
func (r *Room) countRefused() {
	n := r.sim.Refused()
	if n == 0 {
		return
	}
	r.metrics.CustomsRefused.Add(float64(n))
	if !r.noisy {
		r.noisy = true
		r.log.Warn("a game sends more custom messages than a tick takes; Room.Send returned an error for the rest", "tick", r.sim.Tick(), "refused", n)
	}
}
