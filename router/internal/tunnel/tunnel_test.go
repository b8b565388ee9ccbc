package tunnel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// homeRoom finds a room whose home is s.
func (f *bed) homeRoom(t *testing.T, s *fake.Server) proto.RoomID {
	t.Helper()
	for i := range 1000 {
		room := proto.RoomID(fmt.Sprintf("room-%d", i))
		if home, _ := f.table.Fleet().Home(room); home.Name == s.Name {
			return room
		}
	}
	t.Fatalf("no room of 1000 has home %s", s.Name)
	return ""
}

func moveTo(s *fake.Server, target string) {
	s.Set(func() { s.Moved = &proto.Moved{URL: target, Server: "elsewhere"} })
}

func TestTunnelCarriesBothWays(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	c, resp := f.dialRoom(t, "/v1/rooms/a-room/connect?x=1&y=%2F")
	if resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || resp.Header.Get("Sec-WebSocket-Protocol") != proto.Subprotocol {
		t.Errorf("101 has header %v; want the accept and the subprotocol", resp.Header)
	}
	c.Send(t, "hello")
	c.ExpectFrom(t, "game-1")
	for _, n := range []int{0, 1, 125, 126, 5000, 70_000, 300_000} {
		want := bytes.Repeat([]byte{byte(n)}, n)
		c.Send(t, string(want))
		if _, got, err := c.Read(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("echo of %d bytes: got %d bytes, %v", n, len(got), err)
		}
	}
	fake.Until(t, "one tunnel counted", func() bool { return f.tunnels.Carried() == 1 })
	_ = c.Close()
	fake.Until(t, "no tunnel left", func() bool { return f.tunnels.Carried() == 0 })

	r := s.Upgrades[0]
	for name, want := range map[string]string{
		"Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-Websocket-Protocol": proto.Subprotocol, "Sec-Websocket-Version": "13",
		"Sec-Websocket-Extensions": "", "Cookie": "", "X-Forwarded-For": "127.0.0.1", proto.RouterHeader: string(f.table.Fleet().View.Self.Name),
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("the server got %s %q; want %q", name, got, want)
		}
	}
	if r.URL.RequestURI() != "/v1/rooms/a-room/connect?x=1&y=%2F" || "http://"+r.Host != s.URL {
		t.Errorf("the server got %s at host %s", r.URL, r.Host)
	}
}

// A tunnel translates for clients of text frames for as long as it lasts.
func TestTunnelCarriesTextFrames(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	c, resp := fake.Dial(t, f.URL, "/v1/rooms/a-room/connect", proto.TextSubprotocol)
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != proto.TextSubprotocol {
		t.Errorf("101 has subprotocol %q", got)
	}
	for _, say := range []struct{ said, heard string }{ // the server says its name, and echoes
		{`{"kind":"hello","ticket":"t"}`, `[{"kind":"custom","text":"game-1"}]`},
		{`{"kind":"custom","text":"one"}`, `[{"kind":"custom","text":"one"}]`},
		{`[{"kind":"custom","payload":"ff"}]`, `[{"kind":"custom","payload":"ff"}]`},
	} {
		if _, err := c.Write(fake.AppendFrame(nil, edge.OpText, []byte(say.said), fake.Mask)); err != nil {
			t.Fatal(err)
		}
		op, got, err := c.Read()
		if err != nil || op != edge.OpText || string(got) != say.heard {
			t.Fatalf("read %q with opcode %d, %v; want the text %s", got, op, err, say.heard)
		}
	}
}

func TestTunnelTakesHelloSentWithTheUpgrade(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(f.URL, "http://"), fake.Timeout)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(fake.Timeout))
	head := "GET /v1/rooms/a-room/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + proto.Subprotocol + "\r\n\r\n"
	if _, err := conn.Write(fake.AppendFrame([]byte(head), edge.OpBinary, []byte("early hello"), fake.Mask)); err != nil {
		t.Fatal(err)
	}
	fake.Until(t, "hello arrives", func() (arrived bool) {
		s.Set(func() { arrived = len(s.Hellos) == 1 && s.Hellos[0] == "early hello" })
		return arrived
	})
}

