package console

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// apply does with a change what a watcher does.
func (p *snapshot) apply(c snapshotChange) {
	for _, m := range c.Members {
		p.members[m.Name] = m
	}
	for _, n := range c.Left {
		delete(p.members, n)
	}
	for _, r := range c.Rooms {
		p.rooms[r.Room] = r
	}
	for _, id := range c.Ended {
		delete(p.rooms, id)
	}
}

func drawSnapshot(t *rapid.T, label string) *snapshot {
	p := &snapshot{members: map[membership.ServerName]liveMember{}, rooms: map[proto.RoomID]liveRoom{}}
	for i := range 3 {
		if rapid.Bool().Draw(t, label) {
			n := membership.ServerName(fmt.Sprint("s", i))
			p.members[n] = liveMember{Name: n, Players: rapid.IntRange(0, 1).Draw(t, label), Moves: map[string]uint64{"move": rapid.Uint64Max(1).Draw(t, label)}}
		}
	}
	for i := range 5 {
		if rapid.Bool().Draw(t, label) {
			id := proto.RoomID(fmt.Sprint("r", i))
			p.rooms[id] = liveRoom{Room: id, Server: "s0", Standbys: []string{rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, label)}}
		}
	}
	return p
}

// A watcher that has a snapshot and applies the change since then has the next one; without a change they are the same.
func TestChangesLeadFromSnapshotToSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, now := drawSnapshot(t, "before"), drawSnapshot(t, "now")
		change, isNew := now.since(before)
		if isNew == reflect.DeepEqual(before, now) {
			t.Fatalf("from %v to %v, is new: %v", before, now, isNew)
		}
		got := &snapshot{members: maps.Clone(before.members), rooms: maps.Clone(before.rooms)}
		if got.apply(change); !reflect.DeepEqual(got, now) {
			t.Fatalf("from %v the change %v leads to %v, want %v", before, change, got, now)
		}
		whole, _ := now.since(nil)
		got = &snapshot{members: map[membership.ServerName]liveMember{}, rooms: map[proto.RoomID]liveRoom{}}
		if got.apply(whole); !reflect.DeepEqual(got, now) {
			t.Fatalf("the whole of %v leads to %v", now, got)
		}
	})
}

// While a room moves two servers have it, and it is where its epoch is the higher one, in whatever order they answer.
func TestRoomOfTwoServers(t *testing.T) {
	at := func(name membership.ServerName, epoch string) answer {
		return answer{member: membership.Member{Name: name}, Details: report.Details{Rooms: []report.RoomInfo{{Room: "r", Epoch: "00000000000000a7:" + epoch}}}}
	}
	source := membership.NewStatic(membership.Member{Name: "router-1"}, membership.Member{Name: "a"}, membership.Member{Name: "b"})
	for _, c := range []struct {
		a, b string
		want membership.ServerName
	}{{"1@a", "2@b", "b"}, {"10@a", "9@b", "a"}, {"3@a", "3@b", "b"}} {
		a, b := at("a", c.a), at("b", c.b)
		for _, answers := range [][]answer{{a, b}, {b, a}} {
			p := build(&gathered{view: source.View(), answers: answers}, nil, nil, nil)
			if got := p.rooms["r"].Server; got != c.want {
				t.Errorf("with the epochs %s and %s the room is at %s, want %s", c.a, c.b, got, c.want)
			}
		}
	}
}

// Watchers forget the view of a member that is not reachable, so they are told it again when the member is.
func TestViewIsToldAgain(t *testing.T) {
	source := membership.NewStatic(membership.Member{Name: "router-1"}, membership.Member{Name: "a", Role: membership.GameServer})
	all := &gathered{view: source.View(), answers: []answer{{member: membership.Member{Name: "a"}, Details: report.Details{Sees: &report.View{Quorum: true}}}}}
	at := func(err error, before *snapshot) (s *snapshot, told bool) {
		s = build(all, map[membership.ServerName]servers.Polled{"a": {At: time.Unix(1, 0), Err: err}}, nil, before)
		change, _ := s.since(before)
		_, told = change.Views["a"]
		return s, told
	}
	first, told := at(nil, nil)
	silent, toldSilent := at(io.EOF, first)
	if _, again := at(nil, silent); !told || toldSilent || !again {
		t.Errorf("the view is told at first: %v, while it is silent: %v, then: %v", told, toldSilent, again)
	}
	if _, again := at(nil, first); again {
		t.Error("the view is told although nothing has changed")
	}
}

