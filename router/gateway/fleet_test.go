package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
)

// asked waits until the router has asked all game servers once.
func (f *testFront) asked(t *testing.T) {
	t.Helper()
	until(t, "the servers are asked", func() bool {
		return len(f.poller.all()) == len(gameServers(f.source.View()))
	})
}

func TestFleet(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	a.lead(report.RoomInfo{Room: "a", Game: "arena"}, report.RoomInfo{Room: "z", Game: "arena", Epoch: "1@game-a", Tick: 90, TickRate: 30, Seats: 8, Players: 3,
		Connected: 2, Spectators: 1, Late: 4, Match: 2, Age: 3.5, Role: "leading", Standbys: []string{"game-b"}})
	a.summary = report.Summary{Rooms: 2, Players: 3, Replicas: 5, Moving: 1, Busy: 421, Memory: 1 << 20}
	am, bm := a.member(), b.member()
	am.Zone, am.Version, am.Since = "eu-1", "v1.2", time.Unix(1e9, 0).UTC()
	bm.State = membership.Draining
	b.Close()
	f := newTestFront(t, nil, am, bm)
	f.asked(t)

	doc := into[fleetDoc](t, f.call(t, "GET", "/v1/fleet", ""), 200)
	if doc.View != f.source.View().Version || len(doc.Members) != 3 || len(doc.Rooms) != 2 || doc.Totals != (totalsDoc{2, 3}) {
		t.Fatalf("got %+v", doc)
	}
	ma, mb, router := doc.Members[0], doc.Members[1], doc.Members[2]
	if ma.Name != "game-a" || ma.Role != membership.GameServer || ma.State != membership.Serving || ma.URL != a.URL || ma.Zone != "eu-1" ||
		ma.Version != "v1.2" || !ma.Since.Equal(am.Since) || !*ma.Reachable || ma.Error != "" {
		t.Errorf("member is %+v", ma)
	}
	load := *ma.Load
	if load.Age = 0; !reflect.DeepEqual(load, loadDoc{Rooms: 2, Players: 3, Replicas: 5, Moving: 1, Busy: 421, Memory: 1 << 20}) || ma.Load.Age > testTimeout.Seconds() {
		t.Errorf("load is %+v", ma.Load)
	}
	if mb.Name != "game-b" || mb.State != membership.Draining || *mb.Reachable || mb.Load != nil || !strings.Contains(mb.Error, "refused") {
		t.Errorf("member is %+v", mb)
	}
	if router.Name != "router-1" || router.Role != membership.Router || router.Load != nil || router.Reachable != nil {
		t.Errorf("member is %+v", router)
	}
	want := roomDoc{a.rooms[1], "game-a"}
	if doc.Rooms[0].Room != "a" || !reflect.DeepEqual(doc.Rooms[1], want) {
		t.Errorf("rooms are %+v; want a, then %+v", doc.Rooms, want)
	}

	if raw, _ := io.ReadAll(f.call(t, "GET", "/v1/fleet", "").Body); !strings.Contains(string(raw), `"events":[]`) {
		t.Errorf("without events there is %s", raw)
	}
	text, _ := io.ReadAll(f.call(t, "GET", "/fleet", "").Body)
	if a.details != 1 || a.lists != 0 {
		t.Errorf("the server was asked %d times for its details within a second, and %d times for all its rooms; want once and never", a.details, a.lists)
	}
	for _, line := range []string{
		`Ringside · 3 members · 2 rooms · 3 players`, `MEMBER     ROLE         STATE`, `game-a     gameserver   serving`, `42.1 %`,
		`draining, no answer`, `ROOM   GAME    LEADER   PLAYERS   WATCHING   MATCH   TICK   RATE   LATE   AGE`,
		`z      arena   game-a   2/8       1          2       90     30/s   4      3s`, `game-b does not answer: `,
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the text lacks %q:\n%s", line, text)
		}
	}
}