func TestTunnelFollowsMoved(t *testing.T) {
	for _, split := range []bool{false, true} {
		t.Run(fmt.Sprintf("split=%v", split), func(t *testing.T) {
			a, b, c := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b"), fake.NewServer(t, "game-c")
			moveTo(a, "ws"+strings.TrimPrefix(b.URL, "http")+"/whatever/path")
			moveTo(b, "ws"+strings.TrimPrefix(c.URL, "http")+"/v1/rooms/x/connect")
			for _, s := range []*fake.Server{a, b, c} {
				s.Set(func() { s.Split = split })
			}
			f := newBed(t, nil, a.Member(), b.Member(), c.Member())
			room := f.homeRoom(t, a)
			client, _ := f.dialRoom(t, "/v1/rooms/"+string(room)+"/connect?q=1")
			client.Send(t, "hello with a ticket")
			client.ExpectFrom(t, "game-c")
			client.Send(t, "input")
			if _, got, err := client.Read(); err != nil || string(got) != "input" {
				t.Fatalf("echo is %q, %v", got, err)
			}
			for _, s := range []*fake.Server{a, b, c} {
				hellos, upgrades := s.Got()
				if len(hellos) != 1 || hellos[0] != "hello with a ticket" {
					t.Errorf("%s was told %q; want the hello once", s.Name, hellos)
				}
				if got := upgrades[0].URL.RequestURI(); got != "/v1/rooms/"+string(room)+"/connect?q=1" {
					t.Errorf("%s was asked for %s", s.Name, got)
				}
			}
		})
	}
}

func TestTunnelToAServerByName(t *testing.T) {
	a, b := fake.NewServer(t, "game-1"), fake.NewServer(t, "game-2")
	inside := func(s *fake.Server) membership.Member { // as one is that clients reach through routers only
		m := s.Member()
		host, port, err := net.SplitHostPort(s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		m.URL = "http://play.example.com/v1/servers/" + string(s.Name)
		m.Peer = net.JoinHostPort(host, "7947")
		if m.Port, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
		return m
	}
	ma, mb := inside(a), inside(b)
	f := newBed(t, nil, ma, mb)
	room := f.homeRoom(t, a)
	enter := func(path string, want membership.ServerName) {
		t.Helper()
		c, _ := f.dialRoom(t, path+lookup.ConnectPath(room))
		c.Send(t, "hello")
		c.ExpectFrom(t, want)
	}
	enter("", "game-1")
	enter("/v1/servers/game-2", "game-2")
	enter("/v1/servers/game-3", "game-1") // which nobody knows
	moveTo(a, "ws://play.example.com/v1/servers/game-2"+lookup.ConnectPath(room))
	enter("/v1/servers/game-1", "game-2")
	a.Set(func() { a.Moved = nil })
	b.Close()
	enter("/v1/servers/game-2", "game-1") // which is gone
}

func TestTunnelFollowsRedirectedUpgrade(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	a.Set(func() {
		a.Answer = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, b.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		}
	})
	f := newBed(t, nil, a.Member(), b.Member())
	c, _ := f.dialRoom(t, "/v1/rooms/"+string(f.homeRoom(t, a))+"/connect")
	c.Send(t, "hello")
	c.ExpectFrom(t, "game-b")
}

