package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// journal records the calls that it gets, as StreamEvents or as a Replica.
type journal struct {
	mu    sync.Mutex
	lines []string
	at    []time.Time
	fail  error // what Keyframe and Tick return
}

func (j *journal) note(format string, a ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, a...))
	j.at = append(j.at, time.Now())
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func (j *journal) last() (line string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) == 0 {
		return "", time.Time{}
	}
	return j.lines[len(j.lines)-1], j.at[len(j.at)-1]
}

func (j *journal) Acked(tick proto.Tick)          { j.note("acked %d", tick) }
func (j *journal) Ready(waiting int)              { j.note("ready %d", waiting) }
func (j *journal) NeedKeyframe()                  { j.note("need keyframe") }
func (j *journal) Took(epoch proto.Epoch)         { j.note("took %v", epoch) }
func (j *journal) Rejected(r ownership.Rejection) { j.note("rejected %d %s", r.Code, r.Text) }
func (j *journal) Stop(reason string)             { j.note("stop %s", reason) }

func (j *journal) Handed(leader string, epoch proto.Epoch) {
	j.note("handed to %s in %v", leader, epoch)
}
func (j *journal) Updated(epoch proto.Epoch, counted bool, others []string) {
	j.note("updated to %v, counted %v, others %v", epoch, counted, others)
}

// leaderJournal and replicaJournal differ in the one method whose name both interfaces use.
type (
	leaderJournal  struct{ *journal }
	replicaJournal struct{ *journal }
)

func (j leaderJournal) Probation()  { j.note("probation noted") }
func (j replicaJournal) Probation() { j.note("probation") }

func (j *journal) Lost(err error) {
	for _, known := range []error{ErrGone, ErrRefusedDial, ErrTimeout, ErrLocal, ErrBroken, ErrIncompatible, ErrStopped} {
		if errors.Is(err, known) {
			j.note("lost: %v", known)
			return
		}
	}
	j.note("lost: unknown: %v", err)
}

func (j *journal) Keyframe(tick proto.Tick, public, secret []byte) error {
	j.note("keyframe %d %s", tick, brief(public, secret))
	return j.fail
}

func (j *journal) Tick(tick proto.Tick, public, secret []byte) error {
	j.note("tick %d %s", tick, brief(public, secret))
	return j.fail
}

func (j *journal) Final(f FinalTick) {
	j.note("final %d %s for %v, %d pending, due %v", f.Tick, brief(f.Public, f.Secret), f.Epoch, len(f.Pending), f.Due)
}

func brief(public, secret []byte) string {
	if len(public)+len(secret) > 32 {
		return fmt.Sprintf("%d+%d", len(public), len(secret))
	}
	return fmt.Sprintf("%s+%s", public, secret)
}

// standby stands by for every room with a journal.
type standby struct {
	rooms
	mu       sync.Mutex
	replicas map[proto.RoomID]*journal
	backs    map[proto.RoomID]Back
	opens    []string
	err      error // what Offer returns
	fail     error // what the replicas return
	needs    bool  // the replicas do not have their bases
}

func (s *standby) Offer(from string, o Open, b Back) (Replica, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens = append(s.opens, fmt.Sprintf("%s: %s %s %s %v", from, o.Room, o.Game, o.Options, o.Epoch))
	if s.err != nil {
		return nil, s.err
	}
	if s.needs {
		b.NeedKeyframe()
	}
	j := &journal{fail: s.fail}
	s.replicas[o.Room], s.backs[o.Room] = j, b
	return replicaJournal{j}, nil
}

func (s *standby) of(room proto.RoomID) *journal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.replicas[room]; j != nil {
		return j
	}
	return &journal{}
}

func (s *standby) back(room proto.RoomID) Back {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.backs[room]
}

func newStandby() *standby {
	return &standby{rooms: nothing, replicas: make(map[proto.RoomID]*journal), backs: make(map[proto.RoomID]Back)}
}

// fleet is two servers in a synctest bubble: a leads, b stands by.
type fleet struct {
	t      *testing.T
	net    *simnet.Net
	hosts  [2]*simnet.Host
	a, b   *Links
	at     *standby
	caller Config // of a, which may be changed before it is started
	config Config // of b, likewise
	lookup func(server string) (addr string, ok bool)
	ca     certs.FleetFiles
}

// secure gives both servers certificates. They are made here, since a bubble has its own time.
func (f *fleet) secure() {
	f.ca = strangers(f.t)
	f.caller.Certs, f.config.Certs = member(f.t, f.ca, role, "a"), member(f.t, f.ca, role, "b")
}

const (
	ipA, ipB = "10.0.0.1", "10.0.0.2"
	addrB    = ipB + ":7000"
)

// simulate runs test in a bubble over a network with 1 ms of latency, after prepare has changed b's configuration.
func simulate(t *testing.T, prepare func(*fleet), test func(*fleet)) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{t: t, net: simnet.New(1, simnet.Link{Latency: time.Millisecond}), at: newStandby()}
		f.hosts = [2]*simnet.Host{f.net.Host(ipA), f.net.Host(ipB)}
		f.caller = Config{
			Listen: ipA + ":7000", Name: "a", Network: f.hosts[0],
			Logger: slog.New(slog.DiscardHandler),
		}
		f.config = f.caller
		f.config.Listen, f.config.Name, f.config.Network = addrB, "b", f.hosts[1]
		if prepare != nil {
			prepare(f)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var stopped sync.WaitGroup
		f.a, f.b = f.start(ctx, &stopped, f.caller, newStandby()), f.start(ctx, &stopped, f.config, f.at)
		test(f)
		cancel()
		stopped.Wait()
	})
}

func (f *fleet) start(ctx context.Context, stopped *sync.WaitGroup, c Config, r Rooms) *Links {
	l, err := New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	stopped.Go(func() { l.Run(ctx, r, f.lookup) })
	return l
}

func (f *fleet) open(room proto.RoomID) (*Stream, *journal) {
	return f.openWith(Open{Room: room, Game: "arena", Options: []byte(`{}`), Epoch: proto.Epoch{Instance: 0xa7, Counter: 3, Server: "a"}})
}

func (f *fleet) openWith(o Open) (*Stream, *journal) {
	j := &journal{}
	return f.a.Open("b", addrB, o, leaderJournal{j}), j
}

// pass waits until what is on its way has arrived.
func pass() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
}

func (f *fleet) expect(what string, j *journal, want ...string) {
	f.t.Helper()
	if got := j.all(); !slices.Equal(got, want) {
		f.t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
