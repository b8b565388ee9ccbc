package results

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func owed(list []Delivery) (s string) {
	for _, d := range list {
		s += fmt.Sprintf("%d.%d ", d.Seq, d.Attempts)
	}
	return s
}

// A delivery is claimed by one at a time, due again after its lease or when it failed, and over when it is delivered.
func TestDeliveries(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, watch := settings()
		s := open(t, at, c)
		ctx := context.Background()
		claim := func(endpoint string, limit int, want string) {
			t.Helper()
			list, err := s.Claim(ctx, endpoint, limit, time.Minute)
			if err != nil || owed(list) != want {
				t.Errorf("claimed %q, %v; want %q", owed(list), err, want)
			}
			for _, d := range list {
				if d.ID.Instance != 5 || int64(d.ID.Match) != d.Seq || len(d.Body) == 0 || d.At.Before(start) {
					t.Errorf("delivery is %+v", d)
				}
			}
		}
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		put(t, s, entry(t, decided(5, 1, 1), 1))
		check(s.AddEndpoint(ctx, "late", -1))
		check(s.AddEndpoint(ctx, "all", 0))
		check(s.AddEndpoint(ctx, "all", -1)) // it is there: nothing changes
		put(t, s, entry(t, decided(5, 2, 1), 1), entry(t, decided(5, 3, 1), 1))
		claim("late", 10, "2.1 3.1 ")
		claim("all", 2, "1.1 2.1 ")
		claim("all", 9, "3.1 ")
		claim("all", 9, "")
		claim("nobody", 9, "")
		check(s.Delivered(ctx, "all", 1))
		check(s.Failed(ctx, "all", 2, start.Add(time.Hour), false, "status 500 \x00\xff"+strings.Repeat("é", 2000)))
		check(s.Failed(ctx, "all", 3, start, true, "status 400"))
		watch.advance(2 * time.Minute)
		claim("all", 9, "")
		claim("late", 9, "2.2 3.2 ") // whoever had them is gone
		watch.advance(time.Hour)
		claim("all", 9, "2.2 ")
		dead, err := s.DeadLetters(ctx, "all", 0, 10)
		if err != nil || len(dead) != 1 || dead[0].Seq != 3 || dead[0].Reason != "status 400" || len(dead[0].Body) == 0 {
			t.Errorf("dead letters are %+v, %v", dead, err)
		}
		if n, err := s.Retry(ctx, "all", 1, 2); n != 0 || err != nil {
			t.Errorf("retry of what is not dead: %d, %v", n, err)
		}
		if n, err := s.Retry(ctx, "all", 3); n != 1 || err != nil {
			t.Errorf("retry: %d, %v", n, err)
		}
		claim("all", 9, "3.1 ")

		check(s.Disable(ctx, "all", "gone"))
		put(t, s, entry(t, decided(5, 4, 1), 1))
		claim("all", 9, "")
		states, err := s.Endpoints(ctx)
		if err != nil || len(states) != 2 || states[0].Name != "all" || states[0].Disabled != "gone" || states[1].Due != 3 || !states[1].Oldest.Equal(start) {
			t.Errorf("states are %+v, %v", states, err)
		}
		check(s.Enable(ctx, "all"))
		claim("all", 9, "4.1 ")
		check(s.Delivered(ctx, "all", 4))
		check(s.Failed(ctx, "all", 4, start, false, "late answer")) // of an attempt whose lease was over
		watch.advance(time.Hour)
		claim("all", 9, "2.3 3.2 ")
		check(s.RemoveEndpoint(ctx, "all"))
		claim("all", 9, "")
		if states, err := s.Endpoints(ctx); err != nil || len(states) != 1 {
			t.Errorf("states are %+v, %v", states, err)
		}
		put(t, s, entry(t, decided(5, 5, 1), 1))
		if err := s.RemoveEndpoint(ctx, "all"); !errors.Is(err, ErrUnknown) {
			t.Errorf("removed twice: %v", err)
		}
	})
}

// Many claim at once: each delivery goes to one.
func TestClaimsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		s := open(t, at, c)
		ctx := context.Background()
		if err := s.AddEndpoint(ctx, "hook", 0); err != nil {
			t.Fatal(err)
		}
		const total = 60
		for match := range uint32(total) {
			put(t, s, entry(t, decided(5, match+1, 1), 1))
		}
		var mu sync.Mutex
		taken := map[int64]int{}
		var done sync.WaitGroup
		for range 4 {
			done.Go(func() {
				for range total {
					list, err := s.Claim(ctx, "hook", 3, time.Hour)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, d := range list {
						taken[d.Seq]++
					}
					mu.Unlock()
				}
			})
		}
		done.Wait()
		for seq := int64(1); seq <= total; seq++ {
			if taken[seq] != 1 {
				t.Errorf("delivery %d was claimed %d times", seq, taken[seq])
			}
		}
	})
}