// A message from a game server must not make the router dial anything but game servers: the Moved reaches the client as
// it is, the other address gets nothing.
func TestTunnelDialsMembersOnly(t *testing.T) {
	victim := fake.NewServer(t, "no-member")
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	host := strings.TrimPrefix(victim.URL, "http://")
	for _, target := range []string{
		"ws://" + host + "/v1/rooms/a/connect",
		"http://" + host + "/",
		"ws://" + strings.TrimPrefix(s.URL, "http://") + "@" + host + "/",
		"ws://127.0.0.1:1/", // the router itself is a member, but no game server
		"unix:///var/run/docker.sock",
	} {
		moveTo(s, target)
		c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
		c.Send(t, "hello")
		_, payload, err := c.Read()
		if err != nil {
			t.Fatal(err)
		}
		_, body, _, _ := proto.NextRecord(payload)
		if m, err := proto.ParseMoved(body); err != nil || m.URL != target {
			t.Errorf("the client got %q, %v; want the Moved to %q", payload, err, target)
		}
		if op, payload, err := c.Read(); op != edge.OpClose || binary.BigEndian.Uint16(payload) != uint16(proto.CloseMoved) {
			t.Errorf("then it got %q, %v; want the close", payload, err)
		}
		c.ExpectEnd(t)
	}
	s.Set(func() { s.Answer = http.RedirectHandler(victim.URL, http.StatusTemporaryRedirect).ServeHTTP })
	c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	c.Send(t, "hello")
	goodbye(t, c, proto.CloseOverloaded, "cannot be reached")
	if len(victim.Upgrades) > 0 || victim.DetailsAsked > 0 {
		t.Errorf("the router dialled %s, which is no member", host)
	}
}

// With another ticket the client must say another hello, which the router cannot do in its place.
func TestTunnelLeavesMovedWithTicketToTheClient(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	a.Set(func() { a.Moved = &proto.Moved{URL: "ws" + strings.TrimPrefix(b.URL, "http"), Ticket: "new"} })
	f := newBed(t, nil, a.Member(), b.Member())
	c, _ := f.dialRoom(t, "/v1/rooms/"+string(f.homeRoom(t, a))+"/connect")
	c.Send(t, "hello")
	_, payload, err := c.Read()
	if err != nil || proto.Kind(payload[0]) != proto.KindMoved {
		t.Errorf("the client got %q, %v; want the Moved", payload, err)
	}
	if len(b.Upgrades) > 0 {
		t.Error("the router followed it")
	}
}

// goodbye reads an error record and a close, both with code.
func goodbye(t *testing.T, c *fake.Conn, code proto.CloseCode, text string) (retryMs uint32) {
	t.Helper()
	_, payload, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _, err := proto.NextRecord(payload)
	if err != nil {
		t.Fatalf("%q: %v", payload, err)
	}
	m, err := proto.ParseError(body)
	if err != nil || m.Code != code || m.RetryMs == 0 || !strings.Contains(m.Text, text) {
		t.Errorf("error is %+v, %v; want %v with %q", m, err, code, text)
	}
	op, payload, err := c.Read()
	if err != nil || op != edge.OpClose || binary.BigEndian.Uint16(payload) != uint16(code) || string(payload[2:]) != m.Text {
		t.Errorf("then %#x %q, %v; want a close with the same", op, payload, err)
	}
	c.ExpectEnd(t)
	return m.RetryMs
}

func TestTunnelEndsACircle(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	moveTo(a, "ws"+strings.TrimPrefix(b.URL, "http"))
	moveTo(b, "ws"+strings.TrimPrefix(a.URL, "http"))
	f := newBed(t, nil, a.Member(), b.Member())
	c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	c.Send(t, "hello")
	goodbye(t, c, proto.CloseInternal, "moved 4 times")
	toA, _ := a.Got()
	toB, _ := b.Got()
	if n := len(toA) + len(toB); n != maxHops+1 {
		t.Errorf("%d hellos were said; want %d", n, maxHops+1)
	}
}

func TestTunnelSaysWhenTheNewServerIsGone(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	moveTo(a, "ws"+strings.TrimPrefix(b.URL, "http"))
	f := newBed(t, nil, a.Member(), b.Member())
	room := f.homeRoom(t, a)
	b.Close()
	c, _ := f.dialRoom(t, "/v1/rooms/"+string(room)+"/connect")
	c.Send(t, "hello")
	goodbye(t, c, proto.CloseOverloaded, "game-b cannot be reached")
}

