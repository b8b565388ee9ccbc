package game

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// FuzzParseDecided: an outcome in a keyframe of another server is read as it is written, or refused.
func FuzzParseDecided(f *testing.F) {
	o := Decided{Outcome: proto.Outcome{Match: 1, Tick: 9, Results: []proto.Result{{Seat: 1, Place: 1, Alias: "a"}}}, Players: []proto.PlayerID{"jo"}, Names: []string{"Jo"}}
	f.Add(o.append(nil))
	f.Add([]byte{0x27, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseDecided(b)
		if err != nil {
			return
		}
		again, err := parseDecided(o.append(nil))
		if err != nil || len(again.Players) != len(o.Players) || len(o.Players) != len(o.Results) {
			t.Fatalf("%x parses as %+v and again as %+v, %v", b, o, again, err)
		}
	})
}
