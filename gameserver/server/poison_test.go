package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// asPoison as the value of asGame makes this test binary serve poison.
const asPoison = "poison"

// fatalStatus is the exit status of a Go program that panics.
const fatalStatus = 2

// fuse is how many ticks after the player's message the game kills its server: the standby has the state by then.
const fuse = 20

// poison is a game that ends the process once a player has sent a message, at every server that ticks it.
type poison struct {
	State game.Value[struct {
		Way   string `state:"max=16"` // of deadly; empty: none yet
		Ticks uint32 `state:""`
	}]
}

// deadly are ways in which a game's program ends its process. Go lets none of them be caught, but for the first.
var deadly = map[string]func(){
	"exit": func() { os.Exit(fatalStatus) },
	"stack overflow": func() {
		debug.SetMaxStack(1 << 20) // it would be a gigabyte
		_ = overflow(0)
	},
	"map writes": func() {
		shared := map[int]int{}
		for range 2 {
			go func() {
				for i := 0; ; i++ {
					shared[i%8] = i
				}
			}()
		}
		select {}
	},
	"goroutine": func() {
		go func() { panic("in a goroutine of the game") }()
		select {}
	},
}

func overflow(n int) int {
	if n < 0 {
		return 0
	}
	return 1 + overflow(n+1)
}

func poisons() game.Definition {
	return game.Definition{Name: "poison", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &poison{}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

func (p *poison) Start(*game.Room)                                {}
func (p *poison) Join(*game.Room, game.Player)                    {}
func (p *poison) Leave(*game.Room, game.Player)                   {}
func (p *poison) Message(_ *game.Room, _ game.Player, way []byte) { p.State.Get().Way = string(way) }
func (p *poison) Tick(*game.Room) {
	s := p.State.Get()
	if s.Way == "" {
		return
	}
	if s.Ticks++; s.Ticks > fuse {
		deadly[s.Way]()
	}
}

// poisonPlayer plays until its client ends.
type poisonPlayer struct {
	client *goclient.Client
	frames atomic.Uint64
	server atomic.Value // that leads its room
	ended  chan struct{}
	err    error // once ended is closed
}

func poisonConfig(t *testing.T, url, room string, options []byte) goclient.Config {
	return goclient.Config{
		URL:    "ws" + strings.TrimPrefix(url, "http") + "/v1/rooms/" + room + "/connect",
		Ticket: sign(t, ticket.Claims{Room: proto.RoomID(room), Game: "poison", Player: proto.PlayerID("player-of-" + room), Options: options}),
	}
}

func playPoison(t *testing.T, url, room string) *poisonPlayer {
	t.Helper()
	p := &poisonPlayer{ended: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	await(t, "a client is let in", func() bool {
		var err error
		c := poisonConfig(t, url, room, nil)
		c.Events = goclient.Events{
			Entered: func(c *goclient.Client) { p.server.Store(c.Welcome().Server) },
			Frame:   func(*goclient.Client) { p.frames.Add(1) },
		}
		p.client, err = goclient.Dial(ctx, c)
		return err == nil
	})
	go func() {
		defer close(p.ended)
		p.err = p.client.Run(context.Background())
	}()
	t.Cleanup(func() {
		p.client.Close()
		<-p.ended
	})
	return p
}

// processes are game servers gs-1, gs-2 and so on that see each other.
type processes struct {
	programs []*program
	urls     []string
}

func runFleet(t *testing.T, game string, servers int, env ...string) *processes {
	t.Helper()
	f := &processes{}
	seeds := ""
	for i := range servers {
		p := runProgram(t, append(env, asGame+"="+game), fmt.Sprint("-name=gs-", i+1), "-listen=127.0.0.1:0", "-log-format=json", "-seeds="+seeds)
		line := p.logged("server starts")
		if seeds == "" {
			seeds = attr(line, "gossip")
		}
		f.programs, f.urls = append(f.programs, p), append(f.urls, attr(line, "url"))
	}
	for _, url := range f.urls {
		await(t, "all servers see each other", func() bool {
			body, _ := fetch(t, url+"/v1/server/details")
			return strings.Count(body, `":"serving"`) == servers
		})
	}
	return f
}

// number is the place of a server in the lists.
func (f *processes) number(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "gs-"))
	return n - 1
}

// goOn waits until all play on.
func goOn(t *testing.T, players []*poisonPlayer) {
	t.Helper()
	var all sync.WaitGroup
	for i, p := range players {
		all.Go(func() {
			select {
			case <-p.ended:
				t.Errorf("the client of room-%d ended with %v", i, p.err)
				return
			default:
			}
			before := p.frames.Load()
			await(t, fmt.Sprintf("room-%d goes on", i), func() bool { return p.frames.Load() > before+30 })
		})
	}
	all.Wait()
}

// A room that kills every process which ticks it ends two servers, its leader and the standby that took it over, and no third one:
// its player is told that it crashed, and all other rooms go on.
func TestPoisonRoomKillsTwoServers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	for way := range deadly {
		t.Run(way, func(t *testing.T) { poisonKillsTwo(t, way) })
	}
}

func poisonKillsTwo(t *testing.T, way string) {
	const servers, rooms = 4, 20
	fleet := runFleet(t, asPoison, servers)
	statuses := make(chan int, servers)
	for _, p := range fleet.programs {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			statuses <- p.ends()
		}()
		t.Cleanup(func() {
			_ = p.Process.Kill()
			<-ended
		})
	}
	var players []*poisonPlayer
	for i := range rooms {
		players = append(players, playPoison(t, fleet.urls[0], fmt.Sprint("room-", i)))
	}
	victim := playPoison(t, fleet.urls[0], "poison")
	await(t, "all play", func() bool {
		for _, p := range append(players, victim) {
			if p.frames.Load() < 30 {
				return false
			}
		}
		return true
	})
	if err := victim.client.SendCustom([]byte(way)); err != nil {
		t.Fatal(err)
	}
	await(t, "the player of the poison room is told", func() bool {
		select {
		case <-victim.ended:
			return true
		default:
			return false
		}
	})
	var closed *goclient.CloseError
	if !errors.As(victim.err, &closed) || closed.Code != proto.CloseCrashed {
		t.Errorf("its client ended with %v", victim.err)
	}
	for range 2 {
		if status := <-statuses; status != fatalStatus {
			t.Errorf("a server ended with status %d", status)
		}
	}
	goOn(t, players)
	if n := len(statuses); n != 0 {
		t.Errorf("%d more servers have ended", n)
	}
}
