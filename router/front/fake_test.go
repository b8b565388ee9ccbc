package front

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// testTimeout bounds every wait of a test for a socket.
const testTimeout = 5 * time.Second

// fakeServer is a game server as a router sees it. It says first to whoever has said hello, and then echoes frames.
type fakeServer struct {
	*httptest.Server
	name membership.ServerName
	cut  func() // ends the links of tunnels

	mu      sync.Mutex
	summary serverSummary
	rooms   []roomReport       // by id
	details int                // times that it was asked for its details
	query   url.Values         // of the newest of them
	lists   int                // times that it was asked for a page of its rooms
	hellos  []string           // payloads of the first messages that it got
	upgrade []*http.Request    // upgrades that it got
	moved   *proto.Moved       // what it says first, instead of its name in a custom record
	split   bool               // write that byte by byte, behind a ping
	answer  http.HandlerFunc   // instead of taking upgrades
	serve   func(conn *wsConn) // instead of saying anything
	state   membership.State
}

func newFakeServer(t *testing.T, name membership.ServerName) *fakeServer {
	t.Helper()
	s := &fakeServer{name: name, state: membership.Serving}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/server", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.summary)
	})
	mux.HandleFunc("GET /v1/server/details", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.details++
		_ = json.NewEncoder(w).Encode(serverDetails{Rooms: s.page("", r.FormValue("rooms"))})
	})
	mux.HandleFunc("GET /v1/server/rooms", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lists++
		s.query = r.URL.Query()
		page := s.page(r.FormValue("after"), r.FormValue("limit"))
		next := proto.RoomID("")
		if len(page) > 0 && page[len(page)-1].Room != s.rooms[len(s.rooms)-1].Room {
			next = page[len(page)-1].Room
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rooms": page, "next": next})
	})
	mux.HandleFunc("GET /v1/server/rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.IndexFunc(s.rooms, func(o roomReport) bool { return string(o.Room) == r.PathValue("room") }); i >= 0 {
			_ = json.NewEncoder(w).Encode(s.rooms[i])
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	mux.HandleFunc("GET /v1/rooms/{room}/connect", s.connect)
	s.Server = httptest.NewServer(mux)
	tunnels := multiplex.NewServer(s.Listener.Addr(), func(*http.Request) {})
	mux.Handle("GET "+multiplex.Path, tunnels)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() { _ = http.Serve(tunnels, mux) })
	running.Go(func() { _ = tunnels.Run(ctx, nil) })
	s.cut = func() { cancel(); _ = tunnels.Close(); running.Wait() }
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Close)
	return s
}

// Close ends the links of tunnels too.
func (s *fakeServer) Close() {
	s.cut()
	s.Server.Close()
}

func (s *fakeServer) member() membership.Member {
	return membership.Member{Name: s.name, Role: membership.GameServer, State: s.state, URL: s.URL, Weight: 1}
}

// page gives the rooms after one, at most limit. Called with mu held.
func (s *fakeServer) page(after, limit string) (page []roomReport) {
	most, err := strconv.Atoi(limit)
	if err != nil {
		panic(err)
	}
	for _, r := range s.rooms {
		if string(r.Room) > after && len(page) < most {
			page = append(page, r)
		}
	}
	return page
}

// got gives the first messages and the upgrades that it got.
func (s *fakeServer) got() (hellos []string, upgrades []*http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hellos), slices.Clone(s.upgrade)
}

// set changes the server's behaviour.
func (s *fakeServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *fakeServer) connect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.upgrade = append(s.upgrade, r)
	answer, moved, split, serve := s.answer, s.moved, s.split, s.serve
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * testTimeout))
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: accepted\r\nSec-WebSocket-Protocol: "+proto.Subprotocol+"\r\n\r\n")
	c := &wsConn{Conn: conn, r: rw.Reader}
	if serve != nil {
		serve(c)
		return
	}
	_, hello, err := c.read()
	if err != nil {
		return
	}
	s.mu.Lock()
	s.hellos = append(s.hellos, string(hello))
	s.mu.Unlock()
	first := appendFrame(nil, edge.OpBinary, proto.Custom{Payload: []byte(s.name)}.Append(nil), nil)
	if moved != nil {
		first = appendFrame(nil, edge.OpBinary, moved.Append(nil), nil)
		first = appendFrame(first, edge.OpClose, binary.BigEndian.AppendUint16(nil, uint16(proto.CloseMoved)), nil)
	}
	if split {
		for _, b := range append(appendFrame(nil, 0x9, []byte("ping"), nil), first...) {
			_, _ = conn.Write([]byte{b})
		}
	} else {
		_, _ = conn.Write(first)
	}
	if moved != nil {
		return
	}
	for {
		op, payload, err := c.read()
		if err != nil {
			return
		}
		_, _ = conn.Write(appendFrame(nil, op, payload, nil))
	}
}

