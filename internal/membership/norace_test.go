//go:build !race

package membership

// testMemory is the memory of bubbles.
const testMemory = memory
