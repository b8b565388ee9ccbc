package room

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestScheduleGivesTheEarliestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s schedule
		var want []time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 3).Draw(t, "step"); {
			case step <= 1 || len(s) == 0:
				due := time.Duration(rapid.IntRange(0, 50).Draw(t, "due"))
				s.push(&Room{due: due})
				want = append(want, due)
			case step == 2:
				s[0].due += time.Duration(rapid.IntRange(0, 50).Draw(t, "later"))
				want[0] = s[0].due
				s.fixFirst()
			default:
				s.removeFirst()
				want = want[1:]
			}
			slices.Sort(want)
			if len(s) != len(want) {
				t.Fatalf("%d rooms, want %d", len(s), len(want))
			}
			if len(s) > 0 && s[0].due != want[0] {
				t.Fatalf("first is due at %d, want %d", s[0].due, want[0])
			}
		}
	})
}
