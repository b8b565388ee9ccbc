package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/clients/goclient/bots"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Play fills the rooms, plays, and reports what the players saw between the moment when all were in and the end. A player
// who could not enter, or was thrown out, is in the report and not an error.
func Play(ctx context.Context, c Config) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := newLoad(c)
	if err != nil {
		return nil, err
	}
	meters, err := newMeters(ctx, c.Measure)
	if err != nil {
		return nil, err
	}

	if c.Wait > 0 {
		if err := waitReady(ctx, l.pass.HTTP, c.Router, c.Wait); err != nil {
			return nil, err
		}
	}

	var players sync.WaitGroup
	defer players.Wait()
	defer cancel()
	l.enter(ctx, &players)
	if l.connected() == 0 {
		return nil, fmt.Errorf("no player could enter (-router names the router); the first was told: %w", l.firstError())
	}
	if err := meters.begin(ctx); err != nil {
		return nil, err
	}
	l.mark(func(p *player, now goclient.Stats) { p.stats.before = now })
	l.window.open(time.Now())
	l.wait(ctx)
	l.window.close(time.Now())
	l.mark(func(p *player, now goclient.Stats) { p.stats.after = now })
	if err := meters.end(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	cancel()
	players.Wait()
	return l.report(meters), nil
}

// load is all players of one run.
type load struct {
	config Config
	window *window
	pass   *bots.Pass
	codec  *state.Codec[Input]
	rooms  rooms
	moves  *moves
	// patience is until when a router that takes no connection is tried again.
	patience time.Time

	mu      sync.Mutex
	players []*player
	failed  []error
}

func newLoad(c Config) (*load, error) {
	codec, err := state.NewCodec[Input]()
	if err != nil {
		return nil, err
	}
	pass, err := c.Access.Load()
	if err != nil {
		return nil, err
	}
	return &load{config: c, codec: codec, window: &window{}, moves: newMoves(), patience: time.Now().Add(c.Wait), pass: pass}, nil
}

// enter connects everybody, the first of each room before the others, since that one makes the room. It returns when
// every player is in or was refused.
func (l *load) enter(ctx context.Context, running *sync.WaitGroup) {
	ramp := l.config.Ramp
	if ramp == 0 {
		ramp = 2 * time.Millisecond * time.Duration(l.config.Rooms*l.config.Players)
	}
	var entering sync.WaitGroup
	for r := range l.config.Rooms {
		entering.Go(func() {
			pause(ctx, ramp*time.Duration(r)/time.Duration(l.config.Rooms))
			first := newPlayer(l, r, 0)
			if !l.dial(ctx, first, "", running) {
				return
			}
			for i := 1; i < l.config.Players; i++ {
				pause(ctx, ramp/time.Duration(l.config.Rooms*l.config.Players))
				l.dial(ctx, newPlayer(l, r, i), first.room, running)
			}
		})
	}
	entering.Wait()
}

// dial lets p into room (empty: a new one) and starts its goroutine.
func (l *load) dial(ctx context.Context, p *player, room proto.RoomID, running *sync.WaitGroup) bool {
	if ctx.Err() != nil {
		return false
	}
	err := p.dial(ctx, room)
	for unreachable(err) && time.Now().Before(l.patience) && ctx.Err() == nil {
		pause(ctx, askAgain)
		err = p.dial(ctx, room)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failed = append(l.failed, err)
		return false
	}
	l.players = append(l.players, p)
	running.Go(func() {
		if err := p.client.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			p.stats.lost(err)
		}
	})
	return true
}

// wait shows progress until the time is over.
func (l *load) wait(ctx context.Context) {
	if l.config.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.config.For)
		defer cancel()
	}
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for last := l.totals(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := l.totals()
			fmt.Fprintln(l.config.Progress, now.progress(last, progressInterval))
			last = now
		}
	}
}

// mark gives f every player with the counts of this moment.
func (l *load) mark(f func(p *player, now goclient.Stats)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.players {
		f(p, p.client.Stats())
	}
}

func (l *load) connected() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.players)
}

func (l *load) firstError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failed) == 0 {
		return errors.New("stopped before")
	}
	return l.failed[0]
}

func (l *load) request(p *player, room proto.RoomID) goclient.Request {
	return goclient.Request{
		Game:    proto.GameName(l.config.Game),
		Room:    room,
		Options: l.config.Options,
		Player:  goclient.Player{Name: p.name},
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
