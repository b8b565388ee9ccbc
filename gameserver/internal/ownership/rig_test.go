package ownership

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

const (
	life  = proto.Instance(7) // of the room in these tests
	begin = time.Hour         // their first moment
)

// self is the server under test: the home of the room, of four.
var self, peers = func() (string, []string) {
	all := []string{"a", "b", "c", "d"}
	var set []placement.Server
	for _, s := range all {
		set = append(set, placement.Server{Name: s})
	}
	order := placement.New(set).Order(nil, string(room), -1)
	return order[0], order[1:]
}()

// rig is a machine in a fleet of four servers. peers[0] leads where this server has a replica, and peers[1] has one too.
type rig struct {
	t     *testing.T
	m     *Machine
	now   time.Duration
	fleet Fleet
	out   []Action
	round uint64
}

func newRig(t *testing.T, standbys int) *rig {
	r := &rig{t: t, now: begin}
	r.fleet = Fleet{Quorum: true}
	for _, s := range peers {
		r.fleet.Servers = append(r.fleet.Servers, Server{Name: s, Presence: Present})
	}
	slices.SortFunc(r.fleet.Servers, func(a, b Server) int { return strings.Compare(a.Name, b.Name) })
	r.place()
	f := r.fleet
	r.m = New(&Config{Self: Process{self, 1}, Standbys: standbys}, room, &f, peers)
	return r
}

func (r *rig) place() {
	set := []placement.Server{{Name: self}}
	for _, s := range r.fleet.Servers {
		if s.Presence == Present {
			set = append(set, placement.Server{Name: s.Name})
		}
	}
	r.fleet.Placement = placement.New(set)
}

// step gives events, and keeps the actions of the last one.
func (r *rig) step(events ...Event) *rig {
	for _, ev := range events {
		r.out = slices.Clone(r.m.Step(ev, r.now))
		for _, a := range r.out {
			if a, ok := a.(Ask); ok {
				r.round = a.Round
			}
		}
	}
	return r
}

// pass lets time pass, with every Due that comes.
func (r *rig) pass(d time.Duration) *rig {
	end, all := r.now+d, []Action(nil)
	for {
		at, ok := r.m.Next()
		if !ok || at > end {
			break
		}
		r.now = max(at, r.now)
		r.step(Due{})
		all = append(all, r.out...)
		if len(all) > 10_000 {
			r.t.Fatal("it is due again and again")
		}
	}
	r.now, r.out = end, all
	return r
}

// see changes the view of one server.
func (r *rig) see(server string, p Presence) *rig {
	r.fleet.Servers = slices.Clone(r.fleet.Servers)
	for i, s := range r.fleet.Servers {
		if s.Name == server {
			r.fleet.Servers[i].Presence, r.fleet.Servers[i].Gone, r.fleet.Servers[i].Came = p, r.now, r.now
		}
	}
	r.fleet.Settled = r.now
	return r.view()
}

func (r *rig) view() *rig {
	r.place()
	f := r.fleet
	return r.step(FleetChanged{&f, peers})
}

func (r *rig) quorum(ok bool) *rig {
	r.fleet.Quorum, r.fleet.Since = ok, r.now
	return r.view()
}

// replies are those of all peers that are there: nothing, but for the ones given.
func (r *rig) replies(given ...Reply) *rig {
	ev := Replies{Round: r.round}
	for _, s := range r.fleet.Servers {
		i := slices.IndexFunc(given, func(g Reply) bool { return g.Server == s.Name })
		switch {
		case i >= 0:
			if given[i].Evidence == Answered && given[i].Answer.Process.Boot == 0 {
				given[i].Answer.Process = Process{s.Name, 1}
			}
			ev.Replies = append(ev.Replies, given[i])
		case s.Presence == Present:
			ev.Replies = append(ev.Replies, Reply{Server: s.Name, Answer: Answer{Process: Process{s.Name, 1}}})
		}
	}
	return r.step(ev)
}

func says(server string, a Answer) Reply { return Reply{Server: server, Answer: a} }
func gone(server string) Reply           { return Reply{Server: server, Evidence: GoneHere} }
func mute(server string) Reply           { return Reply{Server: server, Evidence: Silent} }

func epoch(counter uint32, server string) proto.Epoch {
	return proto.Epoch{Instance: life, Counter: counter, Server: server}
}

// The roles.

func (r *rig) finding() *rig { return r.step(Wanted{Create: true}) }

func (r *rig) following() *rig {
	r.step(Offered{Stream: 1, From: Process{peers[0], 1}, Epoch: epoch(1, peers[0]), Others: []string{peers[1]}}, Stocked{1}, r.counted(1))
	r.m.Observe(100)
	return r
}

// counted is what peers[0] says once it has heard from this server on a stream.
func (r *rig) counted(stream uint64) Updated {
	return Updated{stream, epoch(1, peers[0]), true, []string{peers[1]}}
}

func (r *rig) promoting() *rig {
	r.following().step(StreamLost{1}).replies(gone(peers[0]), r.standby(1, 90))
	if r.m.Role() != Promoting {
		r.t.Fatalf("the replica is not promoted: %v", r.actions())
	}
	return r
}

// standby is what the other replica says.
func (r *rig) standby(counter uint32, tick proto.Tick) Reply {
	return says(peers[1], Answer{Holding: Standby, Epoch: epoch(counter, peers[0]), Leader: peers[0], Tick: tick})
}

func (r *rig) leading() *rig {
	r.finding().replies().step(Prepared{})
	r.m.SetInstance(life)
	r.step(Started{})
	for _, s := range r.m.lead.standbys {
		r.step(StandbyCaught{s.id, 1})
	}
	return r
}

// id is that of a standby.
func (r *rig) id(server string) int {
	s := r.m.lead.standby(server)
	if s == nil {
		r.t.Helper()
		r.t.Fatalf("%s is no standby of %v", server, r.m.Standbys())
	}
	return s.id
}

// actions are the names of the last actions, without reports.
func (r *rig) actions() (names []string) {
	for _, a := range r.out {
		switch a.(type) {
		case Report, Suspect:
		default:
			names = append(names, reflect.TypeOf(a).Name())
		}
	}
	return names
}

// want checks the role, and the actions of the last step.
func (r *rig) want(role Role, actions ...string) *rig {
	r.t.Helper()
	if r.m.Role() != role || !slices.Equal(r.actions(), actions) {
		r.t.Fatalf("%v %v, want %v %v", r.m.Role(), r.actions(), role, actions)
	}
	return r
}

// did reports whether the last step contains an action like a.
func did[A Action](r *rig) (a A, ok bool) {
	for _, o := range r.out {
		if o, is := o.(A); is {
			return o, true
		}
	}
	return a, false
}

func must[A Action](r *rig) A {
	r.t.Helper()
	a, ok := did[A](r)
	if !ok {
		r.t.Fatalf("no %T in %+v", a, r.out)
	}
	return a
}

func mustNot[A Action](r *rig) {
	r.t.Helper()
	if a, ok := did[A](r); ok {
		r.t.Fatalf("%T%+v", a, a)
	}
}

func (r *rig) String() string { return fmt.Sprint(r.m.Role(), r.out) }
