package registry

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// leader is another server's room, which it replicates to a server under test.
type leader struct {
	s     *server
	name  string
	epoch proto.Epoch
	sim   *game.Simulation
	open  replication.Open
	back  *testBack
	to    replication.Replica
	err   error // of Offer
}

// newLeader makes a room of d that server l leads.
func (s *server) newLeader(id proto.RoomID, d game.Definition) *leader {
	s.t.Helper()
	sim, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 9})
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := new(Registry).host(d)
	if err != nil {
		s.t.Fatal(err)
	}
	l := &leader{s: s, name: "l", sim: sim, epoch: proto.Epoch{Instance: 9, Counter: 1, Server: "l"}, back: &testBack{}}
	l.open = replication.Open{Room: id, Game: d.Name, Schema: h.schema, Epoch: l.epoch, Process: boot}
	l.step()
	return l
}

// follows is newLeader with a replica that has the room.
func (s *server) follows(id proto.RoomID) *leader {
	s.t.Helper()
	l := s.newLeader(id, counters("count"))
	l.offer()
	if l.err != nil {
		s.t.Fatal(l.err)
	}
	if err := l.keyframe(); err != nil {
		s.t.Fatal(err)
	}
	return l
}

func (l *leader) offer() {
	l.back = &testBack{}
	l.to, l.err = l.s.Offer(l.name, l.open, l.back)
}

func (l *leader) step() {
	if err := l.sim.Step(); err != nil {
		l.s.t.Fatal(err)
	}
}

// keyframe gives the standby the room, and says that it counts on it.
func (l *leader) keyframe() error {
	err := l.to.Keyframe(l.sim.Tick(), l.sim.Store().AppendKeyframe(nil), l.sim.Store().AppendSecretKeyframe(nil))
	if err == nil {
		l.to.Updated(l.epoch, true, nil)
	}
	return err
}

func (l *leader) tick() error {
	l.step()
	return l.to.Tick(l.sim.Tick(), l.sim.Store().AppendDelta(nil), l.sim.Store().AppendSecretDelta(nil))
}

// final hands the room over.
func (l *leader) final(stay bool, others ...string) {
	l.step()
	l.to.Final(replication.FinalTick{Tick: l.sim.Tick(), Public: l.sim.Store().AppendDelta(nil), Secret: l.sim.Store().AppendSecretDelta(nil),
		Epoch: l.epoch.Next("a"), Due: 50 * time.Millisecond, Stay: stay, Others: others})
}

// leads makes server l say that it leads.
func (l *leader) leads() {
	l.s.links.set(l.name, says(ownership.Answer{Holding: ownership.Leading, Leader: l.name, Epoch: l.epoch, Counted: true}))
}

// dies makes server l be gone for sure.
func (l *leader) dies() {
	l.s.links.set(l.name, fails(replication.ErrGone))
	l.s.members.Lose(membership.ServerName(l.name), membership.Exited)
	l.to.Lost(replication.ErrBroken)
}

func TestReplica(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		for range 5 {
			if err := l.tick(); err != nil {
				t.Fatal(err)
			}
		}
		want := ownership.Answer{Process: s.machine.Self, Holding: ownership.Standby, Epoch: l.epoch, Leader: "l", Tick: l.sim.Tick(), Age: s.clock.now()}
		if got := s.answers("r"); got != want {
			t.Errorf("answers %+v, want %+v", got, want)
		}
		if c := s.Counts(); c.Replicas != 1 || c.Rooms != 0 {
			t.Errorf("counts %+v", c)
		}
		if all := s.All(); len(all) != 1 || all[0].Leads || all[0].Leader != "l" || all[0].Tick != l.sim.Tick() || all[0].Game != "count" {
			t.Errorf("lists %+v", all)
		}
		l.to.Stop("not needed")
		if c := s.Counts(); c.Replicas != 0 || len(s.All()) != 0 {
			t.Errorf("counts %+v after the stop", c)
		}
		s.pass(time.Hour)
		if n := s.entries(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

// A tick that cannot be applied ends the replica, and the leader is told.
func TestBadFrames(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		for name, f := range map[string]func(l *leader) error{
			"keyframe":            func(l *leader) error { return l.to.Keyframe(l.sim.Tick(), []byte("x"), nil) },
			"tick":                func(l *leader) error { return l.to.Tick(l.sim.Tick()+1, []byte{1, 2, 3}, nil) },
			"tick of another one": func(l *leader) error { return l.to.Tick(l.sim.Tick()+3, l.sim.Store().AppendDelta(nil), nil) },
		} {
			l := s.follows(proto.RoomID(name[:4]))
			var r *ownership.Rejection
			if err := f(l); !errors.As(err, &r) {
				t.Errorf("%s: %v", name, err)
			}
			if got := s.answers(l.open.Room); got.Holding == ownership.Standby {
				t.Errorf("%s: the replica is still there: %+v", name, got)
			}
		}
	})
}