// The description of a fleet is bounded, however many rooms there are.
func TestFleetListsSoManyRooms(t *testing.T) {
	s := newFakeServer(t, "game-1")
	f := newTestFront(t, nil, s.member())
	text, _ := io.ReadAll(f.call(t, "GET", "/fleet", "").Body)
	if !strings.Contains(string(text), "No rooms yet") {
		t.Errorf("an empty fleet shows\n%s", text)
	}
	const all = maxServerRooms + 50
	var rooms []report.RoomInfo
	for i := range all {
		rooms = append(rooms, reported("r", fmt.Sprintf("%04d", i), 0, 2))
	}
	s.lead(rooms...)
	s.set(func() { s.summary.Rooms = all })
	f = newTestFront(t, nil, s.member())
	f.asked(t)
	doc := into[fleetDoc](t, f.call(t, "GET", "/v1/fleet", ""), 200)
	if len(doc.Rooms) != maxServerRooms || doc.Totals.Rooms != all {
		t.Errorf("%d rooms are listed and %d counted; want %d and %d", len(doc.Rooms), doc.Totals.Rooms, maxServerRooms, all)
	}
	text, _ = io.ReadAll(f.call(t, "GET", "/fleet", "").Body)
	if !strings.Contains(string(text), fmt.Sprintf("… and %d more", all-pageRooms)) || strings.Count(string(text), "30/s") != pageRooms {
		t.Errorf("got\n%s", text)
	}
	for servers, want := range map[int]int{0: 256, 1: 256, 32: 256, 64: 128, 200: 40, 5000: 8} {
		if got := roomsOfEach(servers); got != want {
			t.Errorf("of %d servers %d rooms each are listed, want %d", servers, got, want)
		}
	}
}

