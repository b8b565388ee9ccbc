package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is a game that counts its ticks.
type counter struct {
	Count game.Value[struct {
		N uint32 `state:""`
	}]
}

func (c *counter) Start(*game.Room)              {}
func (c *counter) Join(*game.Room, game.Player)  {}
func (c *counter) Leave(*game.Room, game.Player) {}
func (c *counter) Tick(*game.Room)               { c.Count.Get().N++ }

// counters is a definition whose option says what goes wrong: {"fail": "error"} or {"fail": "panic"}; {"nap": 100} takes as
// many ms.
func counters(name proto.GameName) game.Definition {
	return game.Definition{Name: name, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		var o struct {
			Fail string
			Nap  time.Duration
		}
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, err
			}
		}
		time.Sleep(o.Nap * time.Millisecond)
		switch o.Fail {
		case "error":
			return nil, game.Settings{}, errors.New(`option "fail" is "error"; leave it out`)
		case "panic":
			panic("as asked")
		}
		return &counter{}, game.Settings{TickRate: 20, Seats: 2}, nil
	}}
}

// server is a registry and what it is made of.
type server struct {
	*Registry
	t       testing.TB
	name    string
	members *membership.Static
	links   *testLinks
	pool    *room.Pool
	metrics *obs.ServerMetrics
	logs    *testLog
	stop    context.CancelFunc // of both the registry and the pool
	ended   chan struct{}      // closed when the registry has
	taken   int                // rooms that others took
}

// setup changes the configuration of a server.
type setup func(*Config)

func standbys(n int) setup                       { return func(c *Config) { c.Standbys = n } }
func maxReplicas(n int) setup                    { return func(c *Config) { c.MaxReplicas = n } }
func games(definitions ...game.Definition) setup { return func(c *Config) { c.Games = definitions } }

func member(name string) membership.Member {
	return membership.Member{Name: membership.ServerName(name), Role: membership.GameServer, State: membership.Serving,
		Boot: "boot-" + name, URL: "http://" + name + ":1", Peer: "peer-of-" + name}
}

func draining(name string) membership.Member {
	m := member(name)
	m.State = membership.Draining
	return m
}

func members(names ...string) (all []membership.Member) {
	for _, n := range names {
		all = append(all, member(n))
	}
	return all
}

// newServer builds a server named a that sees others and does not run.
func newServer(t testing.TB, others []string, with ...setup) *server {
	t.Helper()
	s := &server{t: t, name: "a", members: membership.NewStatic(member("a"), members(others...)...), links: newTestLinks(), metrics: obs.NewServerMetrics(nil),
		logs: &testLog{}, ended: make(chan struct{})}
	rooms := room.DefaultConfig()
	rooms.Metrics, rooms.Logger = s.metrics, slog.New(slog.DiscardHandler)
	rooms.Stalled = func(gap time.Duration) { s.Registry.Stalled(gap) }
	var err error
	if s.pool, err = room.NewPool(rooms); err != nil {
		t.Fatal(err)
	}
	c := Config{
		Games: []game.Definition{counters("count"), counters("other")}, Members: s.members, Links: s.links, Pool: s.pool, Standbys: 1, MaxReplicas: 4096,
		Logger: slog.New(s.logs), Metrics: s.metrics,
	}
	for _, w := range with {
		w(&c)
	}
	if s.Registry, err = New(c); err != nil {
		t.Fatal(err)
	}
	return s
}

// serve runs f in a bubble with a server that runs, after its view has settled.
func serve(t *testing.T, others []string, f func(t *testing.T, s *server), with ...setup) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, others, with...)
		s.run()
		defer s.close()
		s.pass(homeSettle)
		f(t, s)
	})
}

func (s *server) run() {
	ctx, stop := context.WithCancel(context.Background())
	pooled := make(chan struct{})
	s.stop = stop
	rooms, end := context.WithCancel(context.Background())
	go func() {
		defer close(pooled)
		_ = s.pool.Run(rooms)
	}()
	go func() {
		defer close(s.ended)
		_ = s.Run(ctx)
		end() // the workers stop after the registry, as in a server
		<-pooled
	}()
}

func (s *server) close() {
	s.stop()
	<-s.ended
}

// pass lets d go by, and all that follows happen.
func (s *server) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// homed gives a room whose order over servers begins with those in want.
func homed(t testing.TB, servers []string, want ...string) proto.RoomID {
	return homedTimes(t, 1, servers, want...)[0]
}

