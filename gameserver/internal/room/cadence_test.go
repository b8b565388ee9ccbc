package room

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCadenceDoesNotDrift(t *testing.T) {
	for _, rate := range []int{1, 7, 20, 30, 60} {
		c := newCadence(rate, 0, 0)
		for range 3600 * rate {
			if c.advance(c.due()) {
				t.Fatalf("rate %d: a tick on time was late", rate)
			}
		}
		if c.due() != time.Hour {
			t.Errorf("rate %d: the tick after an hour is due at %v", rate, c.due())
		}
	}
}

func TestCadenceBeginsOnItsPhase(t *testing.T) {
	for _, test := range []struct {
		phase    int
		now, due time.Duration
	}{
		{0, 0, 0},
		{0, 1, 50 * time.Millisecond},
		{0, 50 * time.Millisecond, 50 * time.Millisecond},
		{1, 0, 25 * time.Millisecond},
		{1, 26 * time.Millisecond, 75 * time.Millisecond},
		{2, 0, 12500 * time.Microsecond},
		{3, time.Second, 1037500 * time.Microsecond},
	} {
		if c := newCadence(20, test.phase, test.now); c.due() != test.due {
			t.Errorf("phase %d at %v: due at %v, want %v", test.phase, test.now, c.due(), test.due)
		}
	}
}

func TestCadenceAfterALateTick(t *testing.T) {
	for _, test := range []struct {
		began time.Duration
		late  bool
		next  time.Duration
	}{
		{0, false, 50 * time.Millisecond},
		{49 * time.Millisecond, false, 50 * time.Millisecond},
		{50 * time.Millisecond, false, 50 * time.Millisecond}, // exactly one period
		{51 * time.Millisecond, true, 100 * time.Millisecond},
		{100 * time.Millisecond, true, 150 * time.Millisecond},
		{10*time.Second + 1, true, 10*time.Second + 50*time.Millisecond},
	} {
		c := newCadence(20, 0, 0)
		if late := c.advance(test.began); late != test.late || c.due() != test.next {
			t.Errorf("began at %v: late %v, next at %v; want %v, %v", test.began, late, c.due(), test.late, test.next)
		}
	}
}

func TestCadenceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 60).Draw(t, "rate")
		now := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "now"))
		c := newCadence(rate, rapid.IntRange(0, 5000).Draw(t, "phase"), now)
		period := time.Second/time.Duration(rate) + 1
		if c.due() < now || c.due() > now+period {
			t.Fatalf("begins at %v, asked at %v", c.due(), now)
		}
		for range 100 {
			began := c.due() + time.Duration(rapid.Int64Range(0, int64(3*period)).Draw(t, "delay"))
			late := c.advance(began)
			if late && (c.due() <= began || c.due() > began+period) {
				t.Fatalf("after a late tick at %v the next is due at %v", began, c.due())
			}
			if !late && began > c.due() {
				t.Fatalf("a tick at %v, due again at %v, was not late", began, c.due())
			}
		}
	})
}

// The largest gap between n rooms of one rate is at most twice the fair share, whatever n is.
func TestPhasesSpreadRooms(t *testing.T) {
	for n := 1; n <= 300; n++ {
		var p phases
		var at []time.Duration
		for range n {
			at = append(at, phaseOffset(20, p.take()))
		}
		slices.Sort(at)
		at = append(at, 50*time.Millisecond)
		for i := range n {
			if gap, most := at[i+1]-at[i], 2*50*time.Millisecond/time.Duration(n); gap > most {
				t.Fatalf("%d rooms: a gap of %v, want at most %v", n, gap, most)
			}
		}
	}
}

func TestPhasesAreUsedAgain(t *testing.T) {
	var p phases
	for want := range 5 {
		if got := p.take(); got != want {
			t.Fatalf("phase %d, want %d", got, want)
		}
	}
	p.release(3)
	p.release(1)
	if a, b, c := p.take(), p.take(), p.take(); a != 1 || b != 3 || c != 5 {
		t.Errorf("phases %d, %d, %d, want 1, 3, 5", a, b, c)
	}
}
