package bans

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzMerge: of what another process sends as bans, only valid ones are taken over, and the order does not count.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`[{"player":"jo","until":"2026-11-30T00:00:00Z","changed":"2026-11-29T00:00:00Z"}]`), 60.0)
	f.Add([]byte(`[{"player":"jo","until":"2026-11-30T00:00:00Z","changed":"2026-11-29T00:00:00Z","lifted":true},{"player":"jo","until":"2027-11-30T00:00:00Z","changed":"2026-11-29T00:00:00Z","reason":"x"}]`), 1e300)
	f.Add([]byte(`[{"player":"\u202e","until":"9999-11-30T00:00:00Z"},{}]`), -1.0)
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	f.Fuzz(func(t *testing.T, body []byte, seconds float64) {
		if d, err := ParseTime(seconds); err == nil && (d < time.Second || d > MaxTime) {
			t.Fatalf("%v seconds are %v", seconds, d)
		}
		var theirs []Ban
		if json.Unmarshal(body, &theirs) != nil {
			return
		}
		s, other := New(clock), New(clock)
		s.Merge(theirs)
		for i := range theirs {
			other.Merge(theirs[len(theirs)-1-i : len(theirs)-i])
		}
		if s.Hash() != other.Hash() {
			t.Fatalf("%s gives %v, and from its end %v", body, s.All(), other.All())
		}
		for _, b := range s.All() {
			if err := b.validate(now); err != nil {
				t.Fatalf("%s gives %+v: %v", body, b, err)
			}
		}
		text, err := json.Marshal(s.All())
		var again []Ban
		if err != nil || json.Unmarshal(text, &again) != nil {
			t.Fatalf("%s gives %v, which cannot be sent on: %v", body, s.All(), err)
		}
		third := New(clock)
		if third.Merge(again); third.Hash() != s.Hash() {
			t.Fatalf("%s gives %v, and sent on %v", body, s.All(), third.All())
		}
	})
}
