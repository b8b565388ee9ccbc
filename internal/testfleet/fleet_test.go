package testfleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
)

// Every player of a room is on one server, which is the same whichever router is asked, in both modes.
func TestOneServerForARoom(t *testing.T) {
	for _, mode := range []gateway.Mode{gateway.Redirect, gateway.Proxy} {
		t.Run(string(mode), func(t *testing.T) {
			f := Start(t, Options{Routers: 2, Mode: mode})
			const rooms, players = 8, 4
			var mu sync.Mutex
			servers := map[proto.RoomID][]string{}
			entered := make([]*player, rooms*players)
			all(rooms*players, func(i int) {
				id := proto.RoomID(fmt.Sprint("room-", i%rooms))
				p := join(t, f.through(i%2, id, proto.PlayerID(fmt.Sprint("p", i))))
				mu.Lock()
				defer mu.Unlock()
				servers[id] = append(servers[id], p.server())
				entered[i] = p
			})
			allPlay(t, 30, entered...)
			used := map[string]bool{}
			for id, on := range servers {
				slices.Sort(on)
				if on = slices.Compact(on); len(on) != 1 || on[0] != f.Home(id).Name {
					t.Errorf("the players of %s are on %v, its home is %s", id, on, f.Home(id).Name)
				}
				if leaders := f.Leaders(id); len(leaders) != 1 {
					t.Errorf("%s is led by %v", id, leaders)
				}
				used[on[0]] = true
			}
			if len(used) < 2 {
				t.Errorf("all rooms are on %v", used)
			}
		})
	}
}

// A server that neither leads a room nor is its home sends the client to the one that is.
func TestMoved(t *testing.T) {
	f := Start(t, Options{})
	const id = "a-room"
	home := f.Home(id)
	// The first one makes the room; a home that has just started may have them come again, from where they began, until it does.
	others := slices.DeleteFunc(slices.Clone(f.Servers), func(s *Server) bool { return s == home })
	for _, s := range append([]*Server{home}, others...) {
		p := join(t, goclient.Config{URL: s.Connect(id), Ticket: f.Ticket(ticket.Claims{Room: id, Player: proto.PlayerID("p-" + s.Name)})})
		want := uint64(1)
		if s == home {
			want = 0
		}
		if moves := p.client.Stats().Moves; p.server() != home.Name || moves != want {
			t.Errorf("from %s to %s with %d moves, want %s with %d", s.Name, p.server(), moves, home.Name, want)
		}
	}
}

// When servers come, rooms are found by their new homes before they have moved there and after: nobody makes them anew, and
// nobody is thrown out.
func TestServersComeWhileRoomsRun(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	const rooms = 24
	first := make([]*player, rooms)
	for i := range rooms {
		first[i] = join(t, f.through(0, proto.RoomID(fmt.Sprint("room-", i)), "first"))
	}
	f.Add()
	f.Add()
	elsewhere := 0
	all(rooms, func(i int) {
		id := proto.RoomID(fmt.Sprint("room-", i))
		join(t, f.through(0, id, "second")).plays(t, 10)
	})
	for i := range rooms {
		id := proto.RoomID(fmt.Sprint("room-", i))
		if leaders := f.Leaders(id); len(leaders) != 1 {
			t.Errorf("%s is led by %v", id, leaders)
		}
		if f.Home(id).Name != "gs-1" {
			elsewhere++
		}
		if s := first[i].client.Stats(); s.Reconnects != 0 {
			t.Errorf("the first player of %s was thrown out", id)
		}
	}
	if elsewhere == 0 {
		t.Error("no room's home has moved: this test has shown nothing")
	}
}

// A seat is taken up again over a new connection.
func TestResume(t *testing.T) {
	f := Start(t, Options{Servers: 2})
	p := join(t, f.through(0, "a-room", "alice"))
	p.plays(t, 10)
	seat, before := p.welcome.Load().Seat, p.client.Stats()
	f.Home("a-room").relay.reset()
	until(t, "the client has come back", func() bool { return p.client.Stats().Reconnects > before.Reconnects && p.welcome.Load().Flags != 0 })
	p.plays(t, 10)
	w := p.welcome.Load()
	if w.Seat != seat || w.Flags&proto.WelcomeResumed == 0 {
		t.Errorf("came back to seat %d with flags %b, had seat %d", w.Seat, w.Flags, seat)
	}
}

// The rooms of a killed and of a drained server go on where placement points then; nobody else notices.
func TestServerEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(f *Fleet, i int)
		mode gateway.Mode
	}{
		{"killed", (*Fleet).Kill, gateway.Redirect},
		{"killed behind a proxy", (*Fleet).Kill, gateway.Proxy},
		{"drained", (*Fleet).Drain, gateway.Redirect},
		{"drained behind a proxy", (*Fleet).Drain, gateway.Proxy},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Start(t, Options{Mode: c.mode})
			const rooms = 9
			players := make([]*player, rooms)
			all(rooms, func(i int) {
				players[i] = join(t, f.through(0, proto.RoomID(fmt.Sprint("room-", i)), "alice"))
			})
			f.awaitCopies(t, rooms)
			c.end(f, 0)
			f.Await()
			allPlay(t, 30, players...)
			hit := 0
			for i, p := range players {
				id := proto.RoomID(fmt.Sprint("room-", i))
				if got := p.server(); got != f.Home(id).Name {
					t.Errorf("%s goes on at %s, its home is %s", id, got, f.Home(id).Name)
				}
				if leaders := f.Leaders(id); len(leaders) != 1 {
					t.Errorf("%s is led by %v", id, leaders)
				}
				if s := p.client.Stats(); s.Reconnects+s.Moves > 0 {
					hit++
				}
			}
			if hit == 0 || hit == rooms {
				t.Errorf("%d of %d players had to change servers", hit, rooms)
			}
		})
	}
}

