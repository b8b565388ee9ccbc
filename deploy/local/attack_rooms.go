package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
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

// roomAt is a room whose home is that server, another one for each try.
func (s *siege) roomAt(server, prefix string) proto.RoomID {
	var all []placement.Server
	for _, name := range s.bed.servers() {
		all = append(all, placement.Server{Name: name})
	}
	set := placement.New(all)
	for i := 0; ; i++ {
		if room := fmt.Sprintf("%s-%d-%d", prefix, s.tries, i); set.Order(nil, room, 1)[0] == server {
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
