package room

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// modelClient is one connection to the room of a roomModel.
type modelClient struct {
	*testClient
	occupant *Occupant
	gone     bool // left or lost by its own side
	next     proto.Seq
}

// roomModel is a room that the test ticks by hand, and all connections that were ever made to it.
type roomModel struct {
	room    *Room
	now     time.Duration
	clients []*modelClient
}

// Whatever clients do, in any order: a client that has the last tick has the server's state, nobody is closed twice, and
// the room's counts are those of the clients inside.
func TestRandomClients(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		config := testConfig()
		config.Checks = true
		p, err := NewPool(config)
		if err != nil {
			t.Fatal(err)
		}
		c := &roomModel{room: newRoom(p, Spec{ID: "r", Game: "test", Sim: newTestGame(outer, 20, 3)})}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				player := proto.PlayerID(fmt.Sprint("p", rapid.IntRange(0, 4).Draw(t, "player")))
				c.enter(t, Join{Player: player, Proven: rapid.Uint32Range(0, 9).Draw(t, "proven")})
			},
			"watch": func(t *rapid.T) { c.enter(t, Join{Spectator: true}) },
			"resume": func(t *rapid.T) {
				if v := c.any(t); v != nil && len(v.welcomes) > 0 && !v.occupant.spectator {
					c.enter(t, Join{Resume: v.welcomes[0].Resume})
				}
			},
			"input": func(t *rapid.T) {
				v := c.any(t)
				if v == nil || v.occupant.spectator {
					return
				}
				if v.next == 0 && len(v.welcomes) > 0 {
					v.next = v.welcomes[0].Processed + 1
				}
				if v.next > 0 && v.occupant.QueueInput(testInputs(v.next, 1, 2), time.Now(), 0) == nil {
					v.next += 2
				}
			},
			"lose": func(t *rapid.T) {
				if v := c.any(t); v != nil {
					v.gone = true
					v.occupant.QueueLost()
				}
			},
			"leave": func(t *rapid.T) {
				if v := c.any(t); v != nil {
					v.gone = true
					v.occupant.QueueLeave()
				}
			},
			"stick": func(t *rapid.T) {
				if v := c.any(t); v != nil {
					v.stuck = !v.stuck
				}
			},
			"finish": func(t *rapid.T) {
				if v := c.any(t); v != nil {
					v.occupant.QueueCustom([]byte("finish"))
				}
			},
			"tick":    func(t *rapid.T) { c.tick(t, 1) },
			"seconds": func(t *rapid.T) { c.tick(t, rapid.IntRange(20, 400).Draw(t, "ticks")) },
		})
		c.room.end(proto.CloseEnded, "")
		for i, v := range c.clients {
			if n := len(v.closes); n > 1 || n == 0 && !v.gone {
				t.Fatalf("client %d was closed %d times", i, n)
			}
		}
		m := config.Metrics
		if a, b := testutil.ToFloat64(m.Players), testutil.ToFloat64(m.Spectators); a != 0 || b != 0 {
			t.Fatalf("metrics show %v players and %v spectators after the end", a, b)
		}
	})
}

func (c *roomModel) enter(t *rapid.T, j Join) {
	v := &modelClient{testClient: &testClient{}}
	j.Client = v.testClient
	var err error
	if v.occupant, err = c.room.QueueJoin(j); err != nil {
		t.Fatal(err)
	}
	c.clients = append(c.clients, v)
}

func (c *roomModel) any(t *rapid.T) *modelClient {
	if len(c.clients) == 0 {
		return nil
	}
	return c.clients[rapid.IntRange(0, len(c.clients)-1).Draw(t, "who")]
}

// tick runs n ticks and checks the room after each.
func (c *roomModel) tick(t *rapid.T, n int) {
	for range n {
		c.now += 50 * time.Millisecond
		c.room.idleSince = c.now // it never ends by itself
		if c.room.tick(c.now) != goesOn {
			t.Fatal("the room has ended")
		}
		seats, spectators := 0, 0
		for i, v := range c.clients {
			for _, b := range v.broken {
				t.Fatalf("client %d: %s", i, b)
			}
			if v.occupant.state == synced && v.store.Hash() != c.room.sim.Store().Hash() {
				t.Fatalf("client %d has the last tick and another state", i)
			}
			switch {
			case v.occupant.state == outside:
			case v.occupant.spectator:
				spectators++
			default:
				seats++
			}
		}
		info := c.room.Info()
		if info.Connected != seats || info.Spectators != spectators || info.Players < seats || info.Players > info.Seats {
			t.Fatalf("%d players and %d spectators inside, info %+v", seats, spectators, info)
		}
	}
}