func TestTunnelTriesAgainAfterTheViewChanged(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	f := newBed(t, nil, a.Member())
	room := f.homeRoom(t, a)
	a.Close()
	time.AfterFunc(50*time.Millisecond, func() { f.source.Set(b.Member()) }) // as gossip would, a little later
	c, resp := f.dialRoom(t, "/v1/rooms/"+string(room)+"/connect")
	if c == nil {
		t.Fatalf("got %s", resp.Status)
	}
	c.Send(t, "hello")
	c.ExpectFrom(t, "game-b")
}

// A home that refuses connections is gone, and whoever stands by for it takes its clients before gossip knows.
func TestTunnelToTheStandbyOfADeadHome(t *testing.T) {
	a, b, c := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b"), fake.NewServer(t, "game-c")
	f := newBed(t, nil, a.Member(), b.Member(), c.Member())
	room := f.homeRoom(t, a)
	next, ok := f.table.Fleet().Next(room)
	if order := f.table.Fleet().View.Placement().Order(nil, string(room), 2); !ok || order[1] != string(next.Name) {
		t.Fatalf("next is %s, %v; the order is %v", next.Name, ok, order)
	}
	a.Close()
	start := time.Now()
	client, resp := f.dialRoom(t, "/v1/rooms/"+string(room)+"/connect")
	if client == nil {
		t.Fatalf("got %s", resp.Status)
	}
	if took := time.Since(start); took >= dialPause {
		t.Errorf("it took %v", took)
	}
	client.Send(t, "hello")
	client.ExpectFrom(t, next.Name)
}

func TestTunnelToDeadServer(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	s.Close()
	start := time.Now()
	c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	c.Send(t, "hello")
	goodbye(t, c, proto.CloseOverloaded, "game-1 cannot be reached")
	if took := time.Since(start); took < dialPatience || took > dialPatience+2*time.Second {
		t.Errorf("it took %v; want a little over %v", took, dialPatience)
	}
	fake.Until(t, "no tunnel is counted", func() bool { return f.tunnels.Carried() == 0 })
}

func TestTunnelPassesRefusalOn(t *testing.T) {
	for status, code := range map[int]proto.CloseCode{http.StatusServiceUnavailable: proto.CloseOverloaded, http.StatusForbidden: proto.CloseMalformed} {
		s := fake.NewServer(t, "game-1")
		s.Set(func() {
			s.Answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				obs.Problem(w, status, "the server has no place")
			}
		})
		f := newBed(t, nil, s.Member())
		c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
		c.Send(t, "hello")
		if retry := goodbye(t, c, code, "the server has no place"); retry != 7000 {
			t.Errorf("%d: come back after %d ms, want 7000", status, retry)
		}
	}
}

// hello is one with a ticket, or with a resume token.
func hello(resume string) string {
	return string(proto.Hello{Versions: proto.Spoken(), Ticket: "t", Resume: []byte(resume)}.Append(nil))
}

func TestTunnelLimit(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, func(l *edge.Limits) { l.Connections, l.Entered = 3, 2 }, s.Member())
	enter := func(hello string) *fake.Conn {
		c, resp := f.dialRoom(t, "/v1/rooms/a-room/connect")
		if c == nil {
			t.Fatalf("got %s", resp.Status)
		}
		c.Send(t, hello)
		return c
	}
	first := enter(hello(""))
	first.ExpectFrom(t, "game-1")
	enter(hello("")).ExpectFrom(t, "game-1")
	goodbye(t, enter(hello("")), proto.CloseOverloaded, "(2)")
	fake.Until(t, "the refused one is gone", func() bool { return f.tunnels.Carried() == 2 })
	enter(hello("token")).ExpectFrom(t, "game-1") // who returns is let in first
	_, resp := f.dialRoom(t, "/v1/rooms/a-room/connect")
	fake.CheckProblem(t, resp, http.StatusServiceUnavailable, "(3)")
	_ = first.Close()
	fake.Until(t, "a place is free", func() bool { return f.tunnels.Carried() == 2 })
	enter(hello("token")).ExpectFrom(t, "game-1")
}