// A stream that another one has replaced cannot write, end or hand over the replica.
func TestReplacedStreamIsMute(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		old := s.follows("r")
		replaced := *old
		old.offer()
		if err := old.keyframe(); err != nil {
			t.Fatal(err)
		}
		if n := len(replaced.back.rejected); n != 1 {
			t.Errorf("the old stream got %d rejections", n)
		}
		tick := s.answers("r").Tick
		if err := replaced.to.Tick(tick+1, old.sim.Store().AppendDelta(nil), nil); err == nil {
			t.Error("the old stream writes")
		}
		replaced.to.Updated(proto.Epoch{Instance: 9, Counter: 5, Server: "l"}, true, nil)
		replaced.to.Handed("z", proto.Epoch{Instance: 9, Counter: 5, Server: "z"})
		replaced.to.Lost(replication.ErrBroken)
		replaced.to.Final(replication.FinalTick{Tick: tick + 1, Epoch: proto.Epoch{Instance: 9, Counter: 5, Server: "a"}})
		replaced.to.Stop("")
		s.pass(100 * time.Millisecond)
		if got := s.answers("r"); got.Holding != ownership.Standby || got.Epoch != old.epoch || got.Tick != tick {
			t.Errorf("answers %+v", got)
		}
		if err := old.tick(); err != nil {
			t.Errorf("the new stream: %v", err)
		}
	})
}

func TestReplicaLimit(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		s.follows("r1")
		l := s.follows("r2")
		third := s.newLeader("r3", counters("count"))
		third.offer()
		var r *ownership.Rejection
		if !errors.As(third.err, &r) || r.Code != ownership.RejectBusy {
			t.Errorf("got %v", third.err)
		}
		s.creates(homed(t, []string{"a", "l"}, "a")) // rooms that are led do not count
		l.offer()                                    // nor does another stream of a room that is there
		if l.err != nil {
			t.Errorf("another stream: %v", l.err)
		}
		l.to.Stop("")
		third.offer()
		if third.err != nil {
			t.Errorf("after one was stopped: %v", third.err)
		}
		s.Drain(time.Time{})
		fourth := s.newLeader("r4", counters("count"))
		if fourth.offer(); !errors.As(fourth.err, &r) || r.Code != ownership.RejectDraining {
			t.Errorf("a draining server says %v", fourth.err)
		}
	}, maxReplicas(2))
}

// A standby takes over from a leader that is gone, lets those in that wait, and opens streams that continue from its tick.
func TestTakeOver(t *testing.T) {
	serve(t, []string{"l", "b"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		l.leads()
		tick := s.answers("r").Tick
		l.open.Others = []string{"b"}
		l.to.Updated(l.epoch, true, []string{"b"})
		waiting := spec("r")
		waiting.Seen, waiting.Hold = l.epoch, true
		entered := s.entering(waiting)
		l.dies()
		if err := <-entered; err != nil {
			t.Errorf("the client that waited got %v", err)
		}
		s.pass(time.Second)
		if got := s.answers("r"); got.Holding != ownership.Leading || got.Epoch != l.epoch.Next("a") {
			t.Fatalf("answers %+v", got)
		}
		b := s.links.last("b", "r")
		if b == nil || !b.open.HasBase || b.open.Base != tick || b.open.Process != 1 {
			t.Errorf("opened %+v", b)
		}
		if s.happened(EventFailover) != 1 || s.Counts().Replicas != 0 || s.Running() != 1 {
			t.Errorf("%d events, %+v", s.happened(EventFailover), s.Counts())
		}
		if i, ok := s.Find("r"); !ok || i.Game != "count" || i.Tick <= tick {
			t.Errorf("the room is %+v", i)
		}
	})
}

