package registry

import (
	"maps"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// A server tells of the rooms that it leads, and of the replicas that it keeps for others, who leads them.
func TestAllRooms(t *testing.T) {
	names := []string{"a", "l"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		led := homed(t, names, "a")
		s.creates(led)
		l := s.follows(homed(t, names, "l"))
		leaders := map[proto.RoomID]string{}
		for _, i := range s.All() {
			if leaders[i.ID] = i.Leader; i.Leads != (i.Leader == "a") {
				t.Errorf("%+v", i)
			}
		}
		if want := (map[proto.RoomID]string{led: "a", l.open.Room: "l"}); !maps.Equal(leaders, want) {
			t.Errorf("leaders are %v, want %v", leaders, want)
		}
		if _, ok := s.Find(l.open.Room); ok {
			t.Error("a replica is found as a room that is led here")
		}
	})
}
