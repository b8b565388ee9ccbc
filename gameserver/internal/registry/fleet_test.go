package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
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

// counters is a definition whose option says what goes wrong: {"fail": "error"} or {"fail": "panic"}.
func counters(name proto.GameName) game.Definition {
	return game.Definition{Name: name, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		var o struct{ Fail string }
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, err
			}
		}
		switch o.Fail {
		case "error":
			return nil, game.Settings{}, errors.New(`option "fail" is "error"; leave it out`)
		case "panic":
			panic("as asked")
		}
		return &counter{}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

// pool starts rooms that never tick.
type pool struct {
	mu      sync.Mutex
	started []room.Spec
	err     error
}

func (p *pool) Start(s room.Spec) (*room.Room, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	p.started = append(p.started, s)
	led := &room.Room{}
	if s.Enter != nil {
		s.Enter(led)
	}
	return led, nil
}

func (p *pool) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.started)
}

// claims is the links of one server: what it is asked by another goes through a function.
type claims func(ctx context.Context, server string, id proto.RoomID) (replication.Answer, error)

func (f claims) Claim(ctx context.Context, server, addr string, id proto.RoomID) (replication.Answer, error) {
	if addr != "peer-of-"+server {
		return replication.Answer{}, fmt.Errorf("server %s asked at %s", server, addr)
	}
	return f(ctx, server, id)
}

// Follow makes a feed that goes nowhere.
func (f claims) Follow(string, string, replication.Open, replication.FeedEvents) Feed { return sink{} }

type sink struct{}

func (sink) QueueKeyframe(proto.Tick, []byte, []byte) bool { return false }
func (sink) QueueTick(proto.Tick, []byte, []byte) bool     { return false }
func (sink) QueueFinal(replication.FinalTick) bool         { return false }
func (sink) Stop(string)                                   {}
func (sink) Dismiss(string)                                {}

func nobody(context.Context, string, proto.RoomID) (replication.Answer, error) {
	return replication.Answer{}, nil
}

// server is a registry and what it is made of.
type server struct {
	*Registry
	name    string
	members *membership.Static
	pool    *pool
	metrics *obs.Metrics
}

func member(name string) membership.Member {
	return membership.Member{Name: membership.ServerName(name), Role: membership.GameServer, State: membership.Serving,
		URL: "http://" + name + ":1", Peer: "peer-of-" + name}
}

func members(names ...string) (all []membership.Member) {
	for _, n := range names {
		all = append(all, member(n))
	}
	return all
}

func newServer(t testing.TB, name string, c claims, others ...string) *server {
	s := &server{name: name, members: membership.NewStatic(member(name), members(others...)...), pool: &pool{}, metrics: obs.NewMetrics(nil)}
	var err error
	s.Registry, err = New(Config{
		Games: []game.Definition{counters("count"), counters("other")}, Members: s.members, Links: c, Pool: s.pool, Standbys: 1, MaxReplicas: 4096,
		Logger: slog.New(slog.DiscardHandler), Metrics: s.metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// homed gives a room whose order over servers begins with those in want.
func homed(t testing.TB, servers []string, want ...string) proto.RoomID {
	t.Helper()
	var all []placement.Server
	for _, s := range servers {
		all = append(all, placement.Server{Name: s})
	}
	set := placement.New(all)
	for i := range 10_000 {
		id := fmt.Sprint("room-", i)
		if fmt.Sprint(set.Order(nil, id, len(want))) == fmt.Sprint(want) {
			return proto.RoomID(id)
		}
	}
	t.Fatalf("no room's order begins with %v", want)
	return ""
}

func spec(id proto.RoomID) Spec { return Spec{Room: id, Game: "count"} }

// enter is Enter for a spectator whom nobody hears of.
func (s *server) enter(ctx context.Context, sp Spec) error {
	o, err := s.Enter(ctx, sp, room.Join{Spectator: true})
	if (o == nil) != (err != nil) {
		panic(fmt.Sprint("Enter gave ", o, " and ", err))
	}
	return err
}

// wantMoved fails unless err sends the client of id to server.
func wantMoved(t *testing.T, err error, id proto.RoomID, server string) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != proto.CloseMoved || r.Moved == nil {
		t.Fatalf("got %v, want moved to %s", err, server)
	}
	if want := "ws://" + server + ":1/v1/rooms/" + string(id) + "/connect"; r.Moved.Server != server || r.Moved.URL != want {
		t.Fatalf("moved to %s at %s, want %s at %s", r.Moved.Server, r.Moved.URL, server, want)
	}
}

func wantRefusal(t *testing.T, err error, code proto.CloseCode) {
	t.Helper()
	var r *proto.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("got %v, want a refusal with %v", err, code)
	}
}

func (s *server) claimed(result string) float64 {
	return testutil.ToFloat64(s.metrics.Claims.WithLabelValues(result))
}

func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