func TestNewestEvents(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	all := &gathered{answers: []answer{
		{member: membership.Member{Name: "a"}, Details: report.Details{Events: []report.Event{{Serial: 1, Time: at(3)}, {Serial: 2, Time: at(5)}}}},
		{member: membership.Member{Name: "b"}, Details: report.Details{Events: []report.Event{{Serial: 1, Time: at(4)}}}},
	}}
	// One of them is known, and server a has been another process before, whose serials were the same.
	known := []eventDoc{{report.Event{Serial: 1, Time: at(1)}, "a"}, {report.Event{Serial: 1, Time: at(3)}, "a"}}
	own := []eventDoc{{report.Event{Serial: 1, Time: at(6)}, "router"}}
	list := func(limit int) (s []string) {
		for _, e := range newestEvents(known, own, all, limit) {
			s = append(s, fmt.Sprint(e.Server, e.Serial, " ", e.Time.Unix()))
		}
		return s
	}
	if got, want := list(10), []string{"a1 1", "a1 3", "b1 4", "a2 5", "router1 6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := list(2), []string{"a2 5", "router1 6"}; !slices.Equal(got, want) {
		t.Errorf("the newest are %v, want %v", got, want)
	}
}

func TestParseEpoch(t *testing.T) {
	want := proto.Epoch{Instance: 0xa7, Counter: 12, Server: "game-1"}
	if got := parseEpoch(want.String()); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, s := range []string{"", "@", "1@y", "x:1@y", "00000000000000a7:x@y", "00000000000000a7:-1@y", "00000000000000a7:4294967296@y"} {
		if got := parseEpoch(s); got != (proto.Epoch{}) {
			t.Errorf("%q gives %v", s, got)
		}
	}
}

func TestEventLog(t *testing.T) {
	m := func(name membership.ServerName, boot string, state membership.State) membership.Member {
		return membership.Member{Name: name, Boot: boot, Role: membership.GameServer, State: state}
	}
	source := membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router})
	source.Set(m("stays", "1", "serving"), m("drains", "1", "serving"), m("returns", "1", "draining"), m("restarts", "1", "serving"), m("leaves", "1", "serving"))
	before := source.View()
	source.Set(m("stays", "1", "serving"), m("drains", "1", "draining"), m("returns", "1", "serving"), m("restarts", "2", "serving"), m("comes", "1", "serving"))
	var c eventLog
	old := m("old", "1", "serving")
	old.Since = time.Unix(1, 0)
	self := membership.Member{Name: "router-1", Role: membership.Router, Since: time.Unix(2, 0)}
	alone := membership.NewStatic(self)
	meets := membership.NewStatic(self, old)
	if c.note(alone.View(), meets.View(), time.Unix(3, 0)); len(c.newest()) != 0 {
		t.Errorf("one that was there before is said to have come: %+v", c.newest())
	}
	meets.Lose("old", membership.Unreachable)
	lost := meets.View()
	meets.Set(old)
	if c.note(lost, meets.View(), time.Unix(4, 0)); len(c.newest()) != 1 {
		t.Errorf("one that returns is not noted: %+v", c.newest())
	}
	c = eventLog{}
	c.note(before, source.View(), time.Unix(7, 0))
	c.note(source.View(), source.View(), time.Unix(8, 0))
	got := map[membership.ServerName]string{}
	for i, e := range c.newest() {
		got[e.Member] = e.Kind
		if e.Serial != uint64(i+1) || e.Time.Unix() != 7 {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	want := map[membership.ServerName]string{"comes": eventJoin, "drains": eventDrain, "returns": eventServe, "restarts": eventRestart, "leaves": eventLeave}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	given := c.newest()
	first := given[0]
	for range maxNoted {
		c.add(report.Event{Kind: eventJoin})
	}
	if list := c.newest(); len(list) != maxNoted || list[0].Serial != uint64(len(want)+1) || list[maxNoted-1].Serial != uint64(len(want)+maxNoted) {
		t.Errorf("%d are remembered, from %d", len(list), list[0].Serial)
	}
	if given[0] != first {
		t.Error("a list that was given away has changed")
	}
}

// The servers are asked for what is new only, and what they told before is still told.
func TestGathererRemembers(t *testing.T) {
	var mu sync.Mutex
	reply, asked := "", ""
	s := fake.NewServer(t, "game-1")
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/v1/server/details" {
			asked = r.URL.RawQuery
		}
		_, _ = io.WriteString(w, reply)
	})
	m := s.Member()
	m.Boot = "1"
	f := newBed(t, m)
	ask := func(answer string) (a answer, query string) {
		mu.Lock()
		reply = answer
		mu.Unlock()
		a = f.console.gatherer.get(0).answers[0]
		mu.Lock()
		defer mu.Unlock()
		return a, asked
	}
	serials := func(a answer) (list []uint64) {
		for _, e := range a.Events {
			list = append(list, e.Serial)
		}
		return list
	}
	for _, c := range []struct {
		reply, asked string
		want         []uint64
		quorum       bool // in the view that is known; only told while a view is
	}{
		{`{"boot":"1","events":[{"serial":3},{"serial":4}]}`, "boot=1&events=0&rooms=256&view=0", []uint64{3, 4}, false},
		{`{"boot":"1","view":7,"sees":{"quorum":true},"events":[{"serial":5}]}`, "boot=1&events=4&rooms=256&view=0", []uint64{3, 4, 5}, true},
		{`{"boot":"1","view":7,"events":[{"serial":5},{"serial":6}]}`, "boot=1&events=5&rooms=256&view=7", []uint64{3, 4, 5, 6}, true},
		{`no JSON`, "boot=1&events=6&rooms=256&view=7", []uint64{3, 4, 5, 6}, true},
		{`{"boot":"2","view":1,"sees":{},"events":[{"serial":1}]}`, "boot=1&events=6&rooms=256&view=7", []uint64{3, 4, 5, 6}, true}, // gossip has not said so yet
		{`{"boot":"1","view":8,"sees":{}}`, "boot=1&events=6&rooms=256&view=7", []uint64{3, 4, 5, 6}, false},
	} {
		a, query := ask(c.reply)
		if got := serials(a); !slices.Equal(got, c.want) || query != c.asked || a.Sees != nil && a.Sees.Quorum != c.quorum {
			t.Errorf("after %s events %v and view %+v are known, asked with %q; want %v, quorum %v, asked with %q", c.reply, got, a.Sees, query, c.want, c.quorum, c.asked)
		}
	}
	m.Boot = "2"
	f.source.Set(m)
	a, query := ask(`{"boot":"2","view":1,"sees":{},"events":[{"serial":1}]}`)
	if got := serials(a); !slices.Equal(got, []uint64{1}) || query != "boot=2&events=0&rooms=256&view=0" {
		t.Errorf("of the new process events %v are known, asked with %q", got, query)
	}
	var many []report.Event
	for i := range 2 * maxHistory {
		many = append(many, report.Event{Serial: uint64(i + 2)})
	}
	doc, err := json.Marshal(report.Details{Boot: "2", Events: many})
	if err != nil {
		t.Fatal(err)
	}
	a, _ = ask(string(doc))
	if got := serials(a); len(got) != maxHistory || got[maxHistory-1] != 2*maxHistory+1 {
		t.Errorf("of many events %d are remembered, up to %d", len(got), got[len(got)-1])
	}
}

