package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// asSlow as the value of asGame makes this test binary serve slow.
const asSlow = "slow"

// slow is a game of one tick a second: two cores run thousands of its rooms beside their clients.
func slow() game.Definition {
	return game.Definition{Name: "slow", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &idle{}, game.Settings{TickRate: 1, Seats: 2}, nil
	}}
}

// manyServers is a fleet of processes, each of which may pause for seconds while all of them start on two cores.
type manyServers struct {
	t        *testing.T
	programs map[string]*program
	urls     map[string]string
	seeds    string
}

func (f *manyServers) start(name string) {
	f.t.Helper()
	p := runProgram(f.t, []string{asGame + "=" + asSlow, "GOMAXPROCS=1"}, "-name="+name, "-listen=127.0.0.1:0", "-log-format=json", "-seeds="+f.seeds)
	line := p.logged("server starts")
	if f.seeds == "" {
		f.seeds = attr(line, "gossip")
	}
	f.programs[name], f.urls[name] = p, attr(line, "url")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.ends()
	}()
	f.t.Cleanup(func() {
		_ = p.Process.Kill()
		<-ended
	})
}

func (f *manyServers) stop(name string, s os.Signal) {
	f.programs[name].signal(s)
	delete(f.programs, name)
	delete(f.urls, name)
}

// until polls for minutes: settling takes as long as the machine needs.
func (f *manyServers) until(what string, ok func() (missing string)) {
	f.t.Helper()
	begun, missing := time.Now(), ""
	for time.Since(begun) < 3*time.Minute {
		if missing = ok(); missing == "" {
			f.t.Logf("%s: %v", what, time.Since(begun).Round(10*time.Millisecond))
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	f.t.Fatalf("%s: %s", what, missing)
}

// meet waits until every server sees all servers.
func (f *manyServers) meet(what string) {
	f.t.Helper()
	f.until(what+", all servers see each other", func() string {
		for name, url := range f.urls {
			var view json.RawMessage
			if err := getJSON(url+"/v1/server/details", &view); err != nil {
				return fmt.Sprintf("%s: %v", name, err)
			}
			if n := strings.Count(string(view), `":"serving"`); n != len(f.urls) {
				return fmt.Sprintf("%s sees %d of %d", name, n, len(f.urls))
			}
		}
		return ""
	})
}

// settle waits until every room is led once, at its home.
func (f *manyServers) settle(what string, rooms int) {
	f.t.Helper()
	var members []placement.Server
	for name := range f.urls {
		members = append(members, placement.Server{Name: name})
	}
	homes := placement.New(members)
	f.until(what+", all rooms are at home", func() string {
		led, astray := map[proto.RoomID]bool{}, 0
		for name, at := range f.urls {
			for after := proto.RoomID(""); ; {
				var page report.RoomPage
				if err := getJSON(at+"/v1/server/rooms?limit=500&after="+url.QueryEscape(string(after)), &page); err != nil {
					return fmt.Sprintf("%s: %v", name, err)
				}
				for _, r := range page.Rooms {
					if home, _ := homes.Home(string(r.Room)); home != name || led[r.Room] || r.Role != "leading" || len(r.Standbys) != 1 {
						astray++
					}
					led[r.Room] = true
				}
				if after = page.Next; after == "" {
					break
				}
			}
		}
		if len(led) != rooms || astray > 0 {
			return fmt.Sprintf("%d of %d rooms are led, %d of them elsewhere, twice or without a standby", len(led), rooms, astray)
		}
		return ""
	})
}

func getJSON(url string, to any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(to)
}

// Thirty servers, each a process, with 2,000 rooms: a join, a drain and a kill settle, and no player notices more than a
// reconnect. It needs some minutes and the whole machine, so it runs only when RINGSIDE_MANY is set.
func TestManyProcesses(t *testing.T) {
	if os.Getenv("RINGSIDE_MANY") == "" {
		t.Skip("set RINGSIDE_MANY=1")
	}
	const servers, rooms = 30, 2000
	f := &manyServers{t: t, programs: map[string]*program{}, urls: map[string]string{}}
	for i := range servers {
		f.start(fmt.Sprint("gs-", i+1))
	}
	f.meet("after the start")

	type player struct {
		client *goclient.Client
		frames atomic.Uint64
		err    error
	}
	players := make([]*player, rooms)
	var playing, joining sync.WaitGroup
	t.Cleanup(func() {
		for _, p := range players {
			if p != nil && p.client != nil {
				p.client.Close()
			}
		}
		playing.Wait()
	})
	first := f.urls["gs-1"]
	var next atomic.Int32
	begun := time.Now()
	for range 32 {
		joining.Go(func() {
			for i := int(next.Add(1)) - 1; i < rooms; i = int(next.Add(1)) - 1 {
				room, p := fmt.Sprint("room-", i), &player{}
				var err error
				for range 100 {
					p.client, err = goclient.Dial(t.Context(), goclient.Config{
						URL:    "ws" + strings.TrimPrefix(first, "http") + "/v1/rooms/" + room + "/connect",
						Ticket: sign(t, ticket.Claims{Room: proto.RoomID(room), Game: "slow"}),
						Events: goclient.Events{Frame: func(*goclient.Client) { p.frames.Add(1) }},
					})
					if err == nil {
						break
					}
				}
				if players[i] = p; err != nil {
					t.Errorf("%s: %v", room, err)
					return
				}
				playing.Go(func() { p.err = p.client.Run(context.Background()) })
			}
		})
	}
	joining.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d rooms are created after %v", rooms, time.Since(begun).Round(time.Millisecond))
	f.settle("with all rooms", rooms)
	all := func(what string) {
		from := make([]uint64, rooms)
		for i, p := range players {
			from[i] = p.frames.Load()
		}
		f.until(what+", everybody plays on", func() string {
			for i, p := range players {
				if p.frames.Load() < from[i]+2 {
					return fmt.Sprintf("room-%d stands still", i)
				}
			}
			return ""
		})
	}
	all("with all rooms")

	f.start("gs-31")
	f.settle("after a server has joined", rooms)
	f.stop("gs-4", syscall.SIGTERM)
	f.settle("after a server has begun to drain", rooms)
	f.stop("gs-8", syscall.SIGKILL)
	f.settle("after a server was killed", rooms)
	all("at the end")
	for i, p := range players {
		if s := p.client.Stats(); s.Violations > 0 {
			t.Errorf("room-%d: %d violations", i, s.Violations)
		}
	}
}