// wsConn reads and writes WebSocket frames.
type wsConn struct {
	net.Conn
	r *bufio.Reader
}

var mask = []byte{1, 2, 3, 4}

func appendFrame(b []byte, op byte, payload, mask []byte) []byte {
	b = append(b, edge.FinBit|op)
	masked := byte(0)
	if mask != nil {
		masked = edge.MaskBit
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	b = append(b, mask...)
	for i, c := range payload {
		if mask != nil {
			c ^= mask[i%4]
		}
		b = append(b, c)
	}
	return b
}

// read gives the next frame, unmasked.
func (c *wsConn) read() (op byte, payload []byte, err error) {
	var raw []byte
	for {
		f, ok, err := edge.ParseFrame(raw, proto.MaxServerMessage)
		if err != nil {
			return 0, nil, err
		}
		if ok && len(raw) == f.End {
			payload := raw[f.Start:]
			if raw[1]&edge.MaskBit != 0 {
				key := raw[f.Start-4 : f.Start]
				for i := range payload {
					payload[i] ^= key[i%4]
				}
			}
			return f.Opcode, payload, nil
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		raw = append(raw, b)
	}
}

// send writes a client's binary message.
func (c *wsConn) send(t *testing.T, payload string) {
	t.Helper()
	if _, err := c.Write(appendFrame(nil, edge.OpBinary, []byte(payload), mask)); err != nil {
		t.Fatal(err)
	}
}

// expectFrom reads the message with which fake servers begin, and checks whose it is.
func (c *wsConn) expectFrom(t *testing.T, name membership.ServerName) {
	t.Helper()
	for {
		op, payload, err := c.read()
		if err != nil {
			t.Fatalf("no first message: %v", err)
		}
		if op == 0x9 {
			continue
		}
		_, body, _, err := proto.NextRecord(payload)
		if err != nil || string(body) != string(name) {
			t.Fatalf("first message is %q; want the one of %s", payload, name)
		}
		return
	}
}

// expectEnd reads until the connection ends.
func (c *wsConn) expectEnd(t *testing.T) {
	t.Helper()
	for {
		if _, _, err := c.read(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the connection ends with %v; want EOF", err)
		}
	}
}

// testFront is a router with a static view, served on a socket.
type testFront struct {
	*Front
	URL    string
	source *membership.Static
}

func newTestFront(t *testing.T, change func(*Config), members ...membership.Member) *testFront {
	t.Helper()
	c := DefaultConfig()
	c.Signer = ticket.NewSigner(ticket.DevKey())
	c.Metrics = obs.NewMetrics(nil)
	c.Operator, _ = ticket.NewOperator("", true)
	if change != nil {
		change(&c)
	}
	self := membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving, URL: "http://127.0.0.1:1"}
	source := membership.NewStatic(self, members...)
	f, err := New(c, source)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	relaying, end := context.WithCancel(context.Background())
	var relays sync.WaitGroup
	relays.Go(func() { _ = f.tunnels.loops.Run(relaying) })
	t.Cleanup(func() { end(); relays.Wait() })
	t.Cleanup(func() { f.tunnels.stop(0) })
	t.Cleanup(f.asker.close)
	ctx, stop := context.WithCancel(context.Background())
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		f.poller.run(ctx)
	}()
	t.Cleanup(func() { stop(); <-polled })
	return &testFront{f, server.URL, source}
}

func proxyMode(c *Config) { c.Mode = Proxy }

// dialRoom upgrades at the router and gives the answer; conn is nil unless it is 101.
func (f *testFront) dialRoom(t *testing.T, path string) (*wsConn, *http.Response) {
	t.Helper()
	return f.dialAs(t, path, proto.Subprotocol)
}

// dialAs is dialRoom with another subprotocol.
func (f *testFront) dialAs(t *testing.T, path, subprotocol string) (*wsConn, *http.Response) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(f.URL, "http://"), testTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * testTimeout))
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: play.example.com\r\nConnection: keep-alive, Upgrade\r\n"+
		"Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "+
		subprotocol+"\r\nSec-WebSocket-Extensions: permessage-deflate\r\nCookie: secret=1\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	c := &wsConn{Conn: conn, r: bufio.NewReader(conn)}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, resp
	}
	return c, resp
}

// until polls cond, since sockets tell nothing when the other side has got on.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, testTimeout)
		}
		time.Sleep(time.Millisecond)
	}
}
