package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// honestPlayers is how many play in each honest room; there is a room on each game server.
	honestPlayers = 2
	// honestJoin is the time between two new players.
	honestJoin = 300 * time.Millisecond
	// joinLimit is how long a new player may take. A request that a machine with other things to do keeps waiting takes a second.
	joinLimit = 5 * time.Second
	// gapLimit is how long no frame may come. A room may harm another one for a second; a busy machine for as long again.
	gapLimit = 2 * time.Second
)

// harm is what honest players may notice of an attack. The zero value: nothing.
type harm struct {
	gap   time.Duration // without a frame; 0: gapLimit
	moves bool          // connections may be lost, as of a server that an attack may kill
}

// honest are the players who are not to notice anything: some who play, and new ones who come all the time.
type honest struct {
	siege   *siege
	http    *http.Client
	rooms   []proto.RoomID
	players []*honestPlayer
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu      sync.Mutex // of the rest, since begin
	joined  int
	slowest time.Duration
	refused error         // the first failure of a new player
	stood   time.Duration // for how long this process itself did not run
}

// honestPlayer plays until its room or its server fails it.
type honestPlayer struct {
	name   string
	client *goclient.Client
	inputs atomic.Pointer[goclient.Inputs[hostile.Input]]

	mu     sync.Mutex // of the rest, since begin
	frames int
	last   time.Time // of the newest frame
	gap    time.Duration
	lost   error // the last loss of a connection that no server asked for
	ended  error // Run has returned
}

func newHonest(s *siege) *honest {
	h := &honest{siege: s, http: &http.Client{Timeout: joinLimit, Transport: &http.Transport{DialContext: honestDial, DisableKeepAlives: true}}}
	var servers []placement.Server
	for _, name := range []string{"game-1", "game-2", "game-3"} {
		servers = append(servers, placement.Server{Name: name})
	}
	homes := map[string]bool{}
	for i := 0; len(homes) < len(servers); i++ {
		room := proto.RoomID("honest-" + strconv.Itoa(i))
		if home := placement.New(servers).Order(nil, string(room), 1)[0]; !homes[home] {
			homes[home] = true
			h.rooms = append(h.rooms, room)
		}
	}
	return h
}

// honestAddress counts the addresses of honest players.
var honestAddress atomic.Uint32

// honestDial dials from an address of its own, as players do who sit at home.
func honestDial(ctx context.Context, network, addr string) (net.Conn, error) {
	n := honestAddress.Add(1)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(n>>8), byte(n%250)+1)}}
	return d.DialContext(ctx, network, addr)
}

// config of one client; each second room is entered through the router that tunnels.
func (h *honest) config(n int) goclient.Config {
	router := redirecting
	if n%2 == 1 {
		router = tunnelling
	}
	return goclient.Config{Router: h.siege.router(router), HTTP: h.http, GiveUp: 20 * time.Second,
		Request: goclient.Request{Game: hostile.Name, Room: h.rooms[n%len(h.rooms)]},
		Dial:    func(ctx context.Context, addr string) (net.Conn, error) { return honestDial(ctx, "tcp", addr) }}
}