// awaitCopies waits until so many rooms have a standby: one that is lost in its first tick is lost.
func (f *Fleet) awaitCopies(t *testing.T, rooms int) {
	t.Helper()
	until(t, "all rooms have their copies", func() bool {
		copied := 0
		for _, s := range f.Servers {
			var got struct{ Rooms []struct{ Standbys []string } }
			read(t, s.Node.URL()+"/v1/server/rooms?limit=500", &got)
			for _, r := range got.Rooms {
				if len(r.Standbys) > 0 {
					copied++
				}
			}
		}
		return copied == rooms
	})
}

// A room whose game fails ends with a word to its players; the others on that server go on.
func TestCrashingGame(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	doomed := join(t, f.through(0, "doomed", "alice"))
	watcher := join(t, f.through(0, "doomed", "bob"))
	fine := join(t, f.through(0, "fine", "alice"))
	if err := doomed.client.SendCustom([]byte("panic")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*player{doomed, watcher} {
		<-p.ended
		if c := closed(t, p.err); c.Code != proto.CloseCrashed {
			t.Errorf("a player of the failed room got %v", c)
		}
	}
	fine.plays(t, 30)
	if s := fine.client.Stats(); s.Reconnects != 0 {
		t.Error("the other room's player was thrown out")
	}
	join(t, f.through(0, "doomed", "alice")).plays(t, 10) // a new room of that name
}

// A server tells operators and routers what it has, and the routers ask for it.
func TestServerReports(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	p := join(t, f.through(0, "a-room", "alice"))
	p.plays(t, 5)
	base := f.Servers[0].Node.URL()
	var summary struct {
		Name, State    string
		Rooms, Players int
		Memory         uint64
		Ticks          struct {
			P99 float64 `json:"p99_ms"`
		}
	}
	until(t, "its ticks are timed", func() bool {
		read(t, base+"/v1/server", &summary)
		return summary.Ticks.P99 > 0
	})
	if s := summary; s.Name != "gs-1" || s.State != "serving" || s.Rooms != 1 || s.Players != 1 || s.Memory == 0 {
		t.Errorf("got %+v", summary)
	}
	var details struct {
		Sees struct {
			Quorum        bool
			Members, Gone map[string]string
		}
	}
	if read(t, base+"/v1/server/details", &details); !details.Sees.Quorum || details.Sees.Members["gs-1"] != "serving" ||
		details.Sees.Members["router-1"] != "serving" || details.Sees.Gone == nil {
		t.Errorf("it sees %+v", details.Sees)
	}
	var page struct {
		Rooms []struct {
			Room, Game, Epoch string
			Tick              uint32
			Seats, Connected  int
		}
	}
	if read(t, base+"/v1/server/rooms", &page); len(page.Rooms) != 1 {
		t.Fatalf("got %+v", page)
	}
	if r := page.Rooms[0]; r.Room != "a-room" || r.Game != "walk" || !strings.HasSuffix(r.Epoch, ":1@gs-1") || r.Tick == 0 || r.Seats != 8 || r.Connected != 1 {
		t.Errorf("got %+v", r)
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		get(t, base+path, http.StatusOK, func(*http.Response) {})
	}
	until(t, "the router knows the load", func() bool {
		var fleet struct {
			Members []struct {
				Name string
				Load *struct{ Rooms, Players int }
			}
		}
		read(t, f.Routers[0].URL+"/v1/fleet", &fleet)
		l := fleet.Members[0].Load
		return fleet.Members[0].Name == "gs-1" && l != nil && l.Rooms == 1 && l.Players == 1
	})
}

// A server tells of its events, and to those who know some of them of the later ones only.
func TestServerEvents(t *testing.T) {
	f := Start(t, Options{Servers: 2})
	join(t, f.through(0, "a-room", "alice")).plays(t, 5)
	home := f.Home("a-room").Node.URL()
	var got struct {
		Boot   string
		Events []struct{ Serial uint64 }
	}
	events := func(query string) int {
		got.Events = nil
		read(t, home+"/v1/server/details"+query, &got)
		return len(got.Events)
	}
	resp, err := http.Post(home+"/v1/rooms/a-room/move", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	until(t, "the move is told", func() bool { return events("") == 1 })
	own := "?boot=" + got.Boot
	for query, want := range map[string]int{own + "&events=0": 1, own + "&events=1": 0, own: 1, "?boot=another&events=1": 1, "?events=1": 1} {
		if n := events(query); n != want {
			t.Errorf("%s gives %d events, want %d", query, n, want)
		}
	}
}

// read reads the JSON of url into v.
func read(t *testing.T, url string, v any) {
	t.Helper()
	get(t, url, http.StatusOK, func(resp *http.Response) {
		if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
			t.Fatal(err)
		}
	})
}

func get(t *testing.T, url string, status int, read func(*http.Response)) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != status {
		t.Fatalf("%s answers %s, want %d", url, resp.Status, status)
	}
	read(resp)
}
