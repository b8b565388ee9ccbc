package main

import (
	"strings"
	"testing"
)

func TestSmokeLine(t *testing.T) {
	well := Report{Players: 8, TickShare: 0.999, Latency: Quantiles{P50: 12, P99: 30, Max: 40}}
	if line := well.smokeLine(); !strings.HasPrefix(line, "OK players=8 refused=0 gone=0 broken=0 ticks_share=0.999 ack_p50_ms=12.0 ack_p99_ms=30.0 ") || strings.Contains(line, "\n") {
		t.Errorf("a fleet that is well gives %q", line)
	}
	for want, spoil := range map[string]func(*Report){
		`error="players saw 49 % of the ticks"`: func(r *Report) { r.TickShare = 0.49 },
		`error="no input was acknowledged"`:     func(r *Report) { r.Latency = Quantiles{} },
		`error="bot-1-1: gone: two lines"`:      func(r *Report) { r.Gone, r.Details = 1, []string{"bot-1-1: gone: two\n\tlines"} },
		`refused=1 gone=0 broken=0`:             func(r *Report) { r.Refused = 1 },
		`broken=2 ticks_share=0.999`:            func(r *Report) { r.BrokenTotal = 2 },
	} {
		bad := well
		spoil(&bad)
		if line := bad.smokeLine(); bad.smokeFault() == "" || !strings.HasPrefix(line, "FAILED ") || !strings.Contains(line, want) || strings.Contains(line, "\n") {
			t.Errorf("got %q, want %s", line, want)
		}
	}
}
