package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/testfleet"
	"github.com/ringside-go/ringside/router/gateway"
)

// TestFleet runs the SDK in Node against real fleets, which it breaks through a control server. RINGSIDE_WEB_FLEET is the
// bundled test of test/fleet; test/run sets it. Without it there is no Node to be counted on.
func TestFleet(t *testing.T) {
	bundle := os.Getenv("RINGSIDE_WEB_FLEET")
	if bundle == "" {
		t.Skip("make web-test runs this")
	}
	for _, mode := range []gateway.Mode{gateway.Redirect, gateway.Proxy} {
		t.Run(string(mode), func(t *testing.T) {
			f := testfleet.Start(t, testfleet.Options{Servers: 7, Mode: mode, Games: []game.Definition{arena.Definition()}})
			c := &control{fleet: f, update: later(t), todo: make(chan func())}
			server := httptest.NewServer(c)
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), "node", "--enable-source-maps", "--test-reporter=spec", "--test", bundle)
			cmd.Env = append(os.Environ(), "RINGSIDE_ROUTER="+f.Routers[0].URL, "RINGSIDE_CONTROL="+server.URL, "RINGSIDE_MODE="+string(mode))
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			ended := make(chan error)
			go func() { ended <- cmd.Run() }()
			for {
				select {
				case do := <-c.todo:
					do()
				case err := <-ended:
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
}

// laterArena is the arena of a later version, which has one table more in front of those that there were.
type laterArena struct {
	Weather game.Table[weather] `state:"max=70"`
	arena.Arena
}

type weather struct {
	Wind uint8 `state:""`
}

// later is the arena of the later version, to which rooms of this one can go.
func later(t *testing.T) game.Definition {
	now := arena.Definition()
	s, err := now.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return game.Definition{Name: now.Name, Migrates: []uint64{s.PeerFingerprint()}, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		g, settings, err := now.New(options)
		if err != nil {
			return nil, settings, err
		}
		return &laterArena{Arena: *g.(*arena.Arena)}, settings, nil
	}}
}

// control lets Node break the fleet: POST /kill?server=gs-1, /drain?server=gs-1, or /update?server=gs-1, after which a server of
// the later version has that name; it answers, when that is done, with the server's name. A fleet is for one goroutine, so what is
// asked for is done by the test's.
type control struct {
	fleet  *testfleet.Fleet
	update game.Definition
	todo   chan func()
}

func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	done := make(chan string)
	c.todo <- func() { done <- c.do(r.URL.Path, r.URL.Query().Get("server")) }
	if err := json.NewEncoder(w).Encode(<-done); err != nil {
		panic(err) // the test is over
	}
}

func (c *control) do(what, server string) string {
	var n int
	if _, err := fmt.Sscanf(server, "gs-%d", &n); err != nil || n < 1 || n > len(c.fleet.Servers) {
		return "no such server: " + strconv.Quote(server)
	}
	switch what {
	case "/kill":
		c.fleet.Kill(n - 1)
	case "/drain":
		c.fleet.Drain(n - 1)
	case "/update":
		c.fleet.Replace(n-1, c.update)
	default:
		return "no such thing to do: " + strconv.Quote(what)
	}
	return server
}
