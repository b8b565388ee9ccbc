package lookup_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

var router = membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving, URL: "http://127.0.0.1:8080"}

func server(i int) membership.Member {
	return membership.Member{
		Name: membership.ServerName(fmt.Sprintf("game-%d", i)), Role: membership.GameServer, State: membership.Serving,
		URL: fmt.Sprintf("http://10.0.0.%d:9000", i), Weight: 1,
	}
}

func servers(n int) (all []membership.Member) {
	for i := range n {
		all = append(all, server(i+1))
	}
	return all
}

func TestEveryRouterSeesTheSameHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := servers(rapid.IntRange(1, 20).Draw(t, "servers"))
		for i := range all {
			all[i].Weight = rapid.IntRange(1, 3).Draw(t, "weight")
			all[i].State = rapid.SampledFrom([]membership.State{membership.Serving, membership.Draining}).Draw(t, "state")
		}
		other := router
		other.Name = "router-2"
		a := lookup.NewTable(membership.NewStatic(router, append(slices.Clone(all), other)...))
		b := lookup.NewTable(membership.NewStatic(other, append(rapid.Permutation(all).Draw(t, "order"), router)...))
		room := proto.RoomID(rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,20}`).Draw(t, "room"))
		homeA, okA := a.Fleet().Home(room)
		homeB, okB := b.Fleet().Home(room)
		if homeA != homeB || okA != okB {
			t.Fatalf("room %s is at %v (%v) for one router and at %v (%v) for the other", room, homeA.Name, okA, homeB.Name, okB)
		}
		if okA && homeA.State != membership.Serving {
			t.Fatalf("room %s has home %s, which is %s", room, homeA.Name, homeA.State)
		}
		if okA != (len(a.Fleet().Serving()) > 0) {
			t.Fatalf("home found: %v, with %d serving servers", okA, len(a.Fleet().Serving()))
		}
	})
}

func TestTablePreparesEachViewOnce(t *testing.T) {
	source := membership.NewStatic(router, servers(3)...)
	table := lookup.NewTable(source)
	first := table.Fleet()
	if table.Fleet() != first {
		t.Error("the same view was prepared twice")
	}
	changed := table.Changed()
	source.Set(server(1))
	<-changed
	home, ok := table.Fleet().Home("a-room")
	if !ok || home.Name != "game-1" {
		t.Errorf("home is %q, %v; want game-1, the only server left", home.Name, ok)
	}
	if len(first.Serving()) != 3 {
		t.Errorf("the earlier fleet has %d servers; it must stay at 3", len(first.Serving()))
	}
}

func TestNoServersNoHome(t *testing.T) {
	draining := server(1)
	draining.State = membership.Draining
	fleet := lookup.NewTable(membership.NewStatic(router, draining)).Fleet()
	if home, ok := fleet.Home("a-room"); ok {
		t.Errorf("home is %q; want none", home.Name)
	}
	if room, home, ok := lookup.NewPicker(unknown, nil).Pick(fleet, ""); ok {
		t.Errorf("picked %q at %q; want none", room, home.Name)
	}
}

func TestServerOfURL(t *testing.T) {
	plain, secure, draining := server(1), server(2), server(3)
	secure.URL = "https://Play.example.com/"
	draining.State = membership.Draining
	behind, other := server(4), server(5)
	behind.URL, other.URL = "https://lobby.example.com/v1/servers/game-4", "https://lobby.example.com/v1/servers/game-5/"
	fleet := lookup.NewFleet(membership.NewStatic(router, plain, secure, draining, behind, other).View())
	for url, want := range map[string]membership.ServerName{
		"ws://10.0.0.1:9000/v1/rooms/a/connect":                        "game-1",
		"http://10.0.0.1:9000":                                         "game-1",
		"wss://play.example.com/v1/rooms/a/connect":                    "game-2",
		"https://PLAY.example.com:443":                                 "game-2",
		"wss://lobby.example.com/v1/servers/game-4/v1/rooms/a/connect": "game-4",
		"https://lobby.example.com/v1/servers/game-5":                  "game-5",
		"wss://lobby.example.com/v1/servers/game-6/v1/rooms/a/connect": "",
		"ws://10.0.0.3:9000/":                                          "game-3", // it still has rooms
		"ws://10.0.0.1:9001/":                                          "",
		"ws://10.0.0.1/":                                               "",
		"ws://10.0.0.1:9000@evil.example.com/":                         "",
		"http://127.0.0.1:8080/":                                       "", // a router is no place for rooms
		"ftp://10.0.0.1:9000/":                                         "",
		"10.0.0.1:9000":                                                "",
		"":                                                             "",
		"http://169.254.169.254/latest/meta-data/?x=10.0.0.1:9000":     "",
	} {
		m, ok := fleet.Server(url)
		if m.Name != want || ok != (want != "") {
			t.Errorf("Server(%q) = %q, %v; want %q", url, m.Name, ok, want)
		}
	}
}

// ids gives the ids in turn.
func ids(rooms ...proto.RoomID) func() proto.RoomID {
	return func() proto.RoomID {
		r := rooms[0]
		rooms = rooms[1:]
		return r
	}
}

// roomOf finds a room whose home is the server of that name.
func roomOf(t *testing.T, f *lookup.Fleet, name membership.ServerName) proto.RoomID {
	t.Helper()
	for i := range 1000 {
		room := proto.RoomID(fmt.Sprintf("room-%d", i))
		if home, _ := f.Home(room); home.Name == name {
			return room
		}
	}
	t.Fatalf("no room of 1000 has home %s", name)
	return ""
}

// unknown are the loads of servers that have not answered yet.
func unknown(membership.ServerName) (lookup.Load, bool) { return lookup.Load{}, false }

// loads are those of game-1 and so on, in turn.
func loads(all ...*lookup.Load) lookup.Loads {
	return func(name membership.ServerName) (lookup.Load, bool) {
		for i, l := range all {
			if name == server(i+1).Name && l != nil {
				return *l, true
			}
		}
		return lookup.Load{}, false
	}
}

func TestPickTakesTheLessLoadedOfTwo(t *testing.T) {
	tests := []struct {
		name     string
		a, b     *lookup.Load // nil: unknown
		weightB  int
		want     membership.ServerName
		wantNext membership.ServerName // when the same two candidates come again at once
	}{
		{"all idle: the first, then the other", &lookup.Load{}, &lookup.Load{}, 1, "game-1", "game-2"},
		{"busy decides", &lookup.Load{Busy: 500, Rooms: 1}, &lookup.Load{Busy: 100, Rooms: 40}, 1, "game-2", "game-2"},
		{"rooms that idle count", &lookup.Load{Rooms: 10}, &lookup.Load{Rooms: 4}, 1, "game-2", "game-2"},
		{"noise in an idle fleet does not", &lookup.Load{Rooms: 4, Busy: 3}, &lookup.Load{Rooms: 5, Busy: 1}, 1, "game-1", "game-1"},
		{"players decide between equals", &lookup.Load{Rooms: 4, Players: 9}, &lookup.Load{Rooms: 4, Players: 8}, 1, "game-2", "game-1"},
		{"a heavier server carries more", &lookup.Load{Busy: 300}, &lookup.Load{Busy: 500}, 2, "game-2", "game-2"},
		{"unknown is no zero", &lookup.Load{Busy: 500, Rooms: 20}, nil, 1, "game-1", "game-1"},
		{"both unknown: in turn", nil, nil, 1, "game-1", "game-2"},
		{"rooms as dear as those that it has", &lookup.Load{Busy: 500, Rooms: 5}, &lookup.Load{Busy: 550, Rooms: 5}, 1, "game-1", "game-2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := server(1), server(2)
			b.Weight = tt.weightB
			fleet := lookup.NewFleet(membership.NewStatic(router, a, b).View())
			roomA, roomB := roomOf(t, fleet, "game-1"), roomOf(t, fleet, "game-2")
			picker := lookup.NewPicker(loads(tt.a, tt.b), ids(roomA, roomB, roomA, roomB))
			for _, want := range []membership.ServerName{tt.want, tt.wantNext} {
				_, home, ok := picker.Pick(fleet, "")
				if !ok || home.Name != want {
					t.Errorf("picked %q, %v; want %q", home.Name, ok, want)
				}
			}
		})
	}
}

func TestPickForgetsWhatANewLoadSays(t *testing.T) {
	a, b := server(1), server(2)
	source := membership.NewStatic(router, a, b)
	table := lookup.NewTable(source)
	roomA, roomB := roomOf(t, table.Fleet(), "game-1"), roomOf(t, table.Fleet(), "game-2")
	var loadA, loadB lookup.Load
	// Three rooms whose candidates are both at game-1; then a choice.
	picker := lookup.NewPicker(loads(&loadA, &loadB), ids(roomA, roomA, roomA, roomA, roomA, roomA, roomB, roomA))
	for range 3 {
		picker.Pick(table.Fleet(), "")
	}
	loadA.Rooms, loadB.Rooms = 3, 4 // the three have arrived; game-2 has had others
	if _, home, _ := picker.Pick(table.Fleet(), ""); home.Name != "game-1" {
		t.Errorf("picked %s; want game-1, which has 3 rooms and not 6", home.Name)
	}
}

func TestPickedIDsAreRoomIDs(t *testing.T) {
	fleet := lookup.NewFleet(membership.NewStatic(router, servers(3)...).View())
	picker := lookup.NewPicker(unknown, nil)
	seen := map[proto.RoomID]bool{}
	for range 100 {
		room, home, ok := picker.Pick(fleet, "q-")
		if _, err := proto.ParseRoomID(string(room)); err != nil || len(room) != 18 || room[:2] != "q-" || seen[room] {
			t.Fatalf("picked %q (seen before: %v): %v", room, seen[room], err)
		}
		if want, _ := fleet.Home(room); !ok || home != want {
			t.Fatalf("picked %q at %s; its home is %s", room, home.Name, want.Name)
		}
		seen[room] = true
	}
}

// Two choices keep the fullest of 20 servers within a few rooms of the mean, before any of them has said anything;
// one choice would put about 1.35 times the mean on it.
func TestPickBalances(t *testing.T) {
	fleet := lookup.NewFleet(membership.NewStatic(router, servers(20)...).View())
	picker := lookup.NewPicker(unknown, nil)
	var mu sync.Mutex
	rooms := map[membership.ServerName]int{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 500 {
				_, home, _ := picker.Pick(fleet, "")
				mu.Lock()
				rooms[home.Name]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	most := 0
	for _, n := range rooms {
		most = max(most, n)
	}
	if most > 106 {
		t.Errorf("the fullest of 20 servers has %d of 2000 rooms; want at most 106 (mean 100)", most)
	}
}

func TestHomeDoesNotAllocate(t *testing.T) {
	table := lookup.NewTable(membership.NewStatic(router, servers(100)...))
	if n := testing.AllocsPerRun(100, func() { table.Fleet().Home("a-room") }); n != 0 {
		t.Errorf("a lookup allocates %v times", n)
	}
}

func BenchmarkHome(b *testing.B) {
	table := lookup.NewTable(membership.NewStatic(router, servers(100)...))
	for b.Loop() {
		table.Fleet().Home("a-room")
	}
}
