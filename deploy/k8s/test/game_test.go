package main

import "testing"

// Only a report of two players who moved and lost nothing passes.
func TestReported(t *testing.T) {
	const whole = "2 players saw 2709 ticks, 16.4 bytes each; 2711 samples were processed, 0 outcomes told\n" +
		"moves: map[handoff:4 reconnect:2], 0 ticks missed, 0 played again"
	if !reported.MatchString(whole) {
		t.Errorf("this report does not pass:\n%s", whole)
	}
	for what, text := range map[string]string{
		"a player is missing": "1 players saw 9 ticks, 16.4 bytes each; 9 samples were processed, 0 outcomes told\nmoves: map[handoff:1], 0 ticks missed, 0 played again",
		"nobody moved":        "2 players saw 9 ticks, 16.4 bytes each; 9 samples were processed, 0 outcomes told\nmoves: map[], 0 ticks missed, 0 played again",
		"nothing was sent":    "2 players saw 9 ticks, 16.4 bytes each; 0 samples were processed, 0 outcomes told\nmoves: map[handoff:4], 0 ticks missed, 0 played again",
		"a tick is missing":   "2 players saw 9 ticks, 16.4 bytes each; 9 samples were processed, 0 outcomes told\nmoves: map[handoff:4], 1 ticks missed, 0 played again",
		"10 played again":     "2 players saw 9 ticks, 16.4 bytes each; 9 samples were processed, 0 outcomes told\nmoves: map[handoff:4], 0 ticks missed, 10 played again",
		"a player is out":     whole + "\nfailed: bot-1-1: refused",
		"a violation":         whole + "\nviolation: bot-1-1: epoch",
	} {
		if reported.MatchString(text) {
			t.Errorf("%s, and this passes:\n%s", what, text)
		}
	}
}
