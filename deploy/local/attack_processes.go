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
	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/internal/flags"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// blockedLog is row 2f.
func blockedLog(ctx context.Context, s *siege) (string, error) {
	addr, gossip, stop, err := startMute(ctx, s)
	if err != nil {
		return "", err
	}
	defer stop()
	t, err := devTicket("mute-room")
	if err != nil {
		return "", err
	}
	player, err := goclient.Dial(ctx, goclient.Config{URL: "ws://" + addr + "/v1/rooms/mute-room/connect", Ticket: t, Events: goclient.Events{}})
	if err != nil {
		return "", err
	}
	defer player.Close()
	if err := spamGossip(ctx, gossip); err != nil {
		return "", err
	}
	var live reply
	err = until(ctx, 10*time.Second, "livez does not report the blocked log", func() bool {
		live, err = plain(ctx, http.MethodGet, addr, "/livez", "")
		return err == nil && strings.Contains(string(live.body), "the log is not read")
	})
	if err != nil {
		return string(live.body), err
	}
	dropped, err := droppedLines(ctx, addr)
	if err != nil {
		return "", err
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

// startMute starts a game server of its own whose log is a pipe that nobody reads.
func startMute(ctx context.Context, s *siege) (addr, gossip string, stop func(), err error) {
	if addr, err = freeAddress(); err != nil {
		return "", "", nil, err
	}
	gossip, held, err := fleet.FreeGossipPort()
	if err != nil {
		return "", "", nil, err
	}
	for _, h := range held {
		h.Close()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", "", nil, err
	}
	cmd := exec.Command(filepath.Join(s.bed.builder.Bin, "gameserver"), "-name", "mute", "-cluster", "mute", "-listen", addr, "-gossip", gossip, "-log-level", "debug")
	cmd.Env = flags.Without(os.Environ())
	cmd.Stderr, cmd.Stdout = w, w
	cmd.SysProcAttr = fleet.Attributes()
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return "", "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		r.Close()
	}
	err = until(ctx, 20*time.Second, "the server does not serve", func() bool {
		r, err := plain(ctx, http.MethodGet, addr, "/readyz", "")
		return err == nil && r.status == http.StatusOK
	})
	if err != nil {
		stop()
	}
	return addr, gossip, stop, err
}

// spamGossip sends packets that are no gossip, each of which is logged.
func spamGossip(ctx context.Context, gossip string) error {
	spam, err := net.Dial("udp", gossip)
	if err != nil {
		return err
	}
	defer spam.Close()
	for i := range 20_000 {
		_, _ = spam.Write([]byte("no packet of gossip")) // a full buffer of the other side loses some
		if i%100 == 99 {
			_ = pauseFor(ctx, 5*time.Millisecond)
		}
	}
	return nil
}

// droppedLines reads how many lines of its log a process has dropped.
func droppedLines(ctx context.Context, addr string) (float64, error) {
	metrics, err := plain(ctx, http.MethodGet, addr, "/metrics", "")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(metrics.body)) {
		if after, ok := strings.CutPrefix(line, "ringside_log_dropped_total "); ok {
			return strconv.ParseFloat(strings.TrimSpace(after), 64)
		}
	}
	return 0, errors.New("ringside_log_dropped_total is not exported")
}

// pausedServer is part of row 2g.
func pausedServer(ctx context.Context, s *siege) (string, error) {
	c := s.bed.up["game-2"]
	if err := pause(c); err != nil {
		return "", err
	}
	_ = pauseFor(ctx, 3*time.Second)
	if err := resume(c); err != nil {
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
		case <-c.Done:
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
