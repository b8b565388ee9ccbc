package state

import "math/bits"

// bitset is a set of row ids.
type bitset []uint64

func (b bitset) has(i int) bool { return i>>6 < len(b) && b[i>>6]>>(i&63)&1 != 0 }
func (b bitset) add(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) del(i int)      { b[i>>6] &^= 1 << (i & 63) }

func (b bitset) any() bool {
	for _, w := range b {
		if w != 0 {
			return true
		}
	}
	return false
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// next is the least member from i on, or -1.
func (b bitset) next(i int) int {
	for w := i >> 6; w < len(b); w++ {
		m := b[w]
		if w == i>>6 {
			m &= ^uint64(0) << (i & 63)
		}
		if m != 0 {
			return w<<6 + bits.TrailingZeros64(m)
		}
	}
	return -1
}

// free is the least number below n that is not a member, or -1.
func (b bitset) free(n int) int {
	for w, m := range b {
		if i := w<<6 + bits.TrailingZeros64(^m); i < n && m != ^uint64(0) {
			return i
		}
	}
	return -1
}
