package main

import (
	"encoding/binary"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/lxzan/gws"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
)

// floor is the reference without a library and nearly without a game: one loop reads each socket once a tick without waiting, and
// writes the same frame to all players of a room. What is left are the two system calls of a player-tick, which no game server on
// plain sockets can do without.
type floor struct {
	mu    sync.Mutex // held for one pass, or while a player enters
	rooms map[string]*floorRoom
	slots [floorSlots][]*floorRoom
	frame []byte
}

// floorSlots is in how many passes a tick's rooms are spread over the period.
const floorSlots = 16

type floorRoom struct {
	tick    uint32
	players []*floorPlayer
}

type floorPlayer struct {
	player
	socket network.Descriptor
	in     []byte // an unfinished frame
	gone   bool
}

func newFloor(hz int) http.Handler {
	f := &floor{rooms: make(map[string]*floorRoom)}
	go f.run(hz)
	up := gws.NewUpgrader(gws.BuiltinEventHandler{}, &gws.ServerOption{})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.Handler())
	mux.HandleFunc("GET /", func(w http.ResponseWriter, q *http.Request) {
		c, err := up.Upgrade(w, q)
		if err != nil {
			return
		}
		tcp, _ := c.NetConn().(*net.TCPConn)
		socket, err := network.Duplicate(tcp)
		_ = tcp.Close()
		if err != nil {
			return
		}
		id, _ := strconv.Atoi(q.URL.Query().Get("id"))
		f.enter(q.URL.Query().Get("room"), &floorPlayer{player: newPlayer(id), socket: socket})
	})
	return mux
}

func (f *floor) enter(name string, p *floorPlayer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.rooms[name]
	if r == nil {
		r = new(floorRoom)
		slot := len(f.rooms) % floorSlots
		f.rooms[name], f.slots[slot] = r, append(f.slots[slot], r)
	}
	r.players = append(r.players, p)
}

func (f *floor) run(hz int) {
	slot := 0
	for range time.Tick(time.Second / time.Duration(hz*floorSlots)) {
		f.mu.Lock()
		for _, r := range f.slots[slot] {
			f.frame = r.step(f.frame[:0])
		}
		f.mu.Unlock()
		slot = (slot + 1) % floorSlots
	}
}

// step reads from all players of a room, and writes its new state to them, as one frame of at most 125 bytes: that is 10
// players.
func (r *floorRoom) step(b []byte) []byte {
	for _, p := range r.players {
		p.read()
	}
	r.tick++
	b = append(b, 0x82, byte(headSize+playerSize*len(r.players)))
	b = binary.LittleEndian.AppendUint32(b, r.tick)
	for _, p := range r.players {
		b = p.step(b)
	}
	for _, p := range r.players {
		if !p.gone {
			_, err := p.socket.Send(b)
			p.end(err)
		}
	}
	return b
}

// read takes the inputs that have come, in masked frames of inputSize bytes. There are no others.
func (p *floorPlayer) read() {
	if p.gone {
		return
	}
	var b [4 << 10]byte
	had := copy(b[:], p.in)
	n, err := p.socket.Receive(b[had:])
	p.end(err)
	rest := b[:had+n]
	const head = 6
	for ; len(rest) >= head+inputSize; rest = rest[head+inputSize:] {
		input := rest[head:][:inputSize]
		for i := range input {
			input[i] ^= rest[2+i&3]
		}
		p.input(input)
	}
	p.in = append(p.in[:0], rest...)
}

// end closes the socket after an error.
func (p *floorPlayer) end(err error) {
	if err != nil && !p.gone {
		p.gone = true
		_ = unix.Close(int(p.socket))
	}
}
