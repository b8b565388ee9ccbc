package results

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// A router's clock goes back by an hour, then by two months, and then a year ahead. Outcomes keep their order, and retention removes
// none before its time, nor those that were stored before it.
func TestClockGoesBack(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, watch := settings()
		c.Retention = leastRetention
		s := open(t, at, c)
		ctx := context.Background()
		for n, when := range []time.Time{start, start.Add(-time.Hour), start.AddDate(0, -2, 0), start.AddDate(1, 0, 0), start.Add(time.Hour)} {
			watch.set(when)
			put(t, s, entry(t, decided(5, uint32(n+1), 1), 1))
		}
		for range 2 {
			if err := s.Maintain(ctx); err != nil {
				t.Fatal(err)
			}
			if list, err := s.After(ctx, 0, 10); err != nil || fmt.Sprint(seqs(list)) != "[1 2 3 4 5]" {
				t.Errorf("there are %v, %v; want all 5", seqs(list), err)
			}
			if list, err := s.Player(ctx, "ann", 0, 10); err != nil || len(list) != 5 {
				t.Errorf("ann has %v, %v; want all 5", seqs(list), err)
			}
		}
		watch.set(start.AddDate(0, 2, 0))
		put(t, s, entry(t, decided(5, 6, 1), 1))
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := s.After(ctx, 5, 10); err != nil || fmt.Sprint(seqs(list)) != "[6]" {
			t.Errorf("after retention there are %v, %v; want the newest", seqs(list), err)
		}
	})
}
