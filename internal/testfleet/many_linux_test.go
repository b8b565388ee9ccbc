package testfleet

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// manyPatience bounds the waits of TestManyServers: the servers share a few cores.
const manyPatience = 3 * time.Minute

// Thirty servers with 2,000 rooms: one joins, one drains, one is killed, and each time every room is soon led once, at its home.
// All of it is one process, so the test is left out unless RINGSIDE_MANY is set: it takes minutes and all cores.
func TestManyServers(t *testing.T) {
	if os.Getenv("RINGSIDE_MANY") == "" {
		t.Skip("set RINGSIDE_MANY=1")
	}
	const servers, rooms = 30, 2000
	begun := time.Now()
	f := Start(t, Options{Servers: servers})
	t.Logf("%d servers see each other after %v", servers, time.Since(begun).Round(time.Millisecond))
	empty := cores(5 * time.Second)

	players := make([]*player, rooms)
	var next atomic.Int32
	begun = time.Now()
	all(64, func(int) { // each waits for the first tick
		for i := int(next.Add(1)) - 1; i < rooms; i = int(next.Add(1)) - 1 {
			c := f.through(0, manyRoom(i), "alice")
			c.Request.Options = []byte(`{"rate":1}`)
			players[i] = join(t, c)
		}
	})
	t.Logf("%d rooms are created after %v", rooms, time.Since(begun).Round(time.Millisecond))
	f.settle(t, "the rooms are created", rooms)
	t.Logf("CPU: %.2f cores without rooms, %.2f with %d rooms of one tick a second and one player, clients included", empty, cores(10*time.Second), rooms)

	f.Add()
	f.settle(t, "a server joins", rooms)
	begun = time.Now()
	f.Drain(3)
	t.Logf("a server drains in %v", time.Since(begun).Round(time.Millisecond))
	f.settle(t, "that", rooms)
	f.Kill(7)
	f.settle(t, "a server is killed", rooms)
	allPlay(t, 2, players...)
	for i, p := range players {
		if s := p.client.Stats(); s.Violations > 0 {
			t.Errorf("%s: %d violations", manyRoom(i), s.Violations)
		}
	}
}

func manyRoom(i int) proto.RoomID { return proto.RoomID(fmt.Sprint("room-", i)) }

// settle waits until every room is led once, at its home.
func (f *Fleet) settle(t *testing.T, what string, rooms int) {
	t.Helper()
	begun := time.Now()
	lacking := ""
	for ; time.Since(begun) < manyPatience; time.Sleep(100 * time.Millisecond) {
		led, astray := map[proto.RoomID]int{}, 0
		placement := f.Routers[0].gossip.View().Placement()
		for _, s := range f.Servers {
			if s.gone {
				continue
			}
			for _, r := range s.Node.Rooms() {
				led[r.ID]++
				if home, _ := placement.Home(string(r.ID)); home != s.Name || led[r.ID] > 1 {
					astray++
				}
			}
		}
		if lacking = fmt.Sprintf("%d of %d rooms are led, %d of them elsewhere or twice", len(led), rooms, astray); len(led) == rooms && astray == 0 {
			t.Logf("after %s all is settled in %v", what, time.Since(begun).Round(time.Millisecond))
			return
		}
	}
	t.Fatalf("%v after %s: %s", manyPatience, what, lacking)
}

// cores is how many cores this process uses on average.
func cores(length time.Duration) float64 {
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	begun, from := time.Now(), used()
	time.Sleep(length)
	return float64(used()-from) / float64(time.Since(begun))
}
