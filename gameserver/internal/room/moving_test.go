package room

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// fleet is two servers in a bubble: one leads the room, the other stands by for it.
type fleet struct {
	t       *testing.T
	servers [2]*harness
	leader  int // of servers
	room    *Room
	standby *testStandby
	result  *result // of the handoff in progress
	begun   time.Time
	waiting []*movingClient // at the standby
	clients []*movingClient
}

// within is how long clients have to prepare for a move. All of them need less.
const within = time.Second

// event is something that happens in a schedule.
type event struct {
	at   time.Duration // since the event before
	what string
	who  int
	wait time.Duration // a time that the event needs
	ack  time.Duration
}

func drawEvents(t *rapid.T) []event {
	ms := func(label string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, label)) * time.Millisecond
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
		return event{
			at:   ms("at", 200),
			what: rapid.SampledFrom([]string{"join", "join", "watch", "lose", "finish", "finish", "move", "move", "move", "kill", "reconnect", "reconnect", "reconnect and move"}).Draw(t, "what"),
			who:  rapid.IntRange(0, 7).Draw(t, "who"),
			wait: ms("wait", 120),
			ack:  ms("ack", 70),
		}
	}), 5, 30).Draw(t, "events")
}

// However a room moves between two servers that stand by for each other, and whatever happens meanwhile: a client that is
// connected, and has a prepared connection in time, sees every tick once and on time. No client sees a tick twice, unless
// a leader was killed. Every sample is processed once. An outcome that one client has heard is heard by all that were
// there, and is the same for all.
func TestMovingRoomLosesNothing(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		events := drawEvents(t)
		var broken []string
		synctest.Test(outer, func(t *testing.T) { broken = runSchedule(t, events) })
		for _, b := range broken {
			t.Error(b)
		}
	})
}

func runSchedule(t *testing.T, events []event) (broken []string) {
	f := &fleet{t: t}
	for i := range f.servers {
		f.servers[i] = newHarness(t, testConfig())
		defer f.servers[i].stop()
	}
	spec := f.servers[0].spec(newTestGame(t, 20, 8))
	spec.Epoch = proto.Epoch{Counter: 1, Server: "server-0"}
	var err error
	if f.room, err = f.servers[0].Start(spec); err != nil {
		t.Fatal(err)
	}
	f.standby = attach(t, f.room, 1)
	for _, e := range events {
		f.run(e.at, true)
		f.do(e)
	}
	f.run(3*time.Second, false)
	return f.verify()
}

