// Package placement computes which game server a room belongs to: rendezvous hashing over a set of servers. It is pure:
// whoever holds the same set gets the same answer, on every machine and every architecture.
//
//	room, server  → score = fmix64(xxhash64(room) ^ xxhash64(server))
//	equal weights → servers in falling order of score
//	else          → servers in rising order of -log2(score / 2^64) / weight
//
// The first server of a room's order is its home, the next ones its standbys. Equal ranks fall to the smaller name. A
// server that leaves moves only its own rooms, each to the server that was second for it; one that joins only takes.
package placement

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// MaxWeight is the largest weight; larger ones count as MaxWeight. Up to it a cost fits into 64 bits.
const MaxWeight = 1 << 16

// Server is one candidate; Weight 0 counts as 1.
type Server struct {
	Name   string // stable over restarts, and unlike all others in its set
	Weight int    // a server's share of the rooms is its weight's share of all weights
}

// Set is an immutable set of serving game servers with their hashes computed once. The empty set has no home.
// All methods may be called from any goroutine.
type Set struct {
	names   []string // by falling weight, then by name
	hashes  []uint64 // of names
	classes []class  // runs of equal weight in names; one where all weights are equal
}

// class is a run of servers of one weight: from the end of the class before it to end. Within a class the order by
// cost is the order by score, so that a logarithm is needed only where two classes meet.
type class struct {
	end    int
	weight uint64
}

// New builds the set of servers, whose order does not matter. The slice is not kept.
func New(servers []Server) *Set {
	sorted := slices.Clone(servers)
	for i := range sorted {
		sorted[i].Weight = min(max(sorted[i].Weight, 1), MaxWeight)
	}
	slices.SortFunc(sorted, func(a, b Server) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Name, b.Name))
	})
	s := &Set{names: make([]string, len(sorted)), hashes: make([]uint64, len(sorted))}
	for i, server := range sorted {
		s.names[i], s.hashes[i] = server.Name, xxhash.Sum64String(server.Name)
		if i == 0 || server.Weight != sorted[i-1].Weight {
			s.classes = append(s.classes, class{weight: uint64(server.Weight)})
		}
		s.classes[len(s.classes)-1].end = i + 1
	}
	return s
}

// Len returns the number of servers.
func (s *Set) Len() int { return len(s.names) }

// Home returns the first server of the room's order; ok is false if the set is empty. It does not allocate.
func (s *Set) Home(room string) (server string, ok bool) {
	if len(s.names) == 0 {
		return "", false
	}
	hash, start := xxhash.Sum64String(room), 0
	var home candidate
	for _, c := range s.classes {
		best := candidate{index: start, score: fmix64(hash ^ s.hashes[start]), weight: c.weight}
		for i := start + 1; i < c.end; i++ {
			if score := fmix64(hash ^ s.hashes[i]); score > best.score {
				best.index, best.score = i, score
			}
		}
		if start == 0 || s.before(&best, &home) {
			home = best
		}
		start = c.end
	}
	return s.names[home.index], true
}

// Order appends the first n servers of the room's order to dst, home first; n < 0 means all of them. It does not
// allocate while n is at most 8 and dst has room.
func (s *Set) Order(dst []string, room string, n int) []string {
	if n < 0 || n > len(s.names) {
		n = len(s.names)
	}
	if n == 0 {
		return dst
	}
	var few [8]candidate
	first := few[:0]
	if n > len(few) {
		first = make([]candidate, 0, n)
	}
	hash, start := xxhash.Sum64String(room), 0
	for _, c := range s.classes {
		// A server whose score is below that of one of its class that found no place finds none either.
		floor := uint64(0)
		for i := start; i < c.end; i++ {
			score := fmix64(hash ^ s.hashes[i])
			if score < floor {
				continue
			}
			next := candidate{index: i, score: score, weight: c.weight}
			switch {
			case len(first) < n:
				first = append(first, next)
			case s.before(&next, &first[n-1]):
				first[n-1] = next
			default:
				floor = score
				continue
			}
			for k := len(first) - 1; k > 0 && s.before(&first[k], &first[k-1]); k-- {
				first[k], first[k-1] = first[k-1], first[k]
			}
		}
		start = c.end
	}
	for i := range first {
		dst = append(dst, s.names[first[i].index])
	}
	return dst
}

// candidate is one server's rank for one room.
type candidate struct {
	index  int // in names
	score  uint64
	weight uint64
	cost   uint64 // negLog2(score), 0 until it is needed
}

// before reports whether a comes before b in the room's order. Costs are compared as the fractions cost/weight,
// multiplied out, so nothing is rounded; what is equal then goes by score, so that equal weights order by score alone.
func (s *Set) before(a, b *candidate) bool {
	if a.weight != b.weight {
		if a.cost == 0 {
			a.cost = negLog2(a.score)
		}
		if b.cost == 0 {
			b.cost = negLog2(b.score)
		}
		if x, y := a.cost*b.weight, b.cost*a.weight; x != y {
			return x < y
		}
	}
	if a.score != b.score {
		return a.score > b.score
	}
	return s.names[a.index] < s.names[b.index]
}

// fmix64 is the finaliser of MurmurHash3 (Austin Appleby, public domain): a bijection in which each bit of x changes
// each bit of the result with probability one half.
func fmix64(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
