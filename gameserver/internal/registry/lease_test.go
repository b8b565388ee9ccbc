package registry

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

// When a room that stood still may go on: no server may be silent, no later epoch may exist, and once the lease is over
// each standby must say that it did not take over.
func TestResume(t *testing.T) {
	first, second, third := proto.Epoch{Counter: 1, Server: "l"}, proto.Epoch{Counter: 2, Server: "a"}, proto.Epoch{Counter: 3, Server: "b"}
	says := func(server string, h replication.Holding, e proto.Epoch, leader string) reply {
		return reply{server: server, answer: replication.Answer{Holding: h, Epoch: e, Leader: leader}}
	}
	gone, mute := reply{server: "a", err: replication.ErrGone}, reply{server: "a", err: replication.ErrTimeout}
	for name, c := range map[string]struct {
		replies       []reply
		forgotten     bool // membership has lost a
		want, expired resumption
		missed        bool
	}{
		"its standby follows still":           {[]reply{says("a", replication.Following, first, "l")}, false, goOn, goOn, false},
		"its standby has dropped its copy":    {[]reply{says("a", replication.Left, first, "l")}, false, goOn, goOn, false},
		"its standby knows nothing":           {[]reply{says("a", replication.None, proto.Epoch{}, "")}, false, goOn, stale, true},
		"its standby is gone":                 {[]reply{gone}, false, goOn, stale, true},
		"its standby is silent":               {[]reply{mute}, false, wait, wait, false},
		"its standby is forgotten":            {nil, true, goOn, stale, true},
		"another is silent":                   {[]reply{says("a", replication.Following, first, "l"), {server: "x", err: replication.ErrTimeout}}, false, wait, wait, false},
		"its standby leads":                   {[]reply{says("a", replication.Leading, second, "a")}, false, giveUp, giveUp, false},
		"another follows the next":            {[]reply{gone, says("b", replication.Following, second, "a")}, false, giveUp, giveUp, false},
		"another had the next and has died":   {[]reply{says("a", replication.Left, third, "b"), {server: "b", err: replication.ErrGone}}, false, stale, stale, false},
		"it has ended at its standby":         {[]reply{says("a", replication.Left, second, "")}, false, stale, stale, false},
		"the next's server may yet tell":      {[]reply{says("a", replication.Left, third, "b"), {server: "b", err: replication.ErrTimeout}}, false, wait, wait, false},
		"it follows one of an earlier epoch":  {[]reply{says("a", replication.Following, proto.Epoch{Counter: 1, Server: "k"}, "k")}, false, goOn, stale, true},
		"nobody else, and nobody is expected": {nil, false, wait, wait, false},
	} {
		for _, expired := range []bool{false, true} {
			s := stood{self: "l", epoch: first, standbys: []string{"a"}, lost: func(string) bool { return c.forgotten }, quorum: true, expired: expired}
			want := c.want
			if expired {
				want = c.expired
			}
			got, _, missed := resume(s, c.replies)
			if got != want || got == goOn && missed != c.missed {
				t.Errorf("%s, expired %v: %v, missed %v; want %v, %v", name, expired, got, missed, want, c.missed)
			}
		}
	}
	alone := stood{self: "l", epoch: first, quorum: true, expired: true}
	if got, _, _ := resume(alone, nil); got != goOn {
		t.Errorf("a room without standbys: %v", got)
	}
	alone.quorum = false
	if got, _, _ := resume(alone, nil); got != wait {
		t.Errorf("a room without standbys, in a minority: %v", got)
	}
}

// A room that stood still for longer than its lease, and whose standby is gone by then, is given up: the standby may have
// told an outcome meanwhile.
func TestStaleRoomIsLost(t *testing.T) {
	for _, c := range []struct {
		gap  time.Duration
		lost bool
	}{{leaseTime - time.Second, false}, {leaseTime + time.Second, true}} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, "l", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
				return replication.Answer{}, replication.ErrGone
			}, "s")
			rooms, err := room.NewPool(room.DefaultConfig()) // that is not running: no room ticks
			if err != nil {
				t.Fatal(err)
			}
			s.Registry.pool = rooms
			s.serve(func() {
				id := homed(t, []string{"l", "s"}, "l", "s")
				if err := s.enter(t.Context(), spec(id)); err != nil {
					t.Fatal(err)
				}
				s.Stalled(c.gap)
				time.Sleep(time.Second)
				_, counts := s.Events()
				if leads := s.Holding("x", id).Holding == replication.Leading; leads == c.lost || counts[EventLost] > 0 != c.lost {
					t.Errorf("after %v it leads: %v, events %v", c.gap, leads, counts)
				}
			})
		})
	}
}

// Who takes over from a leader that is silent tells no outcome before that and the other standbys have heard of it, or
// their leases are over.
func TestPredecessorIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "s", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			return replication.Answer{}, replication.ErrTimeout
		}, "l")
		links := &feeds{claims: nobody, events: map[string]replication.FeedEvents{}}
		s.links = links
		s.serve(func() {
			c := s.copyOf(t, &hearing{}).(*follower)
			if err := s.takeOver(c, room.Spec{Epoch: proto.Epoch{Counter: 2, Server: "s"}}, []string{"x"}, false); err != nil {
				t.Fatal(err)
			}
			waits := func(server string) bool { // for what it may have had before; it may be chosen as a standby since
				s.mu.Lock()
				defer s.mu.Unlock()
				f := s.rooms["r"].leading.feed(server)
				return f != nil && slices.Contains(s.pool.started[0].Standbys, f.id)
			}
			if got := s.pool.started[0].Standbys; len(got) != 2 || !waits("l") || !waits("x") {
				t.Errorf("outcomes wait for %v", got)
			}
			links.of("l").Lost(replication.ErrTimeout)
			links.of("x").Lost(replication.ErrTimeout)
			time.Sleep(leaseTime + time.Second)
			if !waits("l") || !waits("x") {
				t.Error("their leases are not waited for")
			}
			links.of("l").Refused(replication.Refusal{Code: replication.RefuseStopped})
			if waits("l") || !waits("x") {
				t.Error("one is waited for though it has answered, or not though it has not")
			}
		})
	})
}

// opened is links that keep what streams were opened with, and what the last one was handed.
type opened struct {
	claims
	sink
	opens map[string]replication.Open
	final replication.FinalTick
}

func (l *opened) Follow(server, _ string, o replication.Open, _ replication.FeedEvents) Feed {
	l.opens[server] = o
	return l
}

func (l *opened) QueueFinal(f replication.FinalTick) bool {
	l.final = f
	return true
}

// A standby is told which others may have a copy, when its stream is opened and when it is handed the room.
func TestStandbysKnowOfEachOther(t *testing.T) {
	s := newServer(t, "l", nobody, "s", "x")
	links := &opened{claims: nobody, opens: map[string]replication.Open{}}
	s.links = links
	id := homed(t, []string{"l", "s", "x"}, "l", "s")
	if err := s.enter(t.Context(), spec(id)); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	e := s.rooms[id]
	f := s.attach(e, "x")
	s.mu.Unlock()
	if got := links.opens["x"].Others; len(got) != 1 || got[0] != "s" {
		t.Errorf("x is opened with %v", got)
	}
	if f.QueueFinal(replication.FinalTick{}); len(links.final.Others) != 1 || links.final.Others[0] != "s" {
		t.Errorf("x is handed the room with %v", links.final.Others)
	}
}
