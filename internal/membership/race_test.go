//go:build race

package membership

import "time"

// testMemory is the memory of bubbles. The race detector cannot follow minutes of them: its clocks run over.
const testMemory = 20 * time.Second
