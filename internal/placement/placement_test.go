package placement

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// The vectors were computed by another implementation, in arbitrary precision. They may never change: servers of two
// builds that place a room differently send its players to and fro.
func TestGoldenOrders(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Scores []struct{ Room, Server, Score string }
		Sets   []struct {
			Servers []Server
			Orders  map[string][]string
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Scores) == 0 || len(golden.Sets) == 0 {
		t.Fatal("testdata/golden.json has no vectors")
	}
	for _, g := range golden.Scores {
		score := fmt.Sprintf("%016x", fmix64(xxhash.Sum64String(g.Room)^xxhash.Sum64String(g.Server)))
		if score != g.Score {
			t.Errorf("score of room %q on %q is %s, want %s", g.Room, g.Server, score, g.Score)
		}
	}
	for _, g := range golden.Sets {
		set := New(g.Servers)
		for room, want := range g.Orders {
			if got := set.Order(nil, room, -1); !slices.Equal(got, want) {
				t.Errorf("order of %q over %v is %v, want %v", room, g.Servers, got, want)
			}
		}
	}
}

func TestEmptySetHasNoHome(t *testing.T) {
	set := New(nil)
	if home, ok := set.Home("room"); ok || home != "" {
		t.Errorf("home is %q, %v", home, ok)
	}
	if order := set.Order([]string{"kept"}, "room", -1); !slices.Equal(order, []string{"kept"}) {
		t.Errorf("order is %v", order)
	}
}

func TestNewLeavesItsArgumentAlone(t *testing.T) {
	servers := []Server{{"b", 0}, {"a", MaxWeight + 1}}
	set := New(servers)
	if servers[0] != (Server{"b", 0}) || servers[1] != (Server{"a", MaxWeight + 1}) {
		t.Errorf("servers became %v", servers)
	}
	if want := []class{{1, MaxWeight}, {2, 1}}; !slices.Equal(set.classes, want) {
		t.Errorf("classes are %v, want %v: weights are held between 1 and MaxWeight", set.classes, want)
	}
}

// Rooms found on a server may exceed the mean by chance alone: at 1000 rooms a server the largest of 100 lies about
// 2.5 standard deviations, or 8 %, above it.
func TestBalanceOf100Servers(t *testing.T) {
	const rooms = 100_000
	count := homes(New(fleet(100, 1)), rooms)
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	if ratio := float64(most) * 100 / rooms; len(count) != 100 || ratio > 1.10 {
		t.Errorf("%d servers have rooms, the fullest %.3f of the mean, want 100 and at most 1.10", len(count), ratio)
	}
}

func TestRoomsFollowWeights(t *testing.T) {
	servers, total := fleet(30, 1), 0
	for i := range servers {
		servers[i].Weight = 1 << (i % 3)
		total += servers[i].Weight
	}
	const rooms = 200_000
	count := homes(New(servers), rooms)
	for _, s := range servers {
		want := float64(rooms*s.Weight) / float64(total)
		if got := float64(count[s.Name]); got < .94*want || got > 1.06*want {
			t.Errorf("%s of weight %d has %.0f rooms, want %.0f within 6 %%", s.Name, s.Weight, got, want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for _, servers := range [][]Server{fleet(100, 1), fleet(100, 3)} {
		set, dst := New(servers), make([]string, 0, 8)
		if n := testing.AllocsPerRun(100, func() { set.Home("some-room") }); n != 0 {
			t.Errorf("Home allocates %v times", n)
		}
		if n := testing.AllocsPerRun(100, func() { set.Order(dst, "some-room", 8) }); n != 0 {
			t.Errorf("Order allocates %v times", n)
		}
	}
}

// fleet returns n servers whose weights go from 1 to kinds in turn.
func fleet(n, kinds int) []Server {
	servers := make([]Server, n)
	for i := range servers {
		servers[i] = Server{fmt.Sprintf("ringside-%d", i), 1 + i%kinds}
	}
	return servers
}

// homes counts the rooms whose home each server is, over random room ids of a fixed seed.
func homes(set *Set, rooms int) map[string]int {
	random := rand.New(rand.NewPCG(1, 2))
	count := make(map[string]int)
	for range rooms {
		home, _ := set.Home(fmt.Sprintf("room-%016x", random.Uint64()))
		count[home]++
	}
	return count
}

func benchmark(b *testing.B, call func(set *Set, dst []string)) {
	for _, n := range []int{3, 100, 1000} {
		for _, weights := range []struct {
			name  string
			kinds int
		}{{"equal", 1}, {"weighted", 3}} {
			b.Run(fmt.Sprintf("%s/%d", weights.name, n), func(b *testing.B) {
				set, dst := New(fleet(n, weights.kinds)), make([]string, 0, 8)
				b.ReportAllocs()
				for b.Loop() {
					call(set, dst)
				}
			})
		}
	}
}

func BenchmarkHome(b *testing.B) {
	benchmark(b, func(set *Set, _ []string) { set.Home("0123456789abcdef-room-1234") })
}

func BenchmarkOrder3(b *testing.B) {
	benchmark(b, func(set *Set, dst []string) { set.Order(dst, "0123456789abcdef-room-1234", 3) })
}
