// Package fake has game servers for the router's tests: they answer what a router asks and take upgrades as game servers do. It has the
// few things besides that such tests share. Nothing but tests imports it.
package fake

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
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
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

// Timeout bounds every wait of a test for a socket.
const Timeout = 5 * time.Second

// Server is a game server as a router sees it. It says first to whoever has said hello, and then echoes frames.
type Server struct {
	*httptest.Server
	Name membership.ServerName
	cut  func() // ends the links of tunnels

	mu           sync.Mutex
	Summary      report.Summary
	Rooms        []report.RoomInfo // by id
	Events       []report.Event
	DetailsAsked int              // times that it was asked for its details
	Query        url.Values       // of the newest of them
	ListsAsked   int              // times that it was asked for a page of its rooms
	Hellos       []string         // payloads of the first messages that it got
	Upgrades     []*http.Request  // upgrades that it got
	Moved        *proto.Moved     // what it says first, instead of its name in a custom record
	Split        bool             // write that byte by byte, behind a ping
	Answer       http.HandlerFunc // instead of taking upgrades
	Serve        func(conn *Conn) // instead of saying anything
	State        membership.State
}

// NewServer starts one.
func NewServer(t *testing.T, name membership.ServerName) *Server {
	t.Helper()
	s := &Server{Name: name, State: membership.Serving}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/server", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.Summary)
	})
	mux.HandleFunc("GET /v1/server/details", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.DetailsAsked++
		_ = json.NewEncoder(w).Encode(report.Details{Rooms: s.page("", r.FormValue("rooms")), Events: s.Events})
	})
	mux.HandleFunc("GET /v1/server/rooms", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ListsAsked++
		s.Query = r.URL.Query()
		page := s.page(r.FormValue("after"), r.FormValue("limit"))
		next := proto.RoomID("")
		if len(page) > 0 && page[len(page)-1].Room != s.Rooms[len(s.Rooms)-1].Room {
			next = page[len(page)-1].Room
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rooms": page, "next": next})
	})
	mux.HandleFunc("GET /v1/server/rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.IndexFunc(s.Rooms, func(o report.RoomInfo) bool { return string(o.Room) == r.PathValue("room") }); i >= 0 {
			_ = json.NewEncoder(w).Encode(s.Rooms[i])
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	mux.HandleFunc("GET /v1/rooms/{room}/connect", s.connect)
	s.Server = httptest.NewServer(mux)
	tunnels := multiplex.NewServer(s.Listener.Addr(), func(*http.Request) {}, func() {})
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
func (s *Server) Close() {
	s.cut()
	s.Server.Close()
}

// Member is the server as gossip names it.
func (s *Server) Member() membership.Member {
	return membership.Member{Name: s.Name, Role: membership.GameServer, State: s.State, URL: s.URL, Weight: 1}
}

// page gives the rooms after one, at most limit. Called with mu held.
func (s *Server) page(after, limit string) (page []report.RoomInfo) {
	most, err := strconv.Atoi(limit)
	if err != nil {
		panic(err)
	}
	for _, r := range s.Rooms {
		if string(r.Room) > after && len(page) < most {
			page = append(page, r)
		}
	}
	return page
}

// Got gives the first messages and the upgrades that it got.
func (s *Server) Got() (hellos []string, upgrades []*http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.Hellos), slices.Clone(s.Upgrades)
}

// Set changes the server's behaviour.
func (s *Server) Set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.Upgrades = append(s.Upgrades, r)
	answer, moved, split, serve := s.Answer, s.Moved, s.Split, s.Serve
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
	_ = conn.SetDeadline(time.Now().Add(2 * Timeout))
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: accepted\r\nSec-WebSocket-Protocol: "+proto.Subprotocol+"\r\n\r\n")
	c := &Conn{Conn: conn, r: rw.Reader}
	if serve != nil {
		serve(c)
		return
	}
	_, hello, err := c.Read()
	if err != nil {
		return
	}
	s.mu.Lock()
	s.Hellos = append(s.Hellos, string(hello))
	s.mu.Unlock()
	first := AppendFrame(nil, edge.OpBinary, proto.Custom{Payload: []byte(s.Name)}.Append(nil), nil)
	if moved != nil {
		first = AppendFrame(nil, edge.OpBinary, moved.Append(nil), nil)
		first = AppendFrame(first, edge.OpClose, binary.BigEndian.AppendUint16(nil, uint16(proto.CloseMoved)), nil)
	}
	if split {
		for _, b := range append(AppendFrame(nil, 0x9, []byte("ping"), nil), first...) {
			_, _ = conn.Write([]byte{b})
		}
	} else {
		_, _ = conn.Write(first)
	}
	if moved != nil {
		return
	}
	for {
		op, payload, err := c.Read()
		if err != nil {
			return
		}
		_, _ = conn.Write(AppendFrame(nil, op, payload, nil))
	}
}

// Lead makes the server lead rooms, and none besides.
func (s *Server) Lead(rooms ...report.RoomInfo) { s.Set(func() { s.Rooms = rooms }) }

// Room is a room of 30 ticks a second as its leader lists it.
func Room(kind, id string, players, seats int) report.RoomInfo {
	return report.RoomInfo{Room: proto.RoomID(kind + id), Game: "arena", Players: players, Seats: seats, TickRate: 30}
}

// ByID sorts rooms as a server lists them.
func ByID(rooms ...report.RoomInfo) []report.RoomInfo {
	slices.SortFunc(rooms, func(a, b report.RoomInfo) int { return strings.Compare(string(a.Room), string(b.Room)) })
	return rooms
}
