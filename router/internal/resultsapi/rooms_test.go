package resultsapi

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Game servers write statistics of rooms, operators read them, and bad questions get clear answers.
func TestRoomStatistics(t *testing.T) {
	_, _, public, internal := serve(t)
	minute := time.Now().Truncate(time.Minute)
	batch := fmt.Sprintf(`{"server":"gs-1","minute":%d,"rooms":[{"instance":"00c0ffee00c0ffee","room":"r","game":"arena","seconds":60,"player_seconds":120,"ticks":1200}]}`,
		minute.UnixMilli())
	if status, text := do(t, "POST", internal+"/internal/v1/rooms", "", batch); status != 200 {
		t.Fatalf("%d: %s", status, text)
	}
	for _, test := range []struct {
		path, token string
		status      int
		with        string
	}{
		{"?to=" + minute.Add(time.Minute).UTC().Format(time.RFC3339), "operator", 200, `"players":2,`},
		{"?game=arena&room=r&step=1h&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "operator", 200, `"points":[]`},
		{"", "ann", 403, "operators"},
		{"?step=1s", "operator", 400, "whole minutes"},
		{"?step=x", "operator", 400, "a duration such as"},
		{"?from=yesterday", "operator", 400, "a time such as"},
		{"?from=2020-01-01T00:00:00Z", "operator", 400, "a longer step"},
	} {
		if status, text := do(t, "GET", public+"/v1/stats/rooms"+test.path, test.token, ""); status != test.status || !strings.Contains(text, test.with) {
			t.Errorf("%s answers %d %s, want %d with %s", test.path, status, text, test.status, test.with)
		}
	}
	for body, want := range map[string]string{
		strings.Replace(batch, "gs-1", "", 1):                     "server",
		strings.Replace(batch, `"seconds":60`, `"seconds":-1`, 1): "figure",
		`{"server":"gs-1","minute":60000}`:                        "set the clocks right",
		"{":                                                       "cannot be read",
	} {
		if status, text := do(t, "POST", internal+"/internal/v1/rooms", "", body); status != 400 || !strings.Contains(text, want) {
			t.Errorf("%s answers %d %s, want %s", body, status, text, want)
		}
	}
}