// homedTimes gives n such rooms.
func homedTimes(t testing.TB, n int, servers []string, want ...string) (ids []proto.RoomID) {
	t.Helper()
	var all []placement.Server
	for _, s := range servers {
		all = append(all, placement.Server{Name: s})
	}
	set := placement.New(all)
	for i := range 100_000 {
		id := fmt.Sprint("room-", i)
		if fmt.Sprint(set.Order(nil, id, len(want))) == fmt.Sprint(want) {
			if ids = append(ids, proto.RoomID(id)); len(ids) == n {
				return ids
			}
		}
	}
	t.Fatalf("no room's order begins with %v", want)
	return nil
}

func spec(id proto.RoomID) Spec { return Spec{Room: id, Game: "count"} }

// enter is Enter for a spectator.
func (s *server) enter(sp Spec) error {
	_, err := s.watch(context.Background(), sp)
	return err
}

// enterAs is Enter.
func (s *server) enterAs(sp Spec, j room.Join) error {
	j.Client = &testClient{}
	_, err := s.Enter(context.Background(), sp, j)
	return err
}

// watch is Enter for a spectator who is heard of.
func (s *server) watch(ctx context.Context, sp Spec) (*testClient, error) {
	c := &testClient{}
	o, err := s.Enter(ctx, sp, room.Join{Client: c, Spectator: true})
	if (o == nil) != (err != nil) {
		panic(fmt.Sprint("Enter gave ", o, " and ", err))
	}
	return c, err
}

// creates makes a room here, with a spectator.
func (s *server) creates(id proto.RoomID) *testClient {
	s.t.Helper()
	c, err := s.watch(context.Background(), spec(id))
	if err != nil {
		s.t.Fatalf("room %s is not created: %v", id, err)
	}
	synctest.Wait()
	return c
}

// entered runs enter on a goroutine.
func (s *server) entering(sp Spec) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.enter(sp) }()
	synctest.Wait()
	return done
}

// answers asks as another server does.
func (s *server) answers(id proto.RoomID) ownership.Answer {
	return s.Query("x", ownership.Query{Room: id})
}

func (s *server) leads(id proto.RoomID) bool { return s.answers(id).Holding == ownership.Leading }

func (s *server) tick(id proto.RoomID) proto.Tick {
	i, ok := s.Find(id)
	if !ok {
		s.t.Fatalf("room %s is not led here", id)
	}
	return i.Tick
}

// entries is how many rooms the registry knows of.
func (s *server) entries() int { return len(s.all()) }

// wantMoved fails unless err sends the client of id to server.
func wantMoved(t testing.TB, err error, id proto.RoomID, server string) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != proto.CloseMoved || r.Moved == nil {
		t.Fatalf("got %v, want moved to %s", err, server)
	}
	if want := "ws://" + server + ":1/v1/rooms/" + string(id) + "/connect"; r.Moved.Server != server || r.Moved.URL != want {
		t.Fatalf("moved to %s at %s, want %s at %s", r.Moved.Server, r.Moved.URL, server, want)
	}
}

func wantRefusal(t testing.TB, err error, code proto.CloseCode) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("got %v, want a refusal with %v", err, code)
	}
}

func (s *server) claimed(result string) float64 {
	return testutil.ToFloat64(s.metrics.Claims.WithLabelValues(result))
}

// happened is how many events of a kind there were.
func (s *server) happened(kind string) uint64 {
	_, counts := s.Events()
	return counts[kind]
}

// refusing is a pool that starts no rooms.
type refusing struct{ err error }

func (p refusing) Start(room.Spec) (*room.Room, error) { return nil, p.err }

// failing is a pool that calls Enter and starts nothing, as one that has stopped does, until it works.
type failing struct {
	pool   *room.Pool
	failed int
	works  atomic.Bool
}

func (p *failing) Start(s room.Spec) (*room.Room, error) {
	if p.works.Load() {
		return p.pool.Start(s)
	}
	p.failed++
	s.Enter(&room.Room{})
	return nil, room.ErrStopped
}

// A member has come when its process was seen for the first time, whatever other servers do meanwhile.
func TestSinceWhenAMemberIsThere(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		came := func() time.Duration {
			s.pass(time.Second)
			servers := s.current().Servers
			return servers[slices.IndexFunc(servers, func(o ownership.Server) bool { return o.Name == "b" })].Came
		}
		before := came()
		s.members.Set(members("b", "c")...)
		if after := came(); after != before {
			t.Errorf("b came at %v, and at %v after another one came", before, after)
		}
		b := member("b")
		b.Boot = "another"
		s.members.Set(b)
		if after := came(); after <= before {
			t.Errorf("it came at %v, and its next process at %v", before, after)
		}
	})
}
