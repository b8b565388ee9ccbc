package main

import (
	"fmt"
	"strings"
)

// leastSmokeShare is the share of the ticks below which a fleet fails its smoke test: people would call it broken.
const leastSmokeShare = 0.5

// smokeFault says why a fleet fails its smoke test; empty: it passes. It has let everybody in, kept its guarantees, and run the game.
func (r *Report) smokeFault() string {
	switch {
	case r.Broken():
		return append(r.Details, "a guarantee was broken")[0]
	case r.TickShare < leastSmokeShare:
		return fmt.Sprintf("players saw %.0f %% of the ticks", 100*r.TickShare)
	case r.Latency.Max == 0:
		return "no input was acknowledged"
	}
	return ""
}

// smokeLine is a report for a monitoring system: one line, of which the first word says how it went.
func (r *Report) smokeLine() string {
	line := fmt.Sprintf("players=%d refused=%d gone=%d broken=%d ticks_share=%.3f ack_p50_ms=%.1f ack_p99_ms=%.1f jitter_p99_ms=%.1f",
		r.Players, r.Refused, r.Gone, r.BrokenTotal, r.TickShare, r.Latency.P50, r.Latency.P99, r.Jitter.P99)
	if fault := r.smokeFault(); fault != "" {
		return failedLine(line, fault)
	}
	return "OK " + line
}

// failedLine is smokeLine of a fleet that fails. What is wrong may have come from a server: it stays on the line.
func failedLine(line, what string) string {
	return fmt.Sprintf("FAILED %s error=%q", line, strings.Join(strings.Fields(what), " "))
}
