package ticket

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestMatchKindOf(t *testing.T) {
	arena := MatchKind("arena", nil)
	for room, want := range map[proto.RoomID]string{
		proto.RoomID(arena) + "x": arena,
		proto.RoomID(arena):       "", // no room, only its beginning
		"q-":                      "",
		"q-abcdefghijk":           "",
		"r-abcdefghij-x":          "",
		"my-room":                 "",
	} {
		if kind, ok := MatchKindOf(room); kind != want || ok != (want != "") {
			t.Errorf("kind of %q is %q, %v; want %q", room, kind, ok, want)
		}
	}
}

// A room of quick match is created only with the game and the options that its id stands for.
func TestCreates(t *testing.T) {
	options := []byte(`{"seats":4}`)
	for _, tt := range []struct {
		claims Claims
		want   bool
	}{
		{Claims{Room: "lobby", Game: "arena", Options: options}, true},
		{Claims{Room: proto.RoomID(MatchKind("arena", options)) + "x", Game: "arena", Options: options}, true},
		{Claims{Room: proto.RoomID(MatchKind("arena", options)) + "x", Game: "arena"}, false},
		{Claims{Room: proto.RoomID(MatchKind("arena", nil)) + "x", Game: "arena", Options: options}, false},
		{Claims{Room: proto.RoomID(MatchKind("arena", nil)) + "x", Game: "chess"}, false},
	} {
		if got := tt.claims.Creates(); got != tt.want {
			t.Errorf("%s with game %s and options %s: %v", tt.claims.Room, tt.claims.Game, tt.claims.Options, got)
		}
	}
}
