package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// hearing is the way back to a leader that keeps what it is told.
type hearing struct{ refused []replication.Refusal }

func (b *hearing) Ready(int)                    {}
func (b *hearing) Took(proto.Epoch)             {}
func (b *hearing) Refuse(r replication.Refusal) { b.refused = append(b.refused, r) }

// frames gives a room's state after so many ticks.
func frames(t *testing.T, ticks int) (tick proto.Tick, public, secret []byte) {
	def := counters("count")
	sim, err := game.New(&def, nil, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range ticks {
		if err := sim.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return sim.Tick(), sim.Store().AppendKeyframe(nil), sim.Store().AppendSecretKeyframe(nil)
}

// copyOf opens a copy of room r, led by l in its first epoch.
func (s *server) copyOf(t *testing.T, back replication.Back) replication.Copy {
	t.Helper()
	c, err := s.Follow("l", replication.Open{Room: "r", Game: "count", Schema: s.games["count"].schema, Epoch: proto.Epoch{Counter: 1, Server: "l"}, Boot: 1}, back)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Keyframe(frames(t, 100)); err != nil {
		t.Fatal(err)
	}
	return c
}

// serve runs the registry for as long as f.
func (s *server) serve(f func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	f()
	cancel()
	wg.Wait()
}

// A copy that its leader's successor does not count on is dropped at once, and never led from.
func TestUncountedCopyIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := proto.Epoch{Counter: 2, Server: "m"}
		s := newServer(t, "s", func(_ context.Context, server string, _ proto.RoomID) (replication.Answer, error) {
			if server == "m" {
				return replication.Answer{Holding: replication.Leading, Epoch: later, Leader: "m"}, nil
			}
			return replication.Answer{}, nil
		}, "l", "m")
		s.serve(func() {
			s.copyOf(t, &hearing{}).Lost(errors.New("broke"))
			time.Sleep(time.Second)
			if got := s.Holding("x", "r"); got.Holding == replication.Following {
				t.Errorf("the copy is still there: %+v", got)
			}
		})
	})
}

// Who takes over while the stream goes on says so to the leader, and refuses what comes on it with its epoch.
func TestTakeoverOfALivingStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			return replication.Answer{}, replication.ErrGone
		}
		s := newServer(t, "s", gone, "l")
		s.serve(func() {
			back := &hearing{}
			c := s.copyOf(t, back)
			s.Holding("x", "r")
			time.Sleep(time.Second)
			s.mu.Lock() // it is told under it
			if len(back.refused) != 1 || back.refused[0].Code != replication.RefuseEpoch || back.refused[0].Epoch != (proto.Epoch{Counter: 2, Server: "s"}) {
				t.Errorf("the leader hears %+v", back.refused)
			}
			s.mu.Unlock()
			var r *replication.Refusal
			if err := c.Keyframe(frames(t, 101)); !errors.As(err, &r) || r.Code != replication.RefuseEpoch || r.Leader != "s" {
				t.Errorf("a later keyframe is refused with %v", err)
			}
		})
	})
}

// A room whose home has died is not sent back there while gossip has yet to notice.
func TestNoMoveToTheLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "s", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			return replication.Answer{}, replication.ErrGone
		}, "l")
		s.serve(func() {
			id := homed(t, []string{"l", "s"}, "l")
			time.Sleep(settleTime)
			c, err := s.Follow("l", replication.Open{Room: id, Game: "count", Schema: s.games["count"].schema, Epoch: proto.Epoch{Counter: 1, Server: "l"}, Boot: 1}, &hearing{})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Keyframe(frames(t, 100)); err != nil {
				t.Fatal(err)
			}
			c.Lost(errors.New("broke"))
			time.Sleep(settleTime / 2)
			s.mu.Lock()
			defer s.mu.Unlock()
			e := s.rooms[id]
			if e.role() != leading {
				t.Fatalf("it is %v here", e.role())
			}
			if e.leading.move != nil {
				t.Errorf("it is to go to %s", e.leading.move.to)
			}
		})
	})
}

