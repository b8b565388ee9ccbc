package testfleet

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	// A probe that memberlist has begun when it is shut down ends by itself, later than goleak waits.
	err := goleak.Find()
	for end := time.Now().Add(Patience); err != nil && time.Now().Before(end); {
		err = goleak.Find()
	}
	if err != nil && code == 0 {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// player is a real client that takes a step each tick, until the test ends.
type player struct {
	client  *goclient.Client
	welcome atomic.Pointer[proto.Welcome]
	notice  atomic.Pointer[proto.Notice] // the last
	steps   atomic.Uint64                // that the room has counted
	schemas atomic.Int32                 // other ones that the room has come to
	ended   chan struct{}
	err     error // of Run, once ended is closed
}

// join enters a room as c says. Every violation of the protocol is the test's failure.
func join(t *testing.T, c goclient.Config) *player {
	t.Helper()
	p, err := tryJoin(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryJoin(t *testing.T, c goclient.Config) (*player, error) {
	p := &player{ended: make(chan struct{})}
	var inputs *goclient.Inputs[Step]
	c.Events = goclient.Events{
		Schema: func(*goclient.Client) error {
			p.schemas.Add(1)
			return nil // look does it each time
		},
		Entered: func(c *goclient.Client) {
			w := c.Welcome()
			p.welcome.Store(&w)
		},
		Frame: func(c *goclient.Client) {
			if inputs != nil {
				p.look(t, c)
				inputs.Send(Step{Right: true}) // fails while the server is away
			}
		},
		Notice: func(_ *goclient.Client, n proto.Notice) { p.notice.Store(&n) },
		Violation: func(_ *goclient.Client, v goclient.Violation, detail string) {
			t.Errorf("violation %s: %s", v, detail)
		},
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	client, err := goclient.Dial(ctx, c)
	if err != nil {
		return nil, err
	}
	w := client.Welcome()
	p.client = client
	p.welcome.Store(&w)
	if client.Seat() != proto.NoSeat {
		codec, err := state.NewCodec[Step]()
		if err != nil {
			t.Fatal(err)
		}
		if inputs, err = goclient.NewInputs(client, codec); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		p.err = client.Run(context.Background())
		close(p.ended)
	}()
	t.Cleanup(p.close)
	return p, nil
}

// look reads the player's own row.
func (p *player) look(t *testing.T, c *goclient.Client) {
	walkers, err := state.RowsOf[Walker](c.State(), "walkers")
	if err != nil {
		t.Error(err)
		return
	}
	if row, ok := walkers.Get(state.RowID(c.Seat())); ok {
		p.steps.Store(uint64(row.Steps))
	}
}

func (p *player) close() {
	p.client.Close()
	<-p.ended
}

// server is the name of the server that the player is, or was last, connected to.
func (p *player) server() string { return p.welcome.Load().Server }

// plays waits until the client has got n more ticks and more of its inputs were processed.
func (p *player) plays(t *testing.T, n uint64) {
	t.Helper()
	allPlay(t, n, p)
}

// allPlay waits until all have got n more ticks each, and more of their inputs were processed.
func allPlay(t *testing.T, n uint64, players ...*player) {
	t.Helper()
	from := make([]goclient.Stats, len(players))
	for i, p := range players {
		from[i] = p.client.Stats()
	}
	for i, p := range players {
		until(t, "the player plays", func() bool {
			now := p.client.Stats()
			return now.Ticks >= from[i].Ticks+n && now.Acked > from[i].Acked
		})
	}
}

// through is the configuration of a client that asks router for a room; it is the same guest for the same id.
func (f *Fleet) through(router int, room proto.RoomID, id proto.PlayerID) goclient.Config {
	return goclient.Config{Router: f.Routers[router].URL,
		Request: goclient.Request{Game: WalkName, Room: room, Player: goclient.Player{Guest: secretOf(id)}}}
}

func secretOf(name proto.PlayerID) string { return "the-guest-of-the-tests-" + string(name) }

// guest is the id of the guest that through names.
func guest(t *testing.T, name proto.PlayerID) proto.PlayerID {
	t.Helper()
	id, err := ticket.Guest(secretOf(name))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// until polls: what it waits for happens in sockets and other processes' places, where no channel reaches.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain until %s", Patience, what)
		}
	}
}

// closed gives the close with which the client's Dial or Run ended.
func closed(t *testing.T, err error) *goclient.CloseError {
	t.Helper()
	var c *goclient.CloseError
	if !errors.As(err, &c) {
		t.Fatalf("got %v, want a close of the server", err)
	}
	return c
}

// all runs f for 0 to n-1 at once.
func all(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
