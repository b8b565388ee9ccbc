package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func roomAttacks() []attack {
	return []attack{
		{row: "2c", short: true, run: slowTicks, did: "a room of 60 ticks a second whose ticks take 50 ms, for 4 s",
			must: "the room is named as the heaviest; its neighbours keep their rate"},
		{row: "2d", short: true, run: largeState, did: "a room whose state grows over 1 MB",
			must: "it ends with 4013 before anybody gets a keyframe that is too large, and the log says why"},
		{row: "2e", short: true, run: manyCustoms, did: "a room that sends 5,000 messages a tick to each player",
			must: "the game gets errors, they are counted, and its player stays"},
		{row: "2f", short: true, run: blockedLog, did: "a server whose stderr is a pipe that nobody reads, and 20,000 gossip packets that it logs",
			must: "its rooms tick, livez says ok and that lines are lost, they are counted"},
		{row: "2g", run: pausedServer, did: "SIGSTOP of a server for 3 s", harm: harm{gap: 5 * time.Second, moves: true},
			must: "its players go on elsewhere, and all is whole again"},
		{row: "2a", short: true, run: endlessTick, did: "for {} in the Tick of one room", harm: harm{gap: 3 * time.Second},
			must: "4013 within 2 s, counted, named in the log with its stack; livez or readyz say it; no standby takes it over; the other rooms go on"},
		{row: "2b", run: fatalRoom, did: "a panic in a goroutine of one room, among 20 bystanders", harm: harm{gap: 15 * time.Second, moves: true},
			must: "at most one more server dies; the 20 others live; the player of the one gets 4013"},
	}
}

// roomAt is a room whose home is that server.
func (s *siege) roomAt(server, prefix string) proto.RoomID {
	var all []placement.Server
	for _, name := range s.bed.servers() {
		all = append(all, placement.Server{Name: name})
	}
	set := placement.New(all)
	for i := 0; ; i++ {
		if room := prefix + "-" + strconv.Itoa(i); set.Order(nil, room, 1)[0] == server {
			return proto.RoomID(room)
		}
	}
}