// Upgrades that are not followed by a hello cost the game servers nothing, and keep nobody out.
func TestUpgradesWithoutAHelloAreNotPassedOn(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	const most = 50
	f := newBed(t, func(l *edge.Limits) { l.Unentered = most }, s.Member())
	for range 4 * most {
		f.dialRoom(t, "/v1/rooms/a-room/connect")
	}
	c, resp := f.dialRoom(t, "/v1/rooms/a-room/connect")
	if c == nil {
		t.Fatalf("an honest client gets %s", resp.Status)
	}
	c.Send(t, hello(""))
	c.ExpectFrom(t, "game-1")
	s.Set(func() {
		if len(s.Upgrades) != 1 {
			t.Errorf("the game server was dialled %d times", len(s.Upgrades))
		}
	})
	fake.Until(t, "the oldest are gone", func() bool { return f.tunnels.Carried() <= most+1 })
}

// What is no readable hello is refused, and no game server hears of it.
func TestTunnelWithoutAHello(t *testing.T) {
	long := fake.AppendFrame(nil, edge.OpBinary, make([]byte, maxHello+1), fake.Mask)
	for name, sent := range map[string][]byte{
		"hello too long":        long,
		"length with top bit":   append([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, make([]byte, 10)...),
		"no WebSocket at all":   bytes.Repeat([]byte("\xff\xff GET / HTTP/1.1\r\n"), 10),
		"close before hello":    fake.AppendFrame(nil, edge.OpClose, []byte{0x03, 0xe8}, fake.Mask),
		"cut in the middle":     long[:100],
		"nothing, and then end": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewServer(t, "game-1")
			f := newBed(t, nil, s.Member())
			c, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			goodbye(t, c, proto.CloseNoHello, "")
			s.Set(func() {
				if len(s.Upgrades) > 0 {
					t.Error("the game server was dialled")
				}
			})
		})
	}
}

func TestTunnelStop(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	playing, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	playing.Send(t, "hello")
	playing.ExpectFrom(t, "game-1")
	silent, _ := f.dialRoom(t, "/v1/rooms/a-room/connect")
	f.tunnels.Stop(0)
	playing.ExpectEnd(t)
	silent.ExpectEnd(t)
	_, resp := f.dialRoom(t, "/v1/rooms/a-room/connect")
	if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after the stop: %v; want 503", resp.Status)
	}
	if n := f.tunnels.Carried(); n != 0 {
		t.Errorf("%d tunnels are still counted", n)
	}
}

// What a client says of its router is not passed on.
func TestTunnelNamesItsRouter(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(proto.RouterHeader, "another")
	if got := newUpgrade("a-room", r, "this-one").header.Values(proto.RouterHeader); len(got) != 1 || got[0] != "this-one" {
		t.Errorf("the router is named %q", got)
	}
	if f.table.Fleet().View.Self.Name == "" {
		t.Error("the router of these tests has no name: they show nothing")
	}
}

// Tunnels that are left are closed in steps: the last ones can still be used when the first ones are gone.
func TestTunnelStopInSteps(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, nil, s.Member())
	const n = 20
	var clients [n]*fake.Conn
	for i := range clients {
		clients[i], _ = f.dialRoom(t, "/v1/rooms/a-room/connect")
	}
	fake.Until(t, "all are there", func() bool { return testutil.ToFloat64(f.gauge) == n })
	begun := time.Now()
	f.tunnels.Stop(n * closeStep)
	if took := time.Since(begun); took < n/2*closeStep {
		t.Errorf("all were closed within %v", took)
	}
	for _, c := range clients {
		c.ExpectEnd(t)
	}
}

func TestFleetOfOneServerThatDrains(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	s.State = membership.Draining
	f := newBed(t, nil, s.Member())
	_, resp := f.dialRoom(t, "/v1/rooms/a-room/connect")
	fake.CheckProblem(t, resp, http.StatusServiceUnavailable, "no game server is serving")
}
