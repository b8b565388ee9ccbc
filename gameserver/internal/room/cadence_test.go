package room

import (
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

func TestCadenceBeginsAtItsOffset(t *testing.T) {
	for _, test := range []struct {
		offset, now, due time.Duration
	}{
		{0, 0, 0},
		{0, 1, 50 * time.Millisecond},
		{0, 50 * time.Millisecond, 50 * time.Millisecond},
		{25 * time.Millisecond, 0, 25 * time.Millisecond},
		{25 * time.Millisecond, 26 * time.Millisecond, 75 * time.Millisecond},
		{12500 * time.Microsecond, 0, 12500 * time.Microsecond},
		{37500 * time.Microsecond, time.Second, 1037500 * time.Microsecond},
	} {
		if c := newCadence(20, test.offset, test.now); c.due() != test.due {
			t.Errorf("offset %v at %v: due at %v, want %v", test.offset, test.now, c.due(), test.due)
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
		c := newCadence(rate, time.Duration(rapid.Int64Range(0, int64(time.Second)/int64(rate)).Draw(t, "offset")), now)
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

// The grid of the slot is reached to the nanosecond, whatever the rate, however long the room has run.
func TestCadenceApproaches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 60).Draw(t, "rate")
		c := cadenceFrom(rate, time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "first")))
		offset := time.Duration(rapid.Int64Range(0, int64(time.Second)/int64(rate)).Draw(t, "offset"))
		for range slideShare/2 + 1 {
			c.advance(c.due())
			c.approach(offset)
		}
		want := newCadence(rate, offset, c.due()-1)
		if off := c.due() - want.due(); off < -1 || off > 1 {
			t.Fatalf("it is due at %v, the slot at %v", c.due(), want.due())
		}
	})
}
