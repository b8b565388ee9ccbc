package server

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

func devKeys() []ed25519.PublicKey {
	return []ed25519.PublicKey{ticket.DevKey().Public().(ed25519.PublicKey)}
}

func config(name string) Config {
	c := DefaultConfig()
	c.Name = name
	c.Logger = slog.New(slog.DiscardHandler)
	return c
}

// idle is a game in which nothing happens. A tick receives a value from hang, so the sender knows that the game is in its
// tick, and then waits until hang is closed.
type idle struct {
	hang <-chan struct{}
	N    game.Value[struct {
		N uint8 `state:""`
	}]
}

func (*idle) Start(*game.Room)              {}
func (*idle) Join(*game.Room, game.Player)  {}
func (*idle) Leave(*game.Room, game.Player) {}
func (g *idle) Tick(*game.Room) {
	if g.hang != nil {
		<-g.hang
		<-g.hang
	}
}

func idles(hang <-chan struct{}) game.Definition {
	return game.Definition{Name: "idle", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &idle{hang: hang}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

// If New fails, no socket stays bound.
func TestNewFailsCleanly(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := listener.Addr().String()
	listener.Close()
	broken := game.Definition{Name: "broken", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return nil, game.Settings{}, errors.New("option map is missing")
	}}
	for name, c := range map[string]struct {
		change func(*Config)
		games  []game.Definition
		want   string
	}{
		"no games":          {func(*Config) {}, nil, "no games"},
		"two of one name":   {func(*Config) {}, []game.Definition{idles(nil), idles(nil)}, "two games are named idle"},
		"game that fails":   {func(*Config) {}, []game.Definition{broken}, "option map is missing"},
		"bad pool":          {func(c *Config) { c.Limits.Busy = 2 }, []game.Definition{idles(nil)}, "MaxBusy"},
		"bad sessions":      {func(c *Config) { c.Limits.Connections = 0 }, []game.Definition{idles(nil)}, "-max-connections is 0"},
		"no replicas":       {func(c *Config) { c.Limits.Replicas = 0 }, []game.Definition{idles(nil)}, "MaxReplicas is 0"},
		"gossip in the way": {func(c *Config) { c.Fleet.Gossip = c.Listen }, []game.Definition{idles(nil)}, "address already in use"},
		"open links":        {func(c *Config) { c.Fleet.Peer = "0.0.0.0:0" }, []game.Definition{idles(nil)}, "-fleet-cert"},
		"unreachable links": {func(c *Config) {
			certify(t, c)
			c.Fleet.Peer = "0.0.0.0:0"
		}, []game.Definition{idles(nil)}, "advertise"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := config("gs-1")
			conf.Listen = free
			c.change(&conf)
			if _, err := New(conf, c.games...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			again, err := net.Listen("tcp", free)
			if err != nil {
				t.Fatalf("the port is still bound: %v", err)
			}
			again.Close()
		})
	}
}

// certify gives c a CA of its own.
func certify(t *testing.T, c *Config) {
	t.Helper()
	f, err := certs.WriteCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c.Fleet.Cert, c.Fleet.CertKey, c.Internal = f.Cert, f.Key, "127.0.0.1:0"
}

// launch starts n and gives what stops it and waits for it.
func launch(n *Server) (stop func(cause error) error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	return func(cause error) error {
		cancel(cause)
		return <-done
	}
}

// patience bounds every wait for sockets and processes. Nothing passes because of it.
const patience = 20 * time.Second

// await polls: gossip goes over sockets.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: ", what)
		}
	}
}