// A client that waits for the room to move here is counted for the leader, and goes to it when it waits no longer.
func TestWaitingAtStandby(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		l.leads()
		hold := spec("r")
		hold.Hold = true
		first, second := s.entering(hold), s.entering(hold)
		wantMoved(t, s.enter(spec("r")), "r", "l")
		wantMoved(t, <-first, "r", "l")
		wantMoved(t, <-second, "r", "l")
		if got := l.back.heard(); len(got) < 3 || got[0] != 1 || got[1] != 2 || got[len(got)-1] != 0 {
			t.Errorf("the leader heard %v", got)
		}
		other := hold
		other.Game = "other"
		wantRefusal(t, s.enter(other), proto.CloseGame)
		again := s.entering(hold)
		l.offer() // a stream that is new tells who waits
		if got := l.back.heard(); len(got) != 1 || got[0] != 1 {
			t.Errorf("the leader heard %v on the new stream", got)
		}
		<-again
	})
}

// Those who wait for a room to move here show that they have a seat in it: their number decides when the leader hands it off, and
// they take places to wait.
func TestWaitingPlayersHaveSeats(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		l.leads()
		if _, _, err := l.sim.Join(game.Entrant{ID: "ann", Secret: game.Secret{1}}); err != nil {
			t.Fatal(err)
		}
		if err := l.tick(); err != nil {
			t.Fatal(err)
		}
		hold := spec("r")
		hold.Hold = true
		forged := l.sim.Token(0)
		forged[len(forged)-1] ^= 1
		for _, token := range [][]byte{nil, forged} {
			wantRefusal(t, s.enterAs(hold, room.Join{Player: "eve", Resume: token, Waits: true}), proto.CloseOverloaded)
		}
		if got := l.back.heard(); len(got) != 0 {
			t.Errorf("the leader heard %v of clients without a seat", got)
		}
		waits := make(chan error, 1)
		go func() { waits <- s.enterAs(hold, room.Join{Resume: l.sim.Token(0), Waits: true}) }()
		synctest.Wait()
		if got := l.back.heard(); len(got) != 1 || got[0] != 1 {
			t.Errorf("the leader heard %v of the player", got)
		}
		<-waits
	})
}

// A room that is handed to this server goes on when its next tick is due.
func TestHandedHere(t *testing.T) {
	for _, stay := range []bool{false, true} {
		serve(t, []string{"l"}, func(t *testing.T, s *server) {
			s.links.prompt = true
			id := homed(t, []string{"a", "l"}, "l")
			l := s.follows(id)
			hold := spec(id)
			hold.Hold = true
			entered := s.entering(hold)
			l.final(stay, "l")
			synctest.Wait()
			if err := <-entered; err != nil {
				t.Fatal(err)
			}
			if n := len(l.back.took); n != 1 || l.back.took[0] != l.epoch.Next("a") {
				t.Fatalf("the leader heard %v", l.back.took)
			}
			if got := s.tick(id); got != l.sim.Tick() {
				t.Errorf("it is at tick %d before the next is due, want %d", got, l.sim.Tick())
			}
			s.pass(50 * time.Millisecond)
			if got := s.tick(id); got != l.sim.Tick()+1 {
				t.Errorf("it is at tick %d, want %d", got, l.sim.Tick()+1)
			}
			s.pass(10 * time.Second)
			moves := slices.ContainsFunc(s.links.to("l", id), func(b *testStream) bool { return len(b.finals) > 0 })
			if moves == stay {
				t.Errorf("handed over on request: %v; it goes home: %v", stay, moves)
			}
		})
	}
}

// A final tick that cannot be applied is rejected, and the leader takes the room back.
func TestFinalTickRejected(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		l.leads()
		l.to.Final(replication.FinalTick{Tick: l.sim.Tick() + 1, Public: []byte{1}, Epoch: l.epoch.Next("a")})
		synctest.Wait()
		if n := len(l.back.rejected); n != 1 || len(l.back.took) != 0 {
			t.Errorf("%d rejections, took %v", n, l.back.took)
		}
		if got := s.answers("r"); got.Holding == ownership.Leading || got.Holding == ownership.Standby {
			t.Errorf("answers %+v", got)
		}
		if s.logs.count("cannot be led yet") != 1 {
			t.Error("nothing is logged")
		}
	})
}

