package placement

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawServers(t *rapid.T, least int) []Server {
	weight := rapid.SampledFrom([]int{1, 1, 1, 2, 3, 100, MaxWeight})
	if rapid.Bool().Draw(t, "equal") {
		weight = rapid.Just(1)
	}
	server := rapid.Custom(func(t *rapid.T) Server {
		return Server{rapid.StringMatching(`[a-z]{1,3}-[0-9]{1,3}`).Draw(t, "name"), weight.Draw(t, "weight")}
	})
	return rapid.SliceOfNDistinct(server, least, 40, func(s Server) string { return s.Name }).Draw(t, "servers")
}

func drawRooms(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.StringMatching(`[a-z0-9]{1,40}`), 20, 20).Draw(t, "rooms")
}

// Order for every n, and Home, are what a plain sort by the definition gives.
func TestOrderIsASortByTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := drawServers(t, 1)
		set := New(servers)
		for _, room := range drawRooms(t) {
			want := slices.Clone(set.names)
			slices.SortFunc(want, func(a, b string) int { return compare(set, room, a, b) })
			for n := -1; n <= len(servers)+1; n++ {
				upTo := n
				if n < 0 || n > len(servers) {
					upTo = len(servers)
				}
				if got := set.Order(nil, room, n); !slices.Equal(got, want[:upTo]) {
					t.Fatalf("first %d of room %q are %v, want %v", n, room, got, want[:upTo])
				}
			}
			if home, ok := set.Home(room); !ok || home != want[0] {
				t.Fatalf("home of room %q is %q, %v, want %q", room, home, ok, want[0])
			}
		}
	})
}

// compare orders two servers for a room by fractions, without classes.
func compare(s *Set, room, a, b string) int {
	rank := func(name string) (score uint64, cost *big.Rat) {
		i, start := slices.Index(s.names, name), 0
		score = fmix64(New([]Server{{Name: room}}).hashes[0] ^ s.hashes[i])
		for _, c := range s.classes {
			if i >= start && i < c.end {
				cost = big.NewRat(int64(negLog2(score)), int64(c.weight))
			}
			start = c.end
		}
		return score, cost
	}
	scoreA, costA := rank(a)
	scoreB, costB := rank(b)
	switch order := costA.Cmp(costB); {
	case order != 0:
		return order
	case scoreA > scoreB, scoreA == scoreB && a < b:
		return -1
	}
	return 1
}

func TestInputOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := drawServers(t, 1)
		set, shuffled := New(servers), New(rapid.Permutation(servers).Draw(t, "shuffled"))
		for _, room := range drawRooms(t) {
			if a, b := set.Order(nil, room, -1), shuffled.Order(nil, room, -1); !slices.Equal(a, b) {
				t.Fatalf("room %q: %v and %v", room, a, b)
			}
		}
	})
}

// Whoever leaves takes nothing along but its own place: the others keep their order, so only its own rooms move, each
// to the server that was second. Read backwards: whoever joins only takes.
func TestLeaverAndJoinerMoveNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := drawServers(t, 2)
		i := rapid.IntRange(0, len(servers)-1).Draw(t, "leaver")
		leaver := servers[i].Name
		all, rest := New(servers), New(slices.Delete(slices.Clone(servers), i, i+1))
		for _, room := range drawRooms(t) {
			before := all.Order(nil, room, -1)
			want := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return name == leaver })
			if after := rest.Order(nil, room, -1); !slices.Equal(after, want) {
				t.Fatalf("room %q: %v became %v without %s", room, before, after, leaver)
			}
		}
	})
}

func TestHeavierOnlyTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := drawServers(t, 2)
		heavier := slices.Clone(servers)
		i := rapid.IntRange(0, len(servers)-1).Draw(t, "heavier")
		heavier[i].Weight *= 2
		before, after := New(servers), New(heavier)
		for _, room := range drawRooms(t) {
			a, _ := before.Home(room)
			b, _ := after.Home(room)
			if a != b && b != servers[i].Name {
				t.Fatalf("room %q went from %s to %s, but only %s became heavier", room, a, b, servers[i].Name)
			}
		}
	})
}

func TestOneWeightForAllIsNoWeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := drawServers(t, 1)
		one, many := slices.Clone(servers), slices.Clone(servers)
		weight := rapid.IntRange(2, MaxWeight).Draw(t, "weight")
		for i := range servers {
			one[i].Weight, many[i].Weight = 1, weight
		}
		for _, room := range drawRooms(t) {
			if a, b := New(one).Order(nil, room, -1), New(many).Order(nil, room, -1); !slices.Equal(a, b) {
				t.Fatalf("room %q: %v by weight 1, %v by weight %d", room, a, b, weight)
			}
		}
	})
}

// Within one weight, costs order as scores do, or equal weights would order differently by either way.
func TestLogarithmNeverRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Uint64().Draw(t, "a")
		b := a + rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(0, math.MaxUint64-a)).Draw(t, "above")
		if b >= a && negLog2(b) > negLog2(a) {
			t.Fatalf("cost of %#x is %d, of the larger %#x is %d", a, negLog2(a), b, negLog2(b))
		}
	})
}

func TestLogarithmIsWithinItsBound(t *testing.T) {
	exact := map[uint64]uint64{
		0: 64 << costBits, 1: 64 << costBits, 1<<63 | 1: 1 << costBits, math.MaxUint64: 1,
		1<<62 | 1: 2 << costBits, 3: 63<<costBits - 643173071355, // log2(3) is 1.58496…
	}
	for score, want := range exact {
		if got := negLog2(score); got != want {
			t.Errorf("cost of %#x is %d, want %d", score, got, want)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		score := random.Uint64() >> random.IntN(64)
		// Near 1 a difference of logarithms cancels, so the true value comes from log1p of the distance to 1.
		truth := -math.Log1p(-float64(-(score|1))/(1<<64)) / math.Ln2
		if score>>63 == 0 {
			truth = 64 - math.Log2(float64(score|1))
		}
		got := float64(negLog2(score)) / (1 << costBits)
		if diff := (got - truth) * (1 << costBits); diff < -.05 || diff > 1.05 {
			t.Fatalf("cost of %#x is %.15f, want %.15f: %.3f units above", score, got, truth, diff)
		}
	}
}
