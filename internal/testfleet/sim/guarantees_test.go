package sim

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// One test for each guarantee of DESIGN.md. Each breaks on purpose what its guarantee speaks of, and fails when the mechanism
// behind that is switched off. run checks all the other guarantees as well. The cases that once broke a guarantee have files
// of their own.

var plain = options{servers: 3, rooms: 2, players: 3, strict: true}

// period is that of the workload.
const period = time.Second / time.Duration(workloadRate)

func TestNothingHappens(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) { time.Sleep(5 * time.Second) })
	for _, p := range f.players {
		if s := p.client.Stats(); s.Reconnects != 0 || s.Moves != 0 || s.MissedTicks != 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
	}
}

// A planned move loses no tick, no input, no seat, and is over within two tick periods.
func TestG1PlannedMove(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) {
		f.playersAway(25 * time.Millisecond)
		time.Sleep(time.Second)
		f.drain(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
	moved := 0
	for _, p := range f.players {
		s := p.client.Stats()
		if s.MissedTicks != 0 || s.ReplayedTicks != 0 || s.ResentInputs != 0 || s.LostInputs != 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
		if gap := time.Duration(p.gap.Load()); gap >= 2*period {
			t.Errorf("%s has seen nothing for %v", p.id, gap)
		}
		moved += int(s.Moves)
	}
	if moved < plain.players {
		t.Errorf("%d players have moved", moved)
	}
}

// Half of a fleet is drained. If all its servers drain at once, no room moves to one that drains too. If they drain one after
// another, rooms may move twice, and still without a gap.
func TestG1SeveralDrain(t *testing.T) {
	for _, c := range []struct{ apart, latency time.Duration }{
		{0, 5 * time.Millisecond},
		{100 * time.Millisecond, 5 * time.Millisecond},
		{250 * time.Millisecond, 5 * time.Millisecond},
		{250 * time.Millisecond, 150 * time.Millisecond}, // the server ends before the players are ready to move
		{500 * time.Millisecond, 150 * time.Millisecond},
	} {
		t.Run(c.apart.String()+" "+c.latency.String(), func(t *testing.T) {
			f := run(t, 1, options{servers: 6, rooms: 12, players: 2, strict: true}, func(f *fleet) {
				f.playersAway(c.latency)
				time.Sleep(time.Second)
				var drained sync.WaitGroup
				for _, s := range f.servers[3:] {
					drained.Go(func() { f.drain(s) })
					time.Sleep(c.apart)
				}
				drained.Wait()
				time.Sleep(5 * time.Second)
			})
			moved := 0
			for _, p := range f.players {
				s := p.client.Stats()
				if s.MissedTicks != 0 || s.ReplayedTicks != 0 || s.LostInputs != 0 || c.apart == 0 && s.Moves > 1 {
					t.Errorf("%s: %+v", p.id, s)
				}
				if gap := time.Duration(p.gap.Load()); gap >= 2*period {
					t.Errorf("%s has seen nothing for %v", p.id, gap)
				}
				moved += int(s.Moves)
			}
			if moved < 4 {
				t.Errorf("%d players have moved", moved)
			}
		})
	}
}

// The target of a move is drained too, at any time of the move, and leads nothing that would delay its end. The room moves to
// another server, and is never handed to one that has just ended.
func TestG1TargetDrains(t *testing.T) {
	for later := 600 * time.Millisecond; later <= 1200*time.Millisecond; later += 50 * time.Millisecond {
		t.Run(later.String(), func(t *testing.T) { targetDrains(t, later) })
	}
}

func targetDrains(t *testing.T, later time.Duration) {
	f := run(t, 1, options{servers: 6, rooms: 1, players: 3, strict: true}, func(f *fleet) {
		f.playersAway(150 * time.Millisecond) // so that players need a while to prepare
		time.Sleep(3 * time.Second)
		from, to := f.leader("room-1"), f.standby("room-1")
		if len(to.rooms()) > 0 {
			t.Fatalf("%s has rooms to wait for", to.name)
		}
		var drained sync.WaitGroup
		drained.Go(func() { f.drain(from) })
		time.Sleep(later)
		drained.Go(func() { f.drain(to) })
		drained.Wait()
		time.Sleep(5 * time.Second)
	})
	for _, p := range f.players {
		s := p.client.Stats()
		if s.MissedTicks != 0 || s.ReplayedTicks != 0 || s.LostInputs != 0 || p.room == "room-1" && s.Moves == 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
		if gap := time.Duration(p.gap.Load()); gap >= 2*period {
			t.Errorf("%s has seen nothing for %v", p.id, gap)
		}
	}
}

// A killed process loses no room, no seat and no acknowledged input. At most 2 ticks are played again. The standby notices the
// death by itself, before gossip does.
func TestG2KilledProcess(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) {
		f.crash(f.leader("room-1"))
		time.Sleep(5 * time.Second)
	})
	moved := 0
	for _, p := range f.players {
		if n := p.replayed.Load(); n > 2 {
			t.Errorf("%s has seen %d ticks again", p.id, n)
		}
		if gap := time.Duration(p.gap.Load()); gap > 150*time.Millisecond {
			t.Errorf("%s has seen nothing for %v", p.id, gap)
		} else if gap > 0 {
			moved++
		}
	}
	if moved < plain.players {
		t.Errorf("%d players have moved", moved)
	}
}