// A server that drains tells the others before it ends. One that is killed does not.
func TestEnds(t *testing.T) {
	for name, cause := range map[string]error{"drained": nil, "killed": ErrKilled} {
		t.Run(name, func(t *testing.T) {
			a, err := New(config("a"), idles(nil))
			if err != nil {
				t.Fatal(err)
			}
			conf := config("b")
			conf.Fleet.Seeds = []string{a.Gossip()}
			b, err := New(conf, idles(nil))
			if err != nil {
				t.Fatal(err)
			}
			stopA, stopB := launch(a), launch(b)
			await(t, "a sees b", func() bool { _, ok := a.gossip.View().Find("b"); return ok })

			var mu sync.Mutex
			states := map[membership.State]bool{}
			watching, gone := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(gone)
				close(watching)
				for {
					changed := a.gossip.Changed()
					m, ok := a.gossip.View().Find("b")
					if !ok {
						return
					}
					mu.Lock()
					states[m.State] = true
					mu.Unlock()
					<-changed
				}
			}()
			<-watching
			if err := stopB(cause); err != nil {
				t.Errorf("b ended with %v", err)
			}
			<-gone
			if states[membership.Draining] != (cause == nil) {
				t.Errorf("a saw b in the states %v", states)
			}
			if _, err := a.links.Query(t.Context(), "b", b.links.Addr().String(), ownership.Query{Room: "r"}); !errors.Is(err, replication.ErrGone) {
				t.Errorf("a query of b: %v, want ErrGone", err)
			}
			if err := stopA(nil); err != nil {
				t.Errorf("a ended with %v", err)
			}
		})
	}
}

// A part that fails stops the server, with its error.
func TestPartFails(t *testing.T) {
	n, err := New(config("a"), idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	n.clientListener.Close()
	await(t, "it is not ready", func() bool { return !n.ready.Load() })
	if err := stop(nil); err == nil || !strings.Contains(err.Error(), "http") {
		t.Errorf("got %v, want http's error", err)
	}
}

// deaf is a client that takes everything.
type deaf struct{}

func (deaf) QueueFrame(_, _ []byte) bool    { return true }
func (deaf) QueueKeyframe(_, _ []byte) bool { return true }
func (deaf) QueueEvent([]byte) bool         { return true }
func (deaf) Poll(*network.Poller)           {}
func (deaf) Flush()                         {}
func (deaf) Close(proto.CloseCode, string)  {}

// A game that hangs in a tick delays the stop of a server by less than stopTimeout.
func TestHangingGame(t *testing.T) {
	hang := make(chan struct{})
	n, err := New(config("a"), idles(hang))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	await(t, "it sees itself", func() bool { return n.gossip.Joined() })
	d := n.newAdmission(nil)
	spec, _, err := d.read("r", proto.Hello{Ticket: sign(t, ticket.Claims{Room: "r"})}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.registry.Enter(t.Context(), spec, room.Join{Spectator: true, Client: deaf{}}); err != nil {
		t.Fatal(err)
	}
	hang <- struct{}{}
	n.Stop()
	n.Stop() // once more: do not wait for the room
	begun := time.Now()
	if err := stop(nil); err != nil {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took > stopTimeout {
		t.Errorf("took %v", took)
	}
	close(hang)
}

// A server that cannot be linked with one that runs already ends with a word that says why; one that speaks a common version, or that
// came later, is no reason.
func TestVersionsThatDoNotMeet(t *testing.T) {
	for name, c := range map[string]struct {
		links proto.Versions
		since time.Duration // of the other one, from now
		ends  bool
	}{
		"too new":           {proto.Versions{Oldest: replication.Version + 1, Newest: replication.Version + 2}, -time.Hour, true},
		"the next release":  {proto.Versions{Oldest: replication.Version, Newest: replication.Version + 1}, -time.Hour, false},
		"too new, but late": {proto.Versions{Oldest: replication.Version + 1, Newest: replication.Version + 2}, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			other, err := membership.NewGossip(membership.Config{
				Self: membership.Member{Name: "gs-1", Role: membership.GameServer, State: membership.Serving, URL: "http://127.0.0.1:1",
					Peer: "127.0.0.1:1", Links: c.links, Since: time.Now().Add(c.since)},
				Bind: "127.0.0.1:0", Cluster: "ringside",
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			gossiped := make(chan error, 1)
			go func() { gossiped <- other.Run(ctx) }()
			conf := config("gs-2")
			conf.Fleet.Seeds = []string{other.Addr()}
			n, err := New(conf, idles(nil))
			if err != nil {
				t.Fatal(err)
			}
			stop := launch(n)
			await(t, "the two see each other", func() bool { return len(other.View().Members) == 2 })
			if c.ends {
				await(t, "the later one leaves", func() bool { return len(other.View().Members) == 1 })
			}
			err = stop(nil)
			if c.ends != (err != nil && strings.Contains(err.Error(), "update by way of a version")) {
				t.Errorf("it ended with %v", err)
			}
			cancel()
			if err := <-gossiped; err != nil {
				t.Error(err)
			}
		})
	}
}
