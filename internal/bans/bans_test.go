package bans

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(nil)
		if s.Hash() != "" || len(s.All()) != 0 {
			t.Fatal("a new set is not empty")
		}
		before := s.Revision()
		b, err := s.Add("eve", time.Hour, "spam")
		if err != nil || s.Revision() == before {
			t.Fatalf("%+v, %v", b, err)
		}
		text, banned := s.Banned("eve")
		if _, ann := s.Banned("ann"); !banned || ann || !strings.HasSuffix(text, ": spam") || len(text) > proto.MaxText {
			t.Errorf("eve %v %q, ann %v", banned, text, ann)
		}
		if len(s.Active()) != 1 || s.Hash() == "" {
			t.Errorf("%d bans, hash %q", len(s.Active()), s.Hash())
		}
		time.Sleep(time.Hour)
		if _, banned := s.Banned("eve"); banned || len(s.Active()) != 0 || s.Hash() != "" || len(s.All()) != 0 {
			t.Error("a ban outlasts its time")
		}
		if s.Lift("eve") {
			t.Error("a ban that is over was lifted")
		}
	})
}

func TestLiftedBanStaysLifted(t *testing.T) {
	ahead := time.Now().Add(5 * time.Second)
	a, b := New(func() time.Time { return ahead }), New(nil)
	if _, err := a.Add("eve", time.Hour, ""); err != nil {
		t.Fatal(err)
	}
	b.Merge(a.All())
	if _, banned := b.Banned("eve"); !banned {
		t.Fatal("the ban did not travel")
	}
	if !b.Lift("eve") || b.Lift("eve") { // though its clock is behind
		t.Fatal("not lifted once")
	}
	b.Merge(a.All())
	a.Merge(b.All())
	for _, s := range []*Set{a, b} {
		if _, banned := s.Banned("eve"); banned || len(s.Active()) != 0 {
			t.Error("the ban came back")
		}
	}
	if _, err := a.Add("eve", time.Hour, "again"); err != nil {
		t.Fatal(err)
	}
	b.Merge(a.All())
	if ban, banned := b.Of("eve"); !banned || ban.Reason != "again" || a.Hash() != b.Hash() {
		t.Error("a new ban does not count after a lifted one")
	}
}

func TestBadBans(t *testing.T) {
	s := New(nil)
	for _, f := range []func() (Ban, error){
		func() (Ban, error) { return s.Add("", time.Hour, "") },
		func() (Ban, error) { return s.Add("a b", time.Hour, "") },
		func() (Ban, error) { return s.Add("eve", 0, "") },
		func() (Ban, error) { return s.Add("eve", MaxTime+time.Hour, "") },
		func() (Ban, error) { return s.Add("eve", time.Hour, strings.Repeat("x", proto.MaxText+1)) },
	} {
		if b, err := f(); err == nil {
			t.Errorf("%+v was taken", b)
		}
	}
	if s.Merge([]Ban{{}, {Player: "eve", Until: time.Now().Add(-time.Second)}, {Player: "eve", Until: time.Now().Add(2 * MaxTime)}}) || s.Hash() != "" {
		t.Error("bans that are not valid were merged")
	}
	for _, seconds := range []float64{0, -1, 1e18} {
		if _, err := ParseTime(seconds); err == nil {
			t.Errorf("%v seconds are allowed", seconds)
		}
	}
}

func TestBansAreBounded(t *testing.T) {
	s, other := New(nil), New(nil)
	for i := range MaxBans {
		if _, err := s.Add(proto.PlayerID(fmt.Sprint("a", i)), time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		other.Add(proto.PlayerID(fmt.Sprint("b", i)), time.Hour, "")
	}
	if _, err := s.Add("more", time.Hour, ""); err != ErrFull {
		t.Errorf("one more: %v, want ErrFull", err)
	}
	if _, err := s.Add("a7", 2*time.Hour, ""); err != nil {
		t.Errorf("a known one again: %v", err)
	}
	s.Merge(other.All())
	s.Merge([]Ban{{Player: "more", Until: time.Now().Add(time.Hour), Changed: time.Now()}})
	if n := len(s.All()); n != 2*MaxBans {
		t.Errorf("%d bans after a merge, want %d", n, 2*MaxBans)
	}
}

// Sets that exchange what they know, in whatever order, end up with the same.
func TestMergeConverges(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		now := time.Unix(1e9, 0)
		sets := make([]*Set, 4)
		for i := range sets {
			skew := time.Duration(random.IntN(5)) * time.Second
			sets[i] = New(func() time.Time { return now.Add(skew) })
		}
		for range 200 {
			s, player := sets[random.IntN(len(sets))], proto.PlayerID(fmt.Sprint("p", random.IntN(5)))
			switch random.IntN(4) {
			case 0:
				s.Add(player, time.Hour+time.Duration(random.IntN(100))*time.Second, fmt.Sprint(random.IntN(3)))
			case 1:
				s.Lift(player)
			default:
				s.Merge(sets[random.IntN(len(sets))].All())
			}
			now = now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
		}
		for range 2 {
			for _, s := range sets {
				for _, o := range sets {
					s.Merge(o.All())
				}
			}
		}
		for _, s := range sets {
			if s.Hash() != sets[0].Hash() || !reflect.DeepEqual(s.Active(), sets[0].Active()) {
				t.Fatalf("seed %d: %+v and %+v", seed, s.All(), sets[0].All())
			}
		}
	}
}