// A server that was restarted does not put a new room over the copy of its old one: that goes on.
func TestRestartedLeaderGivesWay(t *testing.T) {
	s := newServer(t, "s", nobody, "l")
	s.copyOf(t, &hearing{})
	_, err := s.Follow("l", replication.Open{Room: "r", Game: "count", Schema: s.games["count"].schema, Epoch: proto.Epoch{Counter: 1, Server: "l"}, Boot: 2}, &hearing{})
	var r *replication.Refusal
	if !errors.As(err, &r) || r.Code != replication.RefuseEpoch || r.Epoch != (proto.Epoch{Counter: 2, Server: "s"}) {
		t.Errorf("it is told %v", err)
	}
	if s.pool.count() != 1 || s.pool.started[0].Sim.Tick() != 100 {
		t.Errorf("%d rooms go on", s.pool.count())
	}
}

// What another server says of where the room went, or does not say, keeps a copy from going on.
func TestInheritHearsAll(t *testing.T) {
	first, second := proto.Epoch{Counter: 1, Server: "l"}, proto.Epoch{Counter: 2, Server: "m"}
	c := copied{self: "s", room: "r", leader: "l", epoch: first, tick: 5, quorum: true}
	gone := reply{server: "l", err: replication.ErrGone}
	for name, is := range map[string]struct {
		want    fate
		replies []reply
	}{
		"another is silent":          {silence, []reply{gone, {server: "m", err: replication.ErrTimeout}}},
		"silent for long":            {heir, []reply{gone, {server: "m", err: replication.ErrTimeout, mute: true}}},
		"of another version":         {silence, []reply{gone, {server: "m", err: fmt.Errorf("claim: %w", replication.ErrRefused)}}},
		"it went on elsewhere":       {outdated, []reply{{server: "l", answer: replication.Answer{Holding: replication.Left, Epoch: second, Leader: "m"}}}},
		"it has ended":               {outdated, []reply{{server: "l", answer: replication.Answer{Holding: replication.Left, Epoch: first}}}},
		"the one before it has left": {heir, []reply{gone, {server: "k", answer: replication.Answer{Holding: replication.Left, Epoch: first, Leader: "l"}}}},
	} {
		if got, _ := inherit(c, is.replies); got != is.want {
			t.Errorf("%s: %v, want %v", name, got, is.want)
		}
	}
	l := newServer(t, "l", nobody, "s", "m")
	l.mu.Lock()
	l.leave("r", "m", second)
	l.mu.Unlock()
	if got := l.Holding("s", "r"); got != (replication.Answer{Holding: replication.Left, Epoch: second, Leader: "m"}) {
		t.Errorf("the old leader answers %+v", got)
	}
}

// feeds is links that keep what hears of each feed. Server s can be reached once.
type feeds struct {
	claims
	mu     sync.Mutex
	events map[string]replication.FeedEvents
}

func (l *feeds) Follow(server, _ string, _ replication.Open, ev replication.FeedEvents) Feed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.events[server] != nil && server == "s" { // after the first it cannot be reached
		go ev.Lost(replication.ErrTimeout)
	}
	l.events[server] = ev
	return sink{}
}

func (l *feeds) of(server string) replication.FeedEvents {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[server]
}

// A standby that refuses the link is one no more. One that is silent is waited for until its copy has expired, wanted or
// not; one that is not wanted, until it says that it has none.
func TestStandbysAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "l", nobody, "s", "x")
		links := &feeds{claims: nobody, events: map[string]replication.FeedEvents{}}
		s.links = links
		has := func(server string) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, e := range s.rooms {
				return e.leading.feed(server) != nil
			}
			return false
		}
		s.serve(func() {
			if err := s.enter(t.Context(), spec(homed(t, []string{"l", "s", "x"}, "l", "s"))); err != nil {
				t.Fatal(err)
			}
			links.of("s").Acked(1)
			links.of("s").Lost(replication.ErrTimeout)
			time.Sleep(detachTime - time.Second)
			if !has("s") {
				t.Error("a silent standby was detached too soon")
			}
			time.Sleep(2 * time.Second)
			if has("s") || !has("x") {
				t.Error("a standby that cannot be reached is not replaced")
			}
			links.of("x").Lost(replication.ErrRefused)
			time.Sleep(time.Second)
			if has("x") {
				t.Error("a standby that refuses the link is waited for")
			}
		})
	})
}