// order enters a room and has it break.
func (s *siege) order(ctx context.Context, n int, room proto.RoomID, what, more string) (*socket, error) {
	who := strangerAt(8000 + n)
	a, err := who.get(ctx, s.router(redirecting), entryFor(room, more))
	if err != nil {
		return nil, err
	}
	k, err := who.enter(ctx, a.URL, a.Ticket)
	if err != nil {
		return nil, err
	}
	if _, _, err := k.await(proto.KindDelta, strangerTimeout); err != nil {
		k.Close()
		return nil, fmt.Errorf("enter %s: %w", room, err)
	}
	if err := k.send(proto.Custom{Payload: []byte(what)}.Append(nil)); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// logSince gives what the processes said from a mark on.
func (s *siege) logSince(mark int64) string {
	f, ok := s.lines.w.(*os.File)
	if !ok {
		return ""
	}
	b, _ := os.ReadFile(f.Name())
	if mark > int64(len(b)) {
		return ""
	}
	return string(b[mark:])
}

func (s *siege) logMark() int64 {
	f, ok := s.lines.w.(*os.File)
	if !ok {
		return 0
	}
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// slowTicks is row 2c.
func slowTicks(ctx context.Context, s *siege) (string, error) {
	room := s.roomAt("game-1", "slow")
	k, err := s.order(ctx, 0, room, "slow", `,"options":{"tick_rate":60}`)
	if err != nil {
		return "", err
	}
	defer k.Close()
	_ = pauseFor(ctx, 1500*time.Millisecond) // to the fuse's end, and until costs are known
	before := s.honest.frames()
	begun := time.Now()
	var v struct {
		Heaviest []struct {
			Room  proto.RoomID
			Share int
		}
	}
	share := -1
	for time.Since(begun) < 2500*time.Millisecond {
		if err := s.bed.api.call(ctx, http.MethodGet, "game-1", "/v1/server", &v); err != nil {
			return "", err
		}
		if len(v.Heaviest) > 0 && v.Heaviest[0].Room == room {
			share = v.Heaviest[0].Share
		}
		open(k.Conn)
		_ = pauseFor(ctx, 200*time.Millisecond)
	}
	rate := float64(s.honest.frames()-before) / time.Since(begun).Seconds() / float64(len(s.honest.players))
	text := fmt.Sprintf("the heaviest room takes %d per mille of a worker; honest players got %.1f of 20 ticks a second", share, rate)
	switch {
	case share < 0:
		return text, errors.New("the room is not named as the heaviest")
	case rate < 15:
		return text, errors.New("the neighbours have lost their rate")
	}
	_ = k.send(proto.Leave{}.Append(nil))
	return text, nil
}

// frames is how many all have seen since begin.
func (h *honest) frames() (n int) {
	for _, p := range h.players {
		p.mu.Lock()
		n += p.frames
		p.mu.Unlock()
	}
	return n
}

// largeState is row 2d.
func largeState(ctx context.Context, s *siege) (string, error) {
	mark := s.logMark()
	k, err := s.order(ctx, 10, s.roomAt("game-1", "large"), "large", "")
	if err != nil {
		return "", err
	}
	defer k.Close()
	largest := 0
	var end closeFrame
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		b, err := k.read(time.Until(deadline))
		largest = max(largest, len(b))
		if errors.As(err, &end) || err != nil {
			break
		}
	}
	said := ""
	err = until(ctx, 3*time.Second, "the log does not say why", func() bool {
		said = s.logSince(mark)
		return strings.Contains(said, "ballast")
	})
	text := fmt.Sprintf("closed with %d, the largest message had %d bytes", end.code, largest)
	if end.code != proto.CloseCrashed {
		err = errors.Join(err, fmt.Errorf("closed with %d, not %d", end.code, proto.CloseCrashed))
	}
	return text, err
}

// manyCustoms is row 2e.
func manyCustoms(ctx context.Context, s *siege) (string, error) {
	const server = "game-1"
	k, err := s.order(ctx, 20, s.roomAt(server, "customs"), "customs", "")
	if err != nil {
		return "", err
	}
	defer k.Close()
	got, deltas := 0, 0
	for begun := time.Now(); time.Since(begun) < 2*time.Second; {
		b, err := k.read(2 * time.Second)
		if err != nil {
			return "", fmt.Errorf("the player after %d messages: %w", got, err)
		}
		for len(b) > 0 {
			kind, _, rest, err := proto.NextRecord(b)
			if err != nil {
				return "", err
			}
			switch b = rest; kind {
			case proto.KindCustom:
				got++
			case proto.KindDelta:
				deltas++
			}
		}
	}
	refused, err := s.metric(ctx, server, "ringside_customs_refused_total")
	text := fmt.Sprintf("the player got %d ticks and %d messages; %.0f were refused", deltas, got, refused)
	if err == nil && (refused == 0 || got == 0 || deltas < 10) {
		err = errors.New("messages are neither sent nor refused")
	}
	return text, err
}

// blockedLog is row 2f.
func blockedLog(ctx context.Context, s *siege) (string, error) {
	addr, err := freeAddress()
	if err != nil {
		return "", err
	}
	gossip, held, err := freeGossipPort()
	if err != nil {
		return "", err
	}
	for _, h := range held {
		h.Close()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close() // never read
	cmd := exec.Command(filepath.Join(s.bed.builder.bin, "gameserver"), "-name", "mute", "-cluster", "mute", "-listen", addr, "-gossip", gossip, "-log-level", "debug")
	cmd.Stderr, cmd.Stdout = w, w
	cmd.SysProcAttr = attributes()
	err = cmd.Start()
	w.Close()
	if err != nil {
		return "", err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if err := until(ctx, 20*time.Second, "the server does not serve", func() bool {
		r, err := plain(ctx, http.MethodGet, addr, "/readyz", "")
		return err == nil && r.status == http.StatusOK
	}); err != nil {
		return "", err
	}
	t, err := devTicket("mute-room")
	if err != nil {
		return "", err
	}
	player, err := goclient.Dial(ctx, goclient.Config{URL: "ws://" + addr + "/v1/rooms/mute-room/connect", Ticket: t, Events: goclient.Events{}})
	if err != nil {
		return "", err
	}
	defer player.Close()
	spam, err := net.Dial("udp", gossip)
	if err != nil {
		return "", err
	}
	defer spam.Close()
	for i := range 20_000 { // each is logged
		_, _ = spam.Write([]byte("no packet of gossip")) // a full buffer of the other side loses some
		if i%100 == 99 {
			_ = pauseFor(ctx, 5*time.Millisecond)
		}
	}
	var live reply
	err = until(ctx, 10*time.Second, "livez does not tell of it", func() bool {
		live, err = plain(ctx, http.MethodGet, addr, "/livez", "")
		return err == nil && strings.Contains(string(live.body), "the log is not read")
	})
	if err != nil {
		return string(live.body), err
	}
	metrics, err := plain(ctx, http.MethodGet, addr, "/metrics", "")
	if err != nil {
		return "", err
	}
	dropped := 0.0
	for line := range strings.Lines(string(metrics.body)) {
		if after, ok := strings.CutPrefix(line, "ringside_log_dropped_total "); ok {
			dropped, _ = strconv.ParseFloat(strings.TrimSpace(after), 64)
		}
	}
	before := roomTick(ctx, addr)
	_ = pauseFor(ctx, time.Second)
	ticks := roomTick(ctx, addr) - before
	text := fmt.Sprintf("livez %d %q; %.0f lines dropped; the room made %d ticks in a second", live.status, strings.TrimSpace(string(live.body)), dropped, ticks)
	switch {
	case live.status != http.StatusOK:
		err = errors.New("livez asks for a restart")
	case ticks < 5:
		err = errors.New("the room does not tick")
	case dropped == 0:
		err = errors.New("nothing was dropped, so nothing is shown")
	}
	return text, err
}

// pausedServer is part of row 2g.
func pausedServer(ctx context.Context, s *siege) (string, error) {
	c := s.bed.up["game-2"]
	if err := c.pause(); err != nil {
		return "", err
	}
	_ = pauseFor(ctx, 3*time.Second)
	if err := c.resume(); err != nil {
		return "", err
	}
	took, lacked, err := s.bed.wait(ctx)
	return fmt.Sprintf("whole again %v after SIGCONT, lacking last: %s", took.Round(100*time.Millisecond), lacked), err
}

// endlessTick is row 2a.
func endlessTick(ctx context.Context, s *siege) (string, error) {
	const server = "game-2"
	mark := s.logMark()
	room := s.roomAt(server, "endless")
	k, err := s.order(ctx, 30, room, "loop", "")
	if err != nil {
		return "", err
	}
	defer k.Close()
	// The last tick that came is the one before it hangs.
	last := time.Now()
	var end closeFrame
	for {
		b, err := k.read(10 * time.Second)
		if errors.As(err, &end) || err != nil {
			break
		}
		if kind, _, _, err := proto.NextRecord(b); err == nil && kind != proto.KindError { // which comes with the close
			last = time.Now()
		}
	}
	took := time.Since(last)
	hung, err := s.metric(ctx, server, "ringside_rooms_hung_total")
	if err != nil {
		return "", err
	}
	err = until(ctx, 5*time.Second, "the log has no stack of the game", func() bool {
		return strings.Contains(s.logSince(mark), "deploy/local/hostile") && strings.Contains(s.logSince(mark), string(room))
	})
	var ready error
	err = errors.Join(err, until(ctx, 10*time.Second, "readyz does not tell of the lost core", func() bool {
		ready = s.bed.api.ready(ctx, server)
		return ready != nil
	}))
	_ = pauseFor(ctx, 2*time.Second) // a standby would take it over by now
	led := ""
	for _, name := range s.bed.servers() {
		rooms, err := s.bed.api.rooms(ctx, name)
		if err != nil {
			return "", err
		}
		for _, r := range rooms {
			if r.Room == string(room) {
				led = name
			}
		}
	}
	text := fmt.Sprintf("closed with %d, %v after the last message; %.0f counted; readyz: %v", end.code, took.Round(time.Millisecond), hung, ready)
	switch {
	case err != nil:
	case end.code != proto.CloseCrashed:
		err = fmt.Errorf("closed with %d, not %d", end.code, proto.CloseCrashed)
	case hung == 0:
		err = errors.New("it is not counted")
	case led != "":
		err = fmt.Errorf("%s leads it again", led)
	case took > 2*time.Second:
		err = errors.New("its player heard of it late")
	}
	if err != nil {
		return text, err
	}
	return text, nil
}

// fatalRoom is row 2b.
func fatalRoom(ctx context.Context, s *siege) (string, error) {
	const bystanders = 20
	counts := make([]atomic.Int64, bystanders)
	ended := make(chan error, bystanders)
	playing, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range bystanders {
		c, err := goclient.Dial(ctx, goclient.Config{Router: s.router(redirecting), HTTP: s.honest.http, GiveUp: 30 * time.Second, Request: goclient.Request{Game: hostile.Name, Room: proto.RoomID("bystander-" + strconv.Itoa(i))},
			Events: goclient.Events{Frame: func(*goclient.Client) { counts[i].Add(1) }}})
		if err != nil {
			return "", err
		}
		codec, err := state.NewCodec[hostile.Input]()
		if err != nil {
			return "", err
		}
		in, err := goclient.NewInputs(c, codec)
		if err != nil {
			return "", err
		}
		_, _ = in.Send(hostile.Input{Press: true}) // so that its seat is held
		defer c.Close()
		go func() { ended <- c.Run(playing) }()
	}
	_ = pauseFor(ctx, 3*time.Second) // until each has its standby
	var fatal error
	victim, err := goclient.Dial(ctx, goclient.Config{Router: s.router(redirecting), HTTP: s.honest.http, GiveUp: 30 * time.Second, Request: goclient.Request{Game: hostile.Name, Room: s.roomAt("game-1", "fatal")}})
	if err != nil {
		return "", err
	}
	_ = pauseFor(ctx, 2*time.Second)
	over := make(chan error, 1)
	go func() { over <- victim.Run(playing) }()
	if err := victim.SendCustom([]byte("goroutine")); err != nil {
		return "", err
	}
	select {
	case fatal = <-over:
	case <-time.After(40 * time.Second):
		fatal = errors.New("its client was told nothing")
	}
	_ = pauseFor(ctx, 3*time.Second)
	var dead []string
	for name, c := range s.bed.up {
		select {
		case <-c.done:
			dead = append(dead, name)
		default:
		}
	}
	for i := range counts {
		counts[i].Store(0)
	}
	err = until(ctx, 15*time.Second, "a bystander's room does not go on", func() bool {
		for i := range counts {
			if counts[i].Load() < 10 {
				return false
			}
		}
		return true
	})
	text := fmt.Sprintf("%d servers died: %v; %d of %d bystanders were ended; the player heard: %v", len(dead), dead, len(ended), bystanders, fatal)
	for _, name := range dead {
		delete(s.bed.up, name)
		if again := s.bed.start(name); again != nil {
			return text, again
		}
	}
	var closed *goclient.CloseError
	switch {
	case err != nil:
		return text, err
	case len(dead) == 0 || len(dead) > 2:
		return text, fmt.Errorf("%d servers died", len(dead))
	case len(ended) > 0:
		return text, fmt.Errorf("a bystander was ended: %w", <-ended)
	case !errors.As(fatal, &closed) || closed.Code != proto.CloseCrashed:
		return text, fmt.Errorf("the player was not told %d", proto.CloseCrashed)
	}
	_, _, err = s.bed.wait(ctx)
	return text, err
}

// devTicket is for a room of a server that has the development key.
func devTicket(room proto.RoomID) (string, error) {
	return ticket.NewSigner(ticket.DevKey()).Sign(ticket.Claims{Room: room, Game: hostile.Name, Player: "player", Role: ticket.Player, Expires: time.Now().Add(time.Minute)})
}

// roomTick is the tick of the one room of a server without a token.
func roomTick(ctx context.Context, addr string) int {
	var v struct{ Tick int }
	if r, err := plain(ctx, http.MethodGet, addr, "/v1/server/rooms/mute-room", ""); err == nil {
		_ = json.Unmarshal(r.body, &v) // 0 then
	}
	return v.Tick
}
