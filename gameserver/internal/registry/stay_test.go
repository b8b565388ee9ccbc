package registry

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// deaf is the way back to a leader that does not listen.
type deaf struct{}

func (deaf) Ready(int)                  {}
func (deaf) Took(proto.Epoch)           {}
func (deaf) Refuse(replication.Refusal) {}

// A room that was handed over on request stays while placement is as it was. One that was handed over for another reason,
// such as a drain that was taken back before gossip told of it, goes home when the view has settled.
func TestOnlyARoomThatWasAskedForStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, stay := range []bool{false, true} {
			s := newServer(t, "a", nobody, "b")
			id := homed(t, []string{"a", "b"}, "b")
			def := counters("count")
			sim, err := game.New(&def, nil, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			step := func() {
				if err := sim.Step(); err != nil {
					t.Fatal(err)
				}
			}
			step()
			c, err := s.Follow("b", replication.Open{Room: id, Game: "count", Schema: s.games["count"].schema, Epoch: proto.Epoch{Counter: 1, Server: "b"}}, deaf{})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Keyframe(sim.Tick(), sim.Store().AppendKeyframe(nil), sim.Store().AppendSecretKeyframe(nil)); err != nil {
				t.Fatal(err)
			}
			step()
			c.Final(replication.FinalTick{Tick: sim.Tick(), Public: sim.Store().AppendDelta(nil), Secret: sim.Store().AppendSecretDelta(nil),
				Epoch: proto.Epoch{Counter: 2, Server: "a"}, Due: time.Millisecond, Stay: stay})
			time.Sleep(settleTime)
			s.mu.Lock()
			e := s.rooms[id]
			if e.role() != leading {
				t.Fatalf("the room is not led here but %v", e.role())
			}
			to, _ := s.destination(e, s.members.View(), time.Now())
			s.mu.Unlock()
			if want := map[bool]string{false: "b", true: ""}[stay]; to != want {
				t.Errorf("handed over on request: %v; the room is to go to %q, want %q", stay, to, want)
			}
		}
	})
}