// The socket of a process that was killed may take one more connection and reset it: the copy asks again at once, and does
// not wait as if the leader were silent.
func TestResetIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		s := newServer(t, "s", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			if asked++; asked == 1 {
				return replication.Answer{}, replication.ErrBroken
			}
			return replication.Answer{}, replication.ErrGone
		}, "l")
		s.serve(func() {
			s.copyOf(t, &hearing{}).Lost(errors.New("reset"))
			time.Sleep(2 * resetPause)
			if got := s.Holding("x", "r"); got.Holding != replication.Leading || asked != 2 {
				t.Errorf("after %v and %d questions: %+v", 2*resetPause, asked, got)
			}
		})
	})
}

// Inputs that come with a handoff are kept: the bytes that they came in are the link's, and used again before the first tick.
func TestHandedInputsAreKept(t *testing.T) {
	s := newServer(t, "s", nobody, "l")
	c := s.copyOf(t, &hearing{})
	def := counters("count")
	sim, err := game.New(&def, nil, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 101 {
		if err := sim.Step(); err != nil {
			t.Fatal(err)
		}
	}
	buffer := []byte{7, 8}
	c.Final(replication.FinalTick{Tick: 101, Public: sim.Store().AppendDelta(nil), Secret: sim.Store().AppendSecretDelta(nil),
		Epoch: proto.Epoch{Counter: 2, Server: "s"}, Pending: []replication.SeatInput{{Seat: 1, Input: proto.Input{First: 1, Count: 1, Samples: buffer}}}})
	clear(buffer)
	if got := s.pool.started[0].Pending; len(got) != 1 || got[0].Seat != 1 || !bytes.Equal(got[0].Input.Samples, []byte{7, 8}) {
		t.Errorf("the room begins with the inputs %+v", got)
	}
}

// Rooms that a server leads do not count for the limit of those that it stands by for.
func TestLedRoomsAreNoCopies(t *testing.T) {
	s := newServer(t, "a", nobody, "l")
	open := func(id proto.RoomID) error {
		_, err := s.Follow("l", replication.Open{Room: id, Game: "count", Schema: s.games["count"].schema,
			Epoch: proto.Epoch{Counter: 1, Server: "l"}, Boot: 1}, &hearing{})
		return err
	}
	const limit = 20
	s.maxReplicas = limit
	for i := range 2 * limit {
		id := proto.RoomID(fmt.Sprint("led-", i))
		s.rooms[id] = &entry{id: id, game: "count", leading: &leader{}}
	}
	if err := open("copied"); err != nil {
		t.Fatalf("a server that leads %d rooms does not stand by for one: %v", 2*limit, err)
	}
	for i := range limit - 1 {
		if err := open(proto.RoomID(fmt.Sprint("copied-", i))); err != nil {
			t.Fatalf("copy %d: %v", i+2, err)
		}
	}
	var refusal *replication.Refusal
	if err := open("one-too-many"); !errors.As(err, &refusal) || refusal.Code != replication.RefuseBusy {
		t.Errorf("replica %d: got %v, want RefuseBusy", limit+1, err)
	}
	for id, e := range s.rooms {
		if e.role() == leading {
			delete(s.rooms, id) // without a room it cannot be looked after
		}
	}
	s.look(time.Now())
	if replicas, refused := testutil.ToFloat64(s.metrics.Replicas), testutil.ToFloat64(s.metrics.ReplicasRefused); replicas != limit || refused != 1 {
		t.Errorf("the metrics say %v replicas and %v refused, want %d and 1", replicas, refused, limit)
	}
}
