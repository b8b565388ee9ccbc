package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Besides the ticks, which package room watches, a game's code runs here: its New and Start make a room, its New a replica, and its
// Migrate takes over a room of an older version. Each call has a goroutine of its own, which is left alone when it hangs: whoever
// waits continues within a second, and the same call is not made again by this process.

const (
	// hangLooks and migrateLooks are after how many obs.HangInterval a call hangs. A migration may take as long as the room can
	// be led from its replica; nobody but that room waits for it.
	hangLooks    = obs.HangLimit
	migrateLooks = 50
	// maxHung bounds the calls that are remembered. A process that has so many lost goroutines does nothing else any more.
	maxHung = 256
	// loopLimit is how long a loop of the registry may take for one turn before Check reports it.
	loopLimit = 5 * time.Second
)

// errHung is wrapped by the error of a call that hangs, or did before.
var errHung = errors.New("the game does not return")

// gameCall names a call into a game. Two calls with the same name do the same.
type gameCall struct {
	game    proto.GameName
	method  string
	options string
}

// inGame calls f, which calls a game, on another goroutine. A panic is returned as a *game.PanicError. After looks f is left
// alone, and the error wraps errHung: f must not write to anything that the caller uses then.
func (r *Registry) inGame(c gameCall, id proto.RoomID, looks int, f func() error) error {
	hung := fmt.Errorf("%s of game %s: %w", c.method, c.game, errHung)
	r.mu.Lock()
	_, before := r.hung[c]
	r.mu.Unlock()
	if before {
		return hung
	}
	label := fmt.Sprintf("call %d", r.calls.Add(1))
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				err = &game.PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		obs.Label(label)
		err = f()
	}()
	if !obs.Await(done, looks) {
		return err
	}
	stack := obs.StackOf(label, "")
	r.mu.Lock()
	if len(r.hung) < maxHung {
		r.hung[c] = struct{}{}
	}
	r.mu.Unlock()
	r.metrics.RoomsHung.Inc()
	r.log.Error("a game does not return: a core is lost until this process ends", "room", id, "game", c.game, "method", c.method, "stack", stack)
	r.history.add(Event{Kind: EventCrash, Room: id, From: r.self, Why: c.method + " does not return"})
	if r.config.Hung != nil {
		r.config.Hung()
	}
	return hung
}

// guarded is d with a New that cannot hang its caller. It is called where a replica is made, among others.
func (r *Registry) guarded(d game.Definition) *game.Definition {
	original := d.New
	d.New = func(options json.RawMessage) (game.Game, game.Settings, error) {
		var made game.Game
		var settings game.Settings
		err := r.inGame(gameCall{d.Name, "New", string(options)}, "", hangLooks, func() (err error) {
			g, s, err := original(options)
			made, settings = g, s
			return err
		})
		var failed *game.PanicError
		if errors.As(err, &failed) {
			r.log.Error("the game failed while its room was replicated", "game", d.Name, "panic", failed.Value, "stack", string(failed.Stack))
		}
		if err != nil {
			return nil, game.Settings{}, err
		}
		return made, settings, nil
	}
	return &d
}

// loop is when a loop began its turn, in nanoseconds since 1970; 0: it rests.
type loop struct{ since atomic.Int64 }

func (l *loop) turn() { l.since.Store(time.Now().UnixNano()) }
func (l *loop) rest() { l.since.Store(0) }

// Check reports a loop of the registry that does not run any more; nil: there is none.
func (r *Registry) Check() error {
	for _, l := range []struct {
		name string
		loop *loop
	}{{"view", &r.viewLoop}, {"posts", &r.postLoop}} {
		if since := l.loop.since.Load(); since != 0 && time.Duration(time.Now().UnixNano()-since) > loopLimit {
			return fmt.Errorf("the loop of the registry for %s has not made a turn for more than %v", l.name, loopLimit)
		}
	}
	return nil
}
