package server

import "testing"

func TestReplicasFor(t *testing.T) {
	for memory, want := range map[int64]int{0: 4096, 1 << 30: 4096, 4 << 30: 4096, 8 << 30: 8192, 24 << 30: 24576} {
		if got := replicasFor(memory); got != want {
			t.Errorf("%d bytes: got %d replicas, want %d", memory, got, want)
		}
	}
	if n := DefaultConfig().Limits.Replicas; n < minReplicas {
		t.Errorf("the default is %d", n)
	}
}