// A final tick that was withdrawn leaves nothing behind that spoils a later takeover.
func TestWithdrawnFinalTickIsForgotten(t *testing.T) {
	serve(t, []string{"l", "b"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		l.leads()
		s.Query("l", ownership.Query{Room: "r", Withdrawn: l.epoch.Next("a")})
		l.to.Final(replication.FinalTick{Tick: l.sim.Tick() + 1, Public: []byte{1}, Epoch: l.epoch.Next("a")})
		if n := len(l.back.rejected); n != 1 {
			t.Fatalf("%d rejections", n)
		}
		l.offer()
		if l.err != nil {
			t.Fatal(l.err)
		}
		if err := l.keyframe(); err != nil {
			t.Fatal(err)
		}
		l.dies()
		s.pass(2 * time.Second)
		if !s.leads("r") {
			t.Errorf("the room is lost: answers %+v", s.answers("r"))
		}
	})
}

// The replica of a room that was handed to another server stays until that one opens its stream.
func TestHandedElsewhere(t *testing.T) {
	serve(t, []string{"l", "b"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		next := l.epoch.Next("b")
		l.to.Handed("b", next)
		if got := s.answers("r"); got.Holding != ownership.Standby || got.Leader != "b" || got.Epoch != next {
			t.Errorf("answers %+v", got)
		}
		l.name, l.epoch, l.open.Epoch, l.open.HasBase, l.open.Base = "b", next, next, true, l.sim.Tick()
		l.offer()
		if l.err != nil || l.back.keyframes != 0 {
			t.Errorf("offer: %v, %d keyframes", l.err, l.back.keyframes)
		}
		if err := l.tick(); err != nil {
			t.Error(err)
		}
		l.open.Base = 3 // that it does not have
		l.offer()
		if l.err != nil || l.back.keyframes != 1 {
			t.Errorf("offer: %v, %d keyframes", l.err, l.back.keyframes)
		}
	})
}

// counter2 is the next version of counter, whose Migrate waits for gate.
type counter2 struct {
	counter
	Twice game.Value[struct {
		N uint32 `state:""`
	}] `state:"hidden"`
	gate <-chan error
}

func (c *counter2) Migrate(*game.Room, uint64, *state.Store) error { return <-c.gate }

func counters2(gate <-chan error, migrates ...uint64) game.Definition {
	return game.Definition{Name: "count", Migrates: migrates, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &counter2{gate: gate}, game.Settings{TickRate: 20, Seats: 2}, nil
	}}
}

// serveNext is serve for a server of the next version of the game, whose migrations wait for the gate.
func serveNext(t *testing.T, f func(t *testing.T, s *server, gate chan error)) {
	old := counters("count")
	h, err := new(Registry).host(old)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan error)
		s := newServer(t, []string{"l", "b"}, games(counters2(gate, h.fingerprint), counters("other")))
		s.run()
		defer s.close()
		s.pass(homeSettle)
		f(t, s, gate)
	})
}

// A game whose New is slow holds up the link on which its state comes, which is warned of.
func TestSlowGameIsWarnedOf(t *testing.T) {
	for took, warnings := range map[time.Duration]int{slowBuild - 1: 0, slowBuild: 1} {
		serve(t, []string{"l"}, func(t *testing.T, s *server) {
			d := s.games["count"].Definition
			build := d.New
			d.New = func(options json.RawMessage) (game.Game, game.Settings, error) {
				time.Sleep(took)
				return build(options)
			}
			s.follows("r")
			if n := s.logs.count("make the game's New quicker"); n != warnings {
				t.Errorf("New takes %v: %d warnings, want %d", took, n, warnings)
			}
		})
	}
}

