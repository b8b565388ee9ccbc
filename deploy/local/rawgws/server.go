package main

import (
	"encoding/binary"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/lxzan/gws"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The reference: what a game server costs that is nothing but a WebSocket library, a loop a room and a goroutine a connection.
//
//	input: seq u32, dx i8, dy i8
//	state: tick u32, then of each player: id u8, x u16, y u16, angle u16, hp u8, seq u32
const (
	headSize   = 4
	playerSize = 12
	inputSize  = 6
)

// player is a figure on a field of 65536 by 65536.
type player struct {
	id     uint8
	x, y   uint16
	dx, dy int8
	hp     uint8
	seq    uint32 // of its last input
}

func newPlayer(id int) player {
	return player{id: uint8(id), x: uint16(id) << 12, y: 1 << 15, hp: 100}
}

// input takes inputSize bytes.
func (p *player) input(b []byte) {
	p.seq, p.dx, p.dy = binary.LittleEndian.Uint32(b), int8(b[4]), int8(b[5])
}

// step moves the player and appends its state.
func (p *player) step(b []byte) []byte {
	p.x, p.y = p.x+uint16(int16(p.dx)), p.y+uint16(int16(p.dy))
	b = append(b, p.id)
	b = binary.LittleEndian.AppendUint16(b, p.x)
	b = binary.LittleEndian.AppendUint16(b, p.y)
	b = append(b, uint8(p.dx), uint8(p.dy), p.hp)
	return binary.LittleEndian.AppendUint32(b, p.seq)
}

// room is one match. Its loop makes the state once a tick and gives all its connections the same frame.
type room struct {
	mu      sync.Mutex
	tick    uint32
	players map[*gws.Conn]*player
}

// step moves the players and appends the whole state.
func (r *room) step(b []byte) []byte {
	r.tick++
	b = binary.LittleEndian.AppendUint32(b, r.tick)
	for _, p := range r.players {
		b = p.step(b)
	}
	return b
}

func (r *room) run(hz int) {
	for range time.Tick(time.Second / time.Duration(hz)) {
		r.mu.Lock()
		b := gws.NewBroadcaster(gws.OpcodeBinary, r.step(nil))
		for c := range r.players {
			_ = b.Broadcast(c)
		}
		_ = b.Close()
		r.mu.Unlock()
	}
}

// server is the event handler of all connections.
type server struct {
	gws.BuiltinEventHandler
	hz    int
	mu    sync.Mutex
	rooms map[string]*room
}

func (s *server) room(name string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		r = &room{players: make(map[*gws.Conn]*player)}
		s.rooms[name] = r
		go r.run(s.hz)
	}
	return r
}

func (s *server) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	v, _ := c.Session().Load("room")
	r, b := v.(*room), m.Bytes()
	if len(b) != inputSize {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.players[c].input(b)
}

func (s *server) OnClose(c *gws.Conn, _ error) {
	v, _ := c.Session().Load("room")
	r := v.(*room)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.players, c)
}

// handler serves GET /?room=NAME&id=N, which becomes a WebSocket, and /metrics.
func (s *server) handler() http.Handler {
	up := gws.NewUpgrader(s, &gws.ServerOption{})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.Handler())
	mux.HandleFunc("GET /", func(w http.ResponseWriter, q *http.Request) {
		c, err := up.Upgrade(w, q)
		if err != nil {
			return
		}
		id, _ := strconv.Atoi(q.URL.Query().Get("id"))
		r := s.room(q.URL.Query().Get("room"))
		c.Session().Store("room", r)
		r.mu.Lock()
		p := newPlayer(id)
		r.players[c] = &p
		r.mu.Unlock()
		go c.ReadLoop()
	})
	return mux
}