// One match has one outcome: a leader that is cut off from all other members, for longer than it waits for its standby, decides
// no match that the other part decides too.
func TestG3OneOutcome(t *testing.T) {
	f := run(t, 1, plain, func(f *fleet) {
		s := f.leader("room-1")
		f.net.Partition(addresses(s), append(f.routerIPs(), addresses(f.others(s)...)...))
		time.Sleep(15 * time.Second)
		if n := f.history.ticking("room-1"); n != 1 {
			f.history.violation("%d servers tick room-1 while one is cut off", n)
		}
	})
	failovers := 0
	for _, p := range f.players {
		if p.room == "room-1" && p.gap.Load() > 0 {
			failovers++
		}
	}
	if failovers == 0 {
		t.Error("no player of room-1 changed its server: this test has shown nothing")
	}
}

// An announced outcome is never taken back. A leader that dies while its standby hears nothing of it has announced none of the
// outcomes that it decided meanwhile.
func TestG4AnnouncedOutcomeStays(t *testing.T) {
	decided := 0
	run(t, 1, plain, func(f *fleet) {
		s := f.leader("room-1")
		standby := f.standby("room-1")
		f.net.Cut([]string{s.ip}, []string{standby.ip})
		before := f.history.decided("room-1")
		time.Sleep(1050 * time.Millisecond) // the length of a match, and too short for any member to be dropped
		decided = f.history.decided("room-1") - before
		f.crash(s)
		f.net.Heal()
		time.Sleep(5 * time.Second)
	})
	if decided == 0 {
		t.Error("no match ended while the standby heard nothing: this test has shown nothing")
	}
}

// A slow client, and one that sends garbage, change nothing for the others in their room.
func TestG5SlowClientHarmsNobody(t *testing.T) {
	const loud proto.RoomID = "loud-1" // about 180 KB a second to each client: a socket's buffers are full at once
	f := run(t, 1, options{servers: 1, strict: true}, func(f *fleet) {
		for i := range 3 {
			f.join(loud, i > 0) // the slow one misses outcomes
		}
		slow := f.players[0]
		time.Sleep(time.Second)
		slow.host.Pause()
		f.sendGarbage(loud)
		var before []int64
		for _, p := range f.players {
			before = append(before, p.frames.Load())
		}
		const nap = proto.SlowClientTimeout + 2*time.Second
		time.Sleep(nap)
		for i, p := range f.players[1:] {
			if got, want := p.frames.Load()-before[i+1], int64(nap/period); got < want-1 || got > want+1 {
				f.history.violation("%s has got %d frames beside a slow client, not %d", p.id, got, want)
			}
		}
		slow.host.Resume()
		time.Sleep(5 * time.Second)
	})
	if s := f.players[0].client.Stats(); s.Reconnects == 0 {
		t.Error("the slow client was not disconnected: this test has shown nothing")
	}
	if w := f.players[0].client.Welcome(); w.Seat != 0 || w.Flags&proto.WelcomeResumed == 0 {
		t.Errorf("the slow client is back in seat %d with flags %b", w.Seat, w.Flags)
	}
	for _, p := range f.players[1:] {
		if s := p.client.Stats(); s.Reconnects != 0 || s.MissedTicks != 0 {
			t.Errorf("%s: %+v", p.id, s)
		}
	}
}

// The players of a room that is really lost are told so, and it never starts again in silence.
func TestG6LostRoomSaysSo(t *testing.T) {
	f := run(t, 1, options{servers: 4, rooms: 2, players: 3}, func(f *fleet) {
		s, standby := f.leader("room-1"), f.standby("room-1")
		f.crash(s)
		f.crash(standby)
		time.Sleep(15 * time.Second)
	})
	for _, p := range f.players {
		if p.room == "room-1" && !p.gone.Load() {
			t.Errorf("%s was not told that its room is lost", p.id)
		}
	}
	if slices.ContainsFunc(f.players, func(p *player) bool { return p.room == "room-1" && p.match == 0 }) {
		t.Error("room-1 had no match before it was lost: this test has shown nothing")
	}
}

// playersAway sets the one-way latency between players and servers.
func (f *fleet) playersAway(latency time.Duration) {
	players, servers := playerIPs(f.players), addresses(f.servers...)
	f.net.SetLink(players, servers, simnet.Link{Latency: latency})
	f.net.SetLink(servers, players, simnet.Link{Latency: latency})
}

// sendGarbage lets another player enter room and, after a second, send bytes that are no message. It waits until the player is
// disconnected.
func (f *fleet) sendGarbage(room proto.RoomID) {
	f.t.Helper()
	p := f.newPlayer(room, false)
	f.players = f.players[:len(f.players)-1] // nothing is expected of it later
	p.history = newHistory()
	p.dial = func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := p.host.DialContext(ctx, addr)
		return &garbler{Conn: conn, writes: workloadRate}, err
	}
	if err := p.enterRoom(); err != nil {
		f.t.Fatalf("SEED=%d: %v", f.seed, err)
	}
	p.play()
	var closed *goclient.CloseError
	if !errors.As(p.err, &closed) || closed.Code != proto.CloseMalformed {
		f.history.violation("a client that sends garbage ends with %v", p.err)
	}
}

// garbler replaces one write, after some others, by garbage.
type garbler struct {
	net.Conn
	writes int
}

func (g *garbler) Write(b []byte) (int, error) {
	if g.writes--; g.writes == 0 {
		if _, err := g.Conn.Write([]byte("\x82\x83\x00\x00\x00\x00\x02\x20a")); err != nil {
			return 0, err
		}
	}
	return g.Conn.Write(b)
}
