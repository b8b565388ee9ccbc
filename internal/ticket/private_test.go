package ticket

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestPrivateRoom(t *testing.T) {
	// As PROTOCOL.md has it, for backends in other languages.
	if got := PrivateRoom("abcdefgh234567ab"); got != "p-scdcbqgkl2ux64cnmpfc" {
		t.Errorf("the room of the code in PROTOCOL.md is %s", got)
	}
	code := NewCode()
	room := PrivateRoom(code)
	if _, err := proto.ParseRoomID(string(room)); err != nil || !Private(room) || strings.Contains(string(room), code) {
		t.Errorf("code %s gives room %s, %v", code, room, err)
	}
	if PrivateRoom(strings.ToUpper(code)) != room {
		t.Error("the case counts")
	}
	if other := NewCode(); other == code || PrivateRoom(other) == room || CheckCode(other) != nil {
		t.Errorf("two codes: %s and %s", code, other)
	}
	for _, bad := range []string{"", "abcdefgh2345678", "abcdefgh2345678 b", strings.Repeat("a", 65), "abcdefgh2345678é"} {
		if CheckCode(bad) == nil {
			t.Errorf("%q is a code", bad)
		}
	}
	for _, open := range []proto.RoomID{"lobby-7", "q-zubayx5vz2-a", "pp-x", "P-x"} {
		if Private(open) {
			t.Errorf("%s is private", open)
		}
	}
}
