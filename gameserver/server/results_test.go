package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// asShort as the value of asGame makes this test binary serve short matches.
const asShort = "short"

// short is a game whose matches take half a second each.
type short struct {
	State game.Value[struct {
		Ends uint32 `state:""`
	}]
}

func (*short) Start(*game.Room)              {}
func (*short) Join(*game.Room, game.Player)  {}
func (*short) Leave(*game.Room, game.Player) {}

func (s *short) Tick(r *game.Room) {
	if uint32(r.Tick()) < s.State.Get().Ends {
		return
	}
	s.State.Get().Ends = uint32(r.Tick()) + 10
	r.Finish(game.Outcome{Results: []game.Result{{Seat: 0, Place: 1, Score: int32(r.Tick())}}, Data: []byte{1, 2, 3}})
}

func shorts() game.Definition {
	return game.Definition{Name: "short", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &short{}, game.Settings{TickRate: 20, Seats: 2}, nil
	}}
}

// storedOutcome is one of GET /v1/outcomes.
type storedOutcome struct {
	Seq     int `json:"seq"`
	Outcome struct {
		Instance string `json:"instance"`
		Match    uint32 `json:"match"`
		Tick     uint32 `json:"tick"`
		Results  []struct {
			Player string `json:"player"`
			Score  int32  `json:"score"`
		} `json:"results"`
	} `json:"outcome"`
}

// The router with the store is killed, then the leader with outcomes that the store does not have, then the standby that has taken the
// room over: when all are back, the store has each outcome once, and the player was told nothing else.
func TestOutcomesSurviveEveryProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	router := filepath.Join(t.TempDir(), "router")
	if out, err := exec.Command("go", "build", "-o", router, "github.com/ringside-go/ringside/router").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir := t.TempDir()
	http, gossip := freeAddress(t), freeAddress(t)
	startRouter := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), router, "-name=router-1", "-listen="+http, "-gossip="+gossip, "-results=sqlite:"+filepath.Join(dir, "results"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd
	}
	startServer := func(name string) (*program, string) {
		p := runProgram(t, []string{asGame + "=" + asShort}, "-name="+name, "-listen=127.0.0.1:0", "-log-format=json", "-seeds="+gossip,
			"-results", "-data="+filepath.Join(dir, name))
		return p, attr(p.logged("server starts"), "url")
	}
	r := startRouter()
	servers, urls := map[string]*program{}, map[string]string{}
	start := func(name string) { servers[name], urls[name] = startServer(name) }
	start("gs-1")
	start("gs-2")
	await(t, "all see each other", func() bool {
		body, _ := fetch(t, urls["gs-1"]+"/v1/server/details")
		return strings.Count(body, `":"serving"`) == 3
	})

	p := &shortPlayer{ended: make(chan struct{})}
	p.play(t, urls["gs-1"])
	await(t, "the player hears outcomes", func() bool { return p.matches() >= 2 })

	_ = r.Process.Kill()
	_ = r.Wait()
	heard := p.matches()
	leader := p.at()
	await(t, "outcomes wait at the leader", func() bool { return waiting(t, urls[leader]) >= 4 })
	if n := p.matches(); n > heard+1 { // one answer may have been on its way
		t.Errorf("%d outcomes were told without a store", n-heard)
	}
	decided := heard + waiting(t, urls[leader]) + 2 // by both leaders, at least
	_ = servers[leader].Process.Kill()
	standby := map[string]string{"gs-1": "gs-2", "gs-2": "gs-1"}[leader]
	await(t, "they wait at the next leader, and more", func() bool { return p.at() == standby && waiting(t, urls[standby]) >= decided })
	_ = servers[standby].Process.Kill()
	<-servers[standby].dead()

	startRouter()
	start("gs-1")
	start("gs-2")
	var list []storedOutcome
	await(t, "everything is delivered", func() bool {
		if waiting(t, urls["gs-1"])+waiting(t, urls["gs-2"]) > 0 {
			return false
		}
		body, status := fetch(t, "http://"+http+"/v1/outcomes?limit=500")
		var page struct{ Outcomes []storedOutcome }
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			t.Fatalf("%d, %v: %s", status, err, body)
		}
		list = page.Outcomes
		return len(list) >= decided
	})
	for n, o := range list {
		if o.Outcome.Instance != list[0].Outcome.Instance {
			t.Fatalf("the room began anew: %+v", o)
		}
		if o.Seq != n+1 || int(o.Outcome.Match) != n+1 {
			t.Errorf("outcome %d is of match %d", o.Seq, o.Outcome.Match)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.heard {
		if int(o.Match) > len(list) {
			t.Errorf("the player heard match %d, which is not stored", o.Match)
			continue
		}
		if s := list[o.Match-1].Outcome; uint32(o.Tick) != s.Tick || len(s.Results) != 1 || s.Results[0].Player != "ann" || s.Results[0].Score != o.Results[0].Score {
			t.Errorf("the player heard %+v, the store has %+v", o, s)
		}
	}
	if body, status := fetch(t, "http://"+http+"/internal/v1/conflicts"); status != 200 || strings.Contains(body, "instance") {
		t.Errorf("conflicts: %d, %s", status, body)
	}
}

// shortPlayer plays short matches.
type shortPlayer struct {
	ended  chan struct{}
	mu     sync.Mutex
	server string
	heard  []proto.Outcome
}

func (p *shortPlayer) play(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := goclient.Dial(ctx, goclient.Config{
		URL:    "ws" + strings.TrimPrefix(url, "http") + "/v1/rooms/short/connect",
		Ticket: sign(t, ticket.Claims{Room: "short", Game: "short", Player: "ann"}),
		Events: goclient.Events{
			Entered: func(c *goclient.Client) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.server = c.Welcome().Server
			},
			Outcome: func(_ *goclient.Client, o proto.Outcome) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.heard = append(p.heard, o)
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = client.Run(context.Background())
	}()
	t.Cleanup(func() {
		client.Close()
		<-p.ended
	})
}

func (p *shortPlayer) matches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.heard)
}

func (p *shortPlayer) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

// waiting is how many outcomes of a server the store does not have.
func waiting(t *testing.T, url string) (n int) {
	t.Helper()
	body, _ := fetch(t, url+"/metrics")
	_, rest, ok := strings.Cut(body, "\nringside_outcomes_waiting ")
	if _, err := fmt.Sscan(rest, &n); !ok || err != nil {
		t.Fatalf("no metric of waiting outcomes: %v", err)
	}
	return n
}

// dead is closed when the program has ended.
func (p *program) dead() <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		_, _ = p.Process.Wait()
	}()
	return c
}

// freeAddress is one that nobody listens on, for a process that is to be started again under it.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