// A replica of an older version counts once its migration was tried, on a goroutine of its own.
func TestOlderVersionIsChecked(t *testing.T) {
	for _, result := range []error{nil, errors.New("cannot")} {
		serveNext(t, func(t *testing.T, s *server, gate chan error) {
			l := s.newLeader("r", counters("count"))
			l.offer()
			if err := l.keyframe(); err != nil {
				t.Fatal(err)
			}
			for range 3 { // meanwhile the stream goes on
				if err := l.tick(); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.answers("r"); got.Holding == ownership.Standby {
				t.Errorf("before the check: %+v", got)
			}
			gate <- result
			synctest.Wait()
			if got := s.answers("r"); (got.Holding == ownership.Standby) != (result == nil) {
				t.Errorf("after the check: %+v", got)
			}
			if result != nil && (len(l.back.rejected) != 1 || l.back.rejected[0].Code != ownership.RejectGame) {
				t.Errorf("the leader heard %+v", l.back.rejected)
			}
		})
	}
}

// older is follows with a leader of the older version.
func (s *server) older(id proto.RoomID, gate chan error) *leader {
	l := s.newLeader(id, counters("count"))
	l.offer()
	if err := l.keyframe(); err != nil {
		s.t.Fatal(err)
	}
	gate <- nil
	synctest.Wait()
	return l
}

// While a game migrates a room, which may take long, nothing waits for it: no question about that room, no other room, and no
// tick of a stream that the room's leader, alive after all, opens meanwhile. What was being made then is of no use.
func TestSlowMigrationBlocksNothing(t *testing.T) {
	serveNext(t, func(t *testing.T, s *server, gate chan error) {
		l := s.older("r", gate)
		l.dies()
		s.pass(time.Second)
		if got := s.answers("r"); got.Holding != ownership.Leading || !got.Suspended {
			t.Fatalf("it does not migrate: %+v", got)
		}
		s.newLeader("other", counters("other")).offer()
		l.epoch.Counter += 10 // it leads above what this server was to lead in
		l.open.Epoch, l.open.HasBase, l.open.Base = l.epoch, true, l.sim.Tick()
		s.members.Set(members("l", "b")...)
		s.pass(time.Millisecond)
		l.leads()
		if l.offer(); l.err != nil {
			t.Fatal(l.err)
		}
		if err := l.tick(); err != nil {
			t.Fatal(err)
		}
		if l.back.keyframes == 0 {
			t.Error("a tick was applied to the state that is being read")
		}
		if err := l.keyframe(); err != nil {
			t.Fatal(err)
		}
		if err := l.tick(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for range 2 { // the migration, and the check of the new stream's first keyframe
			select {
			case gate <- nil:
			default:
			}
			synctest.Wait()
		}
		got := s.answers("r")
		if got.Holding != ownership.Standby || got.Tick != l.sim.Tick() {
			t.Errorf("answers %+v, want a standby at tick %d", got, l.sim.Tick())
		}
		if s.Running() != 0 {
			t.Error("the room that was made too late is led")
		}
	})
}

// A simulation that was made for a takeover which came to nothing is not led by the next one.
func TestStalePreparation(t *testing.T) {
	serveNext(t, func(t *testing.T, s *server, gate chan error) {
		l := s.older("r", gate)
		l.dies()
		s.pass(time.Second) // it migrates
		l.epoch.Counter += 10
		l.open.Epoch = l.epoch
		s.members.Set(members("l", "b")...)
		s.pass(time.Millisecond)
		l.leads()
		l.offer()
		for range 100 {
			l.step()
		}
		if err := l.keyframe(); err != nil {
			t.Fatal(err)
		}
		e := s.find("r")
		e.mu.Lock()
		stocked := e.replica != nil
		e.mu.Unlock()
		if !stocked {
			t.Fatal("the new stream has ended")
		}
		close(gate) // the old migration, the check, and the migration of the next takeover
		synctest.Wait()
		l.dies()
		s.pass(2 * time.Second)
		if i, ok := s.Find("r"); !ok || i.Tick < l.sim.Tick() {
			t.Errorf("it goes on at tick %d (led: %v), and the leader had %d", i.Tick, ok, l.sim.Tick())
		}
	})
}

// A game that panics while its room is replicated costs that replica only.
func TestPanicInKeyframe(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.newLeader("r", counters("count"))
		l.open.Options = []byte(`{"fail":"panic"}`)
		l.offer()
		var r *ownership.Rejection
		if err := l.keyframe(); !errors.As(err, &r) || r.Code != ownership.RejectGame {
			t.Errorf("got %v", err)
		}
		if s.logs.count("the game failed") != 1 {
			t.Error("nothing is logged")
		}
	})
}

func TestTickDoesNotAllocate(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.follows("r")
		var public, secret []byte
		var err error
		n := testing.AllocsPerRun(100, func() {
			l.step()
			public, secret = l.sim.Store().AppendDelta(public[:0]), l.sim.Store().AppendSecretDelta(secret[:0])
			if e := l.to.Tick(l.sim.Tick(), public, secret); e != nil {
				err = e
			}
		})
		if n != 0 || err != nil {
			t.Errorf("%v allocations a tick, %v", n, err)
		}
	})
}
