package limit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTakeAllowsTheBurstThenOneEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		l := New[string](Config{Every: 10 * time.Second, Burst: 3, Refused: func() { refused++ }})
		for i := range 3 {
			if _, ok := l.Take("a"); !ok {
				t.Fatalf("token %d of the burst was refused", i)
			}
		}
		wait, ok := l.Take("a")
		if ok || wait != 10*time.Second || refused != 1 {
			t.Fatalf("after the burst: %v, %v, %d refusals; want a wait of 10 s and 1 refusal", wait, ok, refused)
		}
		if _, ok := l.Take("b"); !ok {
			t.Fatal("one key's refusal touched another key")
		}
		time.Sleep(wait)
		if _, ok := l.Take("a"); !ok {
			t.Fatal("refused after the wait that was told")
		}
		if _, ok := l.Take("a"); ok {
			t.Fatal("allowed two after one interval: a refusal must take nothing, and give nothing back")
		}
	})
}

func TestTakeAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New[string](Config{Every: 10 * time.Second, Burst: 5})
		if _, ok := l.TakeAll("a", 3); !ok {
			t.Fatal("3 of 5 were refused")
		}
		if wait, ok := l.TakeAll("a", 4); ok || wait != 20*time.Second {
			t.Fatalf("4 of 2: %v, %v; want a wait of 20 s", wait, ok)
		}
		if wait, ok := l.TakeAll("a", 6); ok || wait < 24*time.Hour {
			t.Fatalf("more than the burst: %v, %v; want a wait for ever", wait, ok)
		}
		if _, ok := l.TakeAll("a", 2); !ok {
			t.Fatal("a refusal took something")
		}
	})
}

func TestTheKeyUsedLongestAgoIsForgotten(t *testing.T) {
	l := New[int](Config{Every: time.Hour, Burst: 1, Keys: 2})
	l.Take(1)
	l.Take(2)
	l.Take(1) // refused, and used all the same
	l.Take(3) // forgets 2
	if _, ok := l.Take(1); ok {
		t.Error("1 was forgotten, though 2 was used longer ago")
	}
	if _, ok := l.Take(2); !ok || l.Keys() != 2 {
		t.Errorf("2 is remembered, or %d keys are; want 2 keys", l.Keys())
	}
}

func TestNoLimit(t *testing.T) {
	l := New[string](Config{})
	for range 1000 {
		if _, ok := l.Take("a"); !ok || l.Keys() != 0 {
			t.Fatal("a limiter without an interval refused or remembered")
		}
	}
}

func TestTakeTogether(t *testing.T) {
	l := New[string](Config{Every: time.Hour, Burst: 100, Keys: 1})
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if _, ok := l.Take("a"); ok {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if allowed.Load() != 100 {
		t.Fatalf("%d allowed of a burst of 100", allowed.Load())
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{Every: -1}, {Every: 1}, {Keys: -1}} {
		if c.Validate() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
	if err := (Config{Every: 1, Burst: 1}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7":             "192.0.2.7/32",
		"::ffff:192.0.2.7":      "192.0.2.7/32",
		"2001:db8:1:2:3::9":     "2001:db8:1:2::/64",
		"fe80::1%eth0":          "fe80::/64",
		"2001:db8:1:2:ffff::17": "2001:db8:1:2::/64",
	} {
		if got := Network(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
	if Network(netip.Addr{}).IsValid() {
		t.Error("the invalid address has a network")
	}
}

func BenchmarkTake(b *testing.B) {
	l := New[netip.Prefix](Config{Every: time.Millisecond, Burst: 1})
	key := Network(netip.MustParseAddr("2001:db8::1"))
	b.ReportAllocs()
	for b.Loop() {
		l.Take(key)
	}
}