// enter brings the players in.
func (h *honest) enter(ctx context.Context) error {
	running, cancel := context.WithCancel(ctx)
	h.cancel = cancel
	codec, err := state.NewCodec[hostile.Input]()
	if err != nil {
		return err
	}
	for n := range honestPlayers * len(h.rooms) {
		p := &honestPlayer{name: fmt.Sprintf("player %d of %s", n+1, h.rooms[n%len(h.rooms)])}
		c := h.config(n)
		c.Events = goclient.Events{Frame: p.frame, Lost: p.connectionLost}
		if p.client, err = goclient.Dial(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		in, err := goclient.NewInputs(p.client, codec)
		if err != nil {
			return err
		}
		p.inputs.Store(in)
		h.players = append(h.players, p)
		h.done.Go(func() {
			err := p.client.Run(running)
			p.mu.Lock()
			p.ended = errors.Join(err, errors.New("the client has ended"))
			p.mu.Unlock()
		})
	}
	h.done.Go(func() { h.keepJoining(running) })
	h.done.Go(func() { h.watchMachine(running) })
	return nil
}

func (p *honestPlayer) frame(*goclient.Client) {
	if in := p.inputs.Load(); in != nil {
		_, _ = in.Send(hostile.Input{Press: true}) // fails while the client comes back, which is noticed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.gap = max(p.gap, now.Sub(p.last))
	p.frames, p.last = p.frames+1, now
}

func (p *honestPlayer) connectionLost(_ *goclient.Client, reason error) {
	var closed *goclient.CloseError
	if errors.As(reason, &closed) && closed.Code == proto.CloseMoved {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = reason
}

// keepJoining lets new players come, who look around and go.
func (h *honest) keepJoining(ctx context.Context) {
	for n := 0; ; n++ {
		if pauseFor(ctx, honestJoin) != nil {
			return
		}
		begun := time.Now()
		entering, cancel := context.WithTimeout(ctx, joinLimit)
		c, err := goclient.Dial(entering, h.config(n))
		cancel()
		if ctx.Err() != nil {
			return
		}
		h.mu.Lock()
		h.joined++
		h.slowest = max(h.slowest, time.Since(begun))
		if err != nil && h.refused == nil {
			h.refused = fmt.Errorf("a new player was not let in: %w", err)
		}
		h.mu.Unlock()
		if err == nil {
			_ = c.Leave("")
			c.Close()
		}
	}
}

// watchMachine notes how long this process was kept from running.
func (h *honest) watchMachine(ctx context.Context) {
	const beat = 10 * time.Millisecond
	for last := time.Now(); pauseFor(ctx, beat) == nil; last = time.Now() {
		h.mu.Lock()
		h.stood = max(h.stood, time.Since(last)-beat)
		h.mu.Unlock()
	}
}

// newcomers waits until three more new players have come, or were refused, which end tells.
func (h *honest) newcomers(ctx context.Context) error {
	joined := func() int {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.joined
	}
	before := joined()
	return until(ctx, 4*joinLimit, "no new player comes", func() bool { return joined() >= before+4 }) // the first may have begun before
}

// stall is the longest time for which this process was kept from running, since begin.
func (h *honest) stall() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stood
}

// playing reports whether all have had a frame a moment ago.
func (h *honest) playing() bool {
	for _, p := range h.players {
		p.mu.Lock()
		silent := time.Since(p.last)
		p.mu.Unlock()
		if silent > time.Second {
			return false
		}
	}
	return true
}

// begin forgets what was noticed.
func (h *honest) begin() {
	h.mu.Lock()
	h.joined, h.slowest, h.refused, h.stood = 0, 0, nil, 0
	h.mu.Unlock()
	for _, p := range h.players {
		p.mu.Lock()
		p.frames, p.gap, p.last, p.lost = 0, 0, time.Now(), nil
		p.mu.Unlock()
	}
}

// end says what was noticed since begin, and whether it is more than allowed.
func (h *honest) end(allowed harm) (text string, err error) {
	if allowed.gap == 0 {
		allowed.gap = gapLimit
	}
	frames, gap := 0, time.Duration(0)
	for _, p := range h.players {
		p.mu.Lock()
		p.gap = max(p.gap, time.Since(p.last))
		frames, gap = frames+p.frames, max(gap, p.gap)
		switch {
		case p.ended != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, p.ended))
		case p.lost != nil && !allowed.moves:
			err = errors.Join(err, fmt.Errorf("%s lost its connection: %w", p.name, p.lost))
		}
		p.mu.Unlock()
	}
	if gap > allowed.gap {
		err = errors.Join(err, fmt.Errorf("honest players had no frame for %v, %v are allowed", gap.Round(time.Millisecond), allowed.gap))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !allowed.moves {
		err = errors.Join(err, h.refused)
	}
	return fmt.Sprintf("%d frames, at most %v without one; %d new players, the slowest in after %v; this process stood still for %v", frames, gap.Round(time.Millisecond), h.joined,
		h.slowest.Round(time.Millisecond), h.stood.Round(time.Millisecond)), err
}

func (h *honest) close() {
	if h.cancel != nil {
		h.cancel()
	}
	h.done.Wait()
}
