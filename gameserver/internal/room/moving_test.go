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
	t          *testing.T
	servers    [2]*hall
	leader     int // of servers
	room, old  *Room
	standby    *replica
	result     *result // of the handoff under way
	begun      time.Time
	fails      time.Duration // after the final tick the standby says that it does not take the room; 0: it does
	failed     time.Time
	waiting    []*traveller // at the standby
	travellers []*traveller
}

// within is how long the travellers have for a move: all of them need less.
const within = time.Second

// event is something that happens in a journey.
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
			what: rapid.SampledFrom([]string{"join", "join", "watch", "lose", "finish", "finish", "move", "move", "fail", "kill", "reconnect", "reconnect", "reconnect and move"}).Draw(t, "what"),
			who:  rapid.IntRange(0, 7).Draw(t, "who"),
			wait: ms("wait", 120),
			ack:  ms("ack", 70),
		}
	}), 5, 30).Draw(t, "events")
}

// However a room is moved, whoever is asked to come again, and whatever happens meanwhile: a client that is connected, and
// waits at the next server in time, sees every tick once and on time; nobody sees one twice, unless a leader was killed; every sample is processed
// once; an outcome that somebody has heard is heard by all who were there, and is the same for all.
func TestMovingRoomLosesNothing(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		events := drawEvents(t)
		var broken []string
		synctest.Test(outer, func(t *testing.T) { broken = journey(t, events) })
		for _, b := range broken {
			t.Error(b)
		}
	})
}

func journey(t *testing.T, events []event) (broken []string) {
	f := &fleet{t: t}
	for i := range f.servers {
		f.servers[i] = newHall(t, testConfig())
		defer f.servers[i].stop()
	}
	spec := f.servers[0].spec(newDrill(t, 20, 8))
	spec.Epoch = proto.Epoch{Counter: 1, Server: "server-0"}
	var err error
	if f.room, err = f.servers[0].Start(spec); err != nil {
		t.Fatal(err)
	}
	f.standby = follow(t, f.room, 1)
	for _, e := range events {
		f.run(e.at, true)
		f.do(e)
	}
	f.run(3*time.Second, false)
	return f.verify()
}

// run lets d go by in turns of a millisecond; travellers make samples if they are to go on.
func (f *fleet) run(d time.Duration, more bool) {
	for ; d > 0; d -= time.Millisecond {
		for _, s := range f.servers {
			s.pass(0)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		f.turn()
		for i, c := range f.travellers {
			c.turn()
			if at := time.Duration(i*7) * time.Millisecond; f.servers[0].now()%(50*time.Millisecond) == at%(50*time.Millisecond) {
				c.step(more)
			}
		}
	}
}

func (f *fleet) do(e event) {
	switch e.what {
	case "join", "watch":
		c := &traveller{fleet: f, open: e.wait, heard: map[uint32]proto.Outcome{}}
		c.watcher = proto.PlayerID(fmt.Sprint("w", len(f.travellers)))
		if players := len(f.travellers); e.what == "join" && players < 8 {
			c.id = proto.PlayerID(fmt.Sprint("p", players))
		}
		c.dial()
		f.travellers = append(f.travellers, c)
	case "lose":
		if c := f.any(e.who); c != nil && c.here != nil && c.next == nil {
			c.drop()
		}
	case "finish":
		if c := f.any(e.who); c != nil && c.here != nil && c.id != "" {
			_ = c.here.occupant.QueueCustom([]byte("finish"))
		}
	case "reconnect", "reconnect and move":
		for _, c := range f.travellers {
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
		if f.result == nil && f.standby.check(f.t).frames > 0 {
			f.kill(e.wait)
		}
	case "move", "fail":
		if f.result != nil {
			return
		}
		f.standby.mu.Lock()
		f.standby.delay = e.ack
		f.standby.mu.Unlock()
		f.result, f.begun, f.fails = &result{}, time.Now(), 0
		if e.what == "fail" {
			f.fails = 1 + 2*e.wait
		}
		to := proto.Moved{URL: "ws://next", Server: fmt.Sprint("server-", 1-f.leader)}
		h := Handoff{ID: f.standby.id, To: to, Within: within, Result: f.result.take}
		if err := f.room.QueueHandoff(h); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fleet) any(i int) *traveller {
	if len(f.travellers) == 0 {
		return nil
	}
	return f.travellers[i%len(f.travellers)]
}

// turn does what the two registries would.
func (f *fleet) turn() {
	switch {
	case f.result == nil || f.result.calls == 0:
	case f.result.err != nil:
		f.t.Errorf("handoff: %v", f.result.err)
		f.result = nil
	case f.fails == 0:
		last := f.standby.check(f.t)
		f.promote(last.final.Epoch, last.final.Pending, last.due-f.servers[f.leader].now())
		if err := f.old.QueueTook(last.final.Epoch); err != nil {
			f.t.Fatal(err)
		}
	case f.failed.IsZero():
		f.failed = time.Now().Add(f.fails)
	case !time.Now().Before(f.failed):
		f.refuse()
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
	for _, c := range f.travellers {
		c.last = 0 // ticks are played again
	}
	f.promote(f.room.Info().Epoch.Next(fmt.Sprint("server-", 1-f.leader)), nil, time.Millisecond)
}

// promote makes the standby the leader.
func (f *fleet) promote(epoch proto.Epoch, pending []replication.SeatInput, due time.Duration) {
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
	f.leader, f.old, f.room = 1-f.leader, f.room, r
	f.restart()
}

// refuse makes the room go on where it was.
func (f *fleet) refuse() {
	f.standby.check(f.t)
	if err := f.room.QueueHandoffFailed(f.result.offered.Next(fmt.Sprint("server-", f.leader))); err != nil {
		f.t.Fatal(err)
	}
	for _, c := range f.waiting { // they are sent back to the leader
		c.next = nil
		if c.here == nil {
			c.drop()
		}
	}
	f.restart()
}

// restart has the room followed anew.
func (f *fleet) restart() {
	f.waiting, f.result, f.failed = nil, nil, time.Time{}
	f.standby = follow(f.t, f.room, 1)
}

// verify says what is wrong at the end, when all is quiet.
func (f *fleet) verify() (broken []string) {
	f.standby.check(f.t)
	decided := map[uint32]proto.Outcome{}
	for _, c := range f.travellers {
		broken = append(broken, c.broken...)
		for match, o := range c.heard {
			decided[match] = o
		}
	}
	for _, c := range f.travellers {
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