// run lets d go by in turns of a millisecond; clients make samples if they are to go on.
func (f *fleet) run(d time.Duration, more bool) {
	for ; d > 0; d -= time.Millisecond {
		for _, s := range f.servers {
			s.pass(0)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		f.turn()
		for i, c := range f.clients {
			c.turn()
			if at := time.Duration(i*7) * time.Millisecond; f.servers[0].now()%(50*time.Millisecond) == at%(50*time.Millisecond) {
				c.step(more)
			}
		}
	}
}

func (f *fleet) do(e event) {
	synctest.Wait() // a room that has just started, or has just been told something, may be at work
	switch e.what {
	case "join", "watch":
		c := &movingClient{fleet: f, open: e.wait, heard: map[uint32]proto.Outcome{}}
		c.watcher = proto.PlayerID(fmt.Sprint("w", len(f.clients)))
		if players := len(f.clients); e.what == "join" && players < 8 {
			c.id = proto.PlayerID(fmt.Sprint("p", players))
		}
		c.dial()
		f.clients = append(f.clients, c)
	case "lose":
		if c := f.any(e.who); c != nil && c.here != nil && c.next == nil {
			c.drop()
		}
	case "finish":
		if c := f.any(e.who); c != nil && c.here != nil && c.id != "" {
			_ = c.here.occupant.QueueCustom([]byte("finish"))
		}
	case "reconnect", "reconnect and move":
		for _, c := range f.clients {
			if c.here != nil {
				c.here.occupant.QueueReconnect(reconnectURL)
			}
		}
		if e.what == "reconnect and move" {
			f.run(e.ack, true)
			e.what = "move"
			f.do(e)
		}
	case "kill":
		if f.result == nil && f.standby.check(f.t).sim != nil {
			f.kill(e.wait)
		}
	case "move":
		if f.result != nil {
			return
		}
		f.standby.mu.Lock()
		f.standby.delay = e.ack
		f.standby.mu.Unlock()
		f.result, f.begun = &result{}, time.Now()
		to := proto.Moved{URL: "ws://next", Server: fmt.Sprint("server-", 1-f.leader)}
		h := Handoff{ID: f.standby.id, To: to, Within: within, Result: f.result.take}
		if err := f.room.QueueHandoff(h); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fleet) any(i int) *movingClient {
	if len(f.clients) == 0 {
		return nil
	}
	return f.clients[i%len(f.clients)]
}

// turn does what the two registries would.
func (f *fleet) turn() {
	switch {
	case f.result == nil || f.result.calls == 0:
	case f.result.err != nil:
		f.t.Errorf("handoff: %v", f.result.err)
		f.result = nil
	default:
		last, out := f.standby.check(f.t), f.result.out
		f.promote(last.final.Epoch, last.final.Pending, last.due-f.servers[f.leader].now(), &out)
	}
}

// kill ends the leader, some time after the last thing that the standby had of it, and makes the standby the leader.
func (f *fleet) kill(after time.Duration) {
	f.standby.mu.Lock()
	f.standby.cut = true
	f.standby.mu.Unlock()
	f.run(after, true)
	if err := f.room.QueueStop(proto.CloseInternal, "killed"); err != nil {
		f.t.Fatal(err)
	}
	f.run(60*time.Millisecond, true)
	for _, c := range f.clients {
		c.last = 0 // ticks are played again
	}
	f.promote(f.room.Info().Epoch.Next(fmt.Sprint("server-", 1-f.leader)), nil, time.Millisecond, nil)
}

// promote makes the standby the leader. After a handoff the old leader stands by from what it has, without a keyframe.
func (f *fleet) promote(epoch proto.Epoch, pending []replication.SeatInput, due time.Duration, handed *HandedOver) {
	to := f.servers[1-f.leader]
	spec := to.spec(f.standby.check(f.t).sim)
	spec.Epoch, spec.Resumed, spec.Pending, spec.Due, spec.Standbys = epoch, true, pending, due, []int{1}
	spec.Enter = func(r *Room) {
		for _, c := range f.waiting {
			on := &connection{}
			var err error
			if on.occupant, err = r.QueueJoin(c.join(on)); err != nil {
				f.t.Fatal(err)
			}
			if c.here != nil {
				c.here.occupant.QueueLost()
				c.here.mu.Lock()
				c.read(c.here)
				c.here.mu.Unlock()
			}
			c.here, c.next = on, nil
		}
	}
	r, err := to.Start(spec)
	if err != nil {
		f.t.Fatal(err)
	}
	f.leader, f.room, f.waiting, f.result = 1-f.leader, r, nil, nil
	if handed == nil {
		f.standby = attach(f.t, r, 1)
	} else {
		f.standby = attachCopy(f.t, r, 1, *handed)
	}
}

// verify says what is wrong at the end, when all is quiet.
func (f *fleet) verify() (broken []string) {
	f.standby.check(f.t)
	decided := map[uint32]proto.Outcome{}
	for _, c := range f.clients {
		broken = append(broken, c.broken...)
		for match, o := range c.heard {
			decided[match] = o
		}
	}
	for _, c := range f.clients {
		for match, o := range decided {
			if mine, ok := c.heard[match]; ok && mine.Tick != o.Tick {
				broken = append(broken, fmt.Sprintf("%s heard of match %d in tick %d, others in tick %d", c.id, match, mine.Tick, o.Tick))
			} else if !ok && c.since > 0 && o.Tick > c.since {
				broken = append(broken, fmt.Sprintf("%s, here since tick %d, never heard of match %d, decided in %d", c.id, c.since, match, o.Tick))
			}
		}
		if c.here == nil || !c.here.welcomed {
			broken = append(broken, fmt.Sprintf("%s is not in the room", c.id))
			continue
		}
		if c.id == "" {
			continue
		}
		seat := c.here.welcomes[0].Seat
		if x := c.here.x(f.t, seat).X; x != int32(c.newest) || c.processed != c.newest {
			broken = append(broken, fmt.Sprintf("%s sent %d samples, %d are processed, it went %d steps", c.id, c.newest, c.processed, x))
		}
	}
	return broken
}