// What a game server answers is data, however odd; it must not lead the router elsewhere or stop it.
func TestOddServers(t *testing.T) {
	victim := newFakeServer(t, "no-member")
	for name, handler := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, victim.URL+r.URL.RequestURI(), http.StatusFound)
		},
		"error":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) },
		"not JSON":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"too large": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"x":[%*s]}`, maxAnswer, "") },
		"too slow":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newFakeServer(t, "game-1")
			s.Config.Handler = handler
			f := newTestFront(t, nil, s.member())
			f.asked(t)
			start := time.Now()
			doc := into[fleetDoc](t, f.call(t, "GET", "/v1/fleet", ""), 200)
			if *doc.Members[0].Reachable || doc.Members[0].Error == "" || doc.Members[0].Load != nil || len(doc.Rooms) != 0 {
				t.Errorf("got %+v", doc)
			}
			if took := time.Since(start); took > askTimeout+2*time.Second {
				t.Errorf("it took %v", took)
			}
			if _, ok := f.leader("r"); ok {
				t.Error("it is taken for the leader of a room")
			}
			if rooms := f.roomLister.get(0).servers[0].rooms; len(rooms) > 0 {
				t.Errorf("it is taken to have %v", rooms)
			}
		})
	}
	if victim.details > 0 || victim.lists > 0 {
		t.Error("the router followed a redirect to no member")
	}
}

// member is a membership that runs until it is told to end, or fails.
type member struct {
	*membership.Static
	fail  chan error
	cause error // that ended it
}

func (m *member) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		m.cause = context.Cause(ctx)
		return nil
	case err := <-m.fail:
		return err
	}
}

type running struct {
	url    string
	front  *Gateway
	member *member
	done   chan error
}

func run(t *testing.T, ctx context.Context, drain time.Duration, servers ...membership.Member) *running {
	t.Helper()
	registry := prometheus.NewRegistry()
	c := DefaultConfig()
	c.Mode, c.Signer, c.Drain, c.Metrics, c.Gatherer = Proxy, ticket.NewSigner(ticket.DevKey()), drain, obs.NewMetrics(registry), registry
	c.Operator, _ = ticket.NewOperator("", true)
	self := membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving}
	m := &member{Static: membership.NewStatic(self, servers...), fail: make(chan error, 1)}
	f, err := New(c, m)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{"http://" + listener.Addr().String(), f, m, make(chan error, 1)}
	go func() { r.done <- f.Run(ctx, listener, nil, m) }()
	return r
}

func (r *running) status(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(testTimeout):
		t.Fatal("Run did not return")
		return nil
	}
}

func TestRunDrainsAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newFakeServer(t, "game-1")
	defer s.Close()
	defer s.CloseClientConnections()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	r := run(t, ctx, 300*time.Millisecond, s.member())
	defer http.DefaultClient.CloseIdleConnections()

	until(t, "members are counted", func() bool {
		return testutil.ToFloat64(r.front.config.Metrics.Members.WithLabelValues("gameserver", "serving")) == 1
	})
	for _, path := range []string{"/livez", "/readyz", "/v1/fleet"} {
		if status, body := r.status(t, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	f := &testFront{Gateway: r.front, URL: r.url}
	client, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	client.send(t, "hello")
	client.expectFrom(t, "game-1")
	var metrics string
	until(t, "the upgrade is counted", func() bool { // once its handler has returned
		_, metrics = r.status(t, "/metrics")
		return strings.Contains(metrics, `ringside_request_seconds_count{route="connect",status="1xx"} 1`)
	})
	if !strings.Contains(metrics, "ringside_tunnels 1") || !strings.Contains(metrics, `ringside_members{role="gameserver",state="serving"} 1`) {
		t.Errorf("/metrics: %s", metrics)
	}

	stop()
	until(t, "drain is told", func() bool { return r.member.View().Self.State == membership.Draining })
	if status, body := r.status(t, "/readyz"); status != 503 || !strings.Contains(body, "stopping") {
		t.Errorf("/readyz while draining: %d %s", status, body)
	}
	if status, _ := r.status(t, "/livez"); status != 200 {
		t.Errorf("/livez while draining: %d", status)
	}
	client.send(t, "still here")
	if _, got, err := client.read(); err != nil || string(got) != "still here" {
		t.Errorf("while draining the tunnel gives %q, %v", got, err)
	}
	if err := r.wait(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	client.expectEnd(t)
	if testutil.ToFloat64(r.front.config.Metrics.Tunnels) != 0 {
		t.Error("tunnels are still counted")
	}
}

// A router that drains goes on for as long as load balancers may send clients, and then for as long as it has some, up to
// its limit.
func TestDrained(t *testing.T) {
	for _, c := range []struct {
		left          int
		waited, limit time.Duration
		want          bool
	}{
		{0, 0, 20 * time.Second, false},
		{0, turnAway - 1, 20 * time.Second, false},
		{0, turnAway, 20 * time.Second, true},
		{1, 20*time.Second - 1, 20 * time.Second, false},
		{1, 20 * time.Second, 20 * time.Second, true},
		{0, time.Second, time.Second, true},
		{9, 0, 0, true},
	} {
		if got := drained(c.left, c.waited, c.limit); got != c.want {
			t.Errorf("with %d left after %v of %v: %v", c.left, c.waited, c.limit, got)
		}
	}
}

func TestRunKilled(t *testing.T) {
	ctx, kill := context.WithCancelCause(context.Background())
	r := run(t, ctx, time.Hour)
	kill(membership.ErrKilled)
	if err := r.wait(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if !errors.Is(r.member.cause, membership.ErrKilled) {
		t.Errorf("membership was ended by %v", r.member.cause)
	}
	if state := r.member.View().Self.State; state != membership.Serving {
		t.Errorf("it said that it is %s", state)
	}
}

func TestRunFailsWithItsParts(t *testing.T) {
	r := run(t, context.Background(), time.Hour)
	r.member.fail <- errors.New("no socket")
	if err := r.wait(t); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Run returned %v", err)
	}
	r = run(t, context.Background(), time.Hour)
	r.member.fail <- nil
	if err := r.wait(t); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("Run returned %v", err)
	}
}