// bigFleet is what servers with rooms each and busy histories answered, as JSON of one server and as a whole.
func bigFleet(servers, rooms int) ([]byte, *gathered) {
	source := membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router})
	var members []membership.Member
	for i := range servers {
		members = append(members, membership.Member{Name: membership.ServerName(fmt.Sprintf("game-%03d", i)), Role: membership.GameServer, State: membership.Serving})
	}
	source.Set(members...)
	all := &gathered{view: source.View()}
	seen := report.DescribeView(source.View())
	var doc []byte
	for _, m := range members {
		d := report.Details{Sees: &seen}
		for i := range rooms {
			d.Rooms = append(d.Rooms, report.RoomInfo{Room: proto.RoomID(fmt.Sprintf("%s-room-%d", m.Name, i)), Game: "arena", Role: "leading",
				Epoch: "1@" + string(m.Name), Standbys: []string{"game-001"}, TickRate: 30, Seats: 8, Connected: 8})
		}
		for i := range 256 {
			d.Events = append(d.Events, report.Event{Serial: uint64(i), Time: time.Unix(int64(i), 0), Kind: "move", Room: d.Rooms[0].Room, From: "game-001", To: "game-002", Why: "drain", Epoch: "2@game-002", Took: 12.5})
		}
		all.answers = append(all.answers, answer{member: m, Details: d})
		if doc == nil {
			quiet := d
			quiet.Events = d.Events[:1] // the others are known already
			doc, _ = json.Marshal(quiet)
		}
	}
	return doc, all
}

// What a watched fleet of 50 servers and 5000 rooms costs each watchInterval: the snapshot, and each server's details.
func BenchmarkWatch(b *testing.B) {
	doc, all := bigFleet(50, 100)
	b.Run("build", func(b *testing.B) {
		before := build(all, nil, nil, nil)
		for b.Loop() {
			now := build(all, nil, nil, before)
			if _, isNew := now.since(before); isNew {
				b.Fatal("the same answers give something new")
			}
		}
	})
	b.Run("details", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			var d report.Details
			if err := json.Unmarshal(doc, &d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		s := build(all, nil, nil, nil)
		w := &watch{}
		for b.Loop() {
			b.SetBytes(int64(len(w.encodeWhole(time.Now(), s))))
		}
	})
}
