package placement

import "math/bits"

// costBits is how many bits of a cost are fraction. A cost is at most 64, and 64·2^40·MaxWeight is 2^62.
const costBits = 40

// negLog2 returns -log2(u) for u = (score|1) / 2^64, in units of 2^-costBits. It uses integers only, since
// floating-point logarithms differ between architectures.
//
// The fraction is found bit by bit (D. Knuth, The Art of Computer Programming, volume 1, section 1.2.2): squaring x in [1, 2) doubles its logarithm, whose integer part is the next bit. Each squaring
// cuts off less than 2^-63 and doubles the error before it, so the result is never below the true value and above it
// by less than 1.001 units. It never rises with score, since squaring with truncation keeps the order; and it is
// never 0.
func negLog2(score uint64) uint64 {
	score |= 1
	zeros := bits.LeadingZeros64(score)
	x := score << zeros // in [1, 2), 63 bits of fraction
	fraction := uint64(0)
	for range costBits {
		hi, lo := bits.Mul64(x, x) // in [1, 4), 126 bits of fraction
		bit := hi >> 63
		fraction = fraction<<1 | bit
		x = hi<<(1-bit) | lo>>63&(1-bit)
	}
	return uint64(zeros+1)<<costBits - fraction
}
