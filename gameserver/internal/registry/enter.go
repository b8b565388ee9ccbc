package registry

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// Spec is a room that a client wants to enter, as its ticket and its hello say.
type Spec struct {
	Room    proto.RoomID
	Game    proto.GameName // empty: the room is entered where it is led, and not created
	Options json.RawMessage
	Signed  bool        // the game's backend has signed the options
	Exists  bool        // the room is entered where it is led, and not created, though Game says what it must run
	Seen    proto.Epoch // the newest that the client has seen of the room; zero: it was never in it
	// Elsewhere: it is connected to the server that has suspended the room, and looks for it beside that (proto.HelloElsewhere).
	Elsewhere bool
	Hold      bool // it plays at the leader and waits for the room to move here (proto.HelloWait)
	// Fits says whether the client can play that game as it is built here; an error refuses it. nil: anything fits.
	Fits func(proto.GameName) error
}

const (
	// enterTries is how often a client may meet a change of the room's role.
	enterTries = 4
	// maxWaiting bounds the clients that wait at one room: everybody who can be in it.
	maxWaiting = proto.MaxSeats + proto.MaxSpectators
	// waitTime bounds the wait. It is longer than a move or a failover takes, and no longer than a client waits for its welcome.
	waitTime = 8 * time.Second
)

func (s *Spec) creates() bool { return s.Game != "" && !s.Exists }

// waiter is a client that waits until it is known where the room is, or until it is led here.
type waiter struct {
	spec Spec
	join room.Join
	done chan entered // holds one
}

// samePlayer reports whether o waits for the same place in the room.
func (w *waiter) samePlayer(o *waiter) bool {
	return w.join.Player != "" && w.join.Player == o.join.Player && w.join.Spectator == o.join.Spectator
}

// entered is what came of waiting. again: something came between, and the next try will find what.
type entered struct {
	occupant *room.Occupant
	err      error
	again    bool
}

// waiting is the clients of one room that is not led here, in the order in which they came. Guarded by entry.mu.
type waiting []*waiter

// holding counts those who still play at the leader.
func (w waiting) holding() (n int) {
	for _, c := range w {
		if c.spec.Hold {
			n++
		}
	}
	return n
}

// Enter lets the client of j into the room that s names, if this server leads it, or takes it over while the client
// waits, or may create it. Otherwise the error is a *proto.Refusal, with CloseMoved and the place to go to where another
// server has the room; or ctx's. It blocks while other servers are asked, or while a replica waits for its leader's fate, at
// most about waitTime.
func (r *Registry) Enter(ctx context.Context, s Spec, j room.Join) (*room.Occupant, error) {
	for range enterTries {
		got := r.enter(ctx, s, j)
		if !got.again {
			if about(got.err, proto.CloseMoved) {
				r.metrics.Moved.Inc()
			}
			return got.occupant, got.err
		}
	}
	return nil, proto.Refuse(proto.CloseOverloaded, "room %s changes its server just now; try again in a moment", s.Room)
}

// enter is one try.
func (r *Registry) enter(ctx context.Context, s Spec, j room.Join) entered {
	e := r.lock(s.Room)
	if e == nil {
		return entered{err: errStopping()}
	}
	if e.led != nil && e.machine.Role() == ownership.Leads {
		o, err := e.enterLed(e.led, s, j)
		e.unlock()
		if errors.Is(err, room.ErrStopped) { // ended, and its machine has not heard of it yet
			err = proto.Refuse(proto.CloseOverloaded, "room %s ends just now; try again in a moment", s.Room)
		}
		return entered{occupant: o, err: err}
	}
	w := &waiter{spec: s, join: j, done: make(chan entered, 1)}
	if err := e.mayWait(w); err != nil {
		e.step(ownership.Due{})
		e.unlock()
		return entered{err: err}
	}
	e.waiting = append(e.waiting, w)
	if p := e.replica; s.Hold && p != nil {
		p.back.Ready(e.waiting.holding())
	}
	e.step(ownership.Wanted{Seen: s.Seen, Waits: s.Hold, Elsewhere: s.Elsewhere, Create: s.creates()})
	e.unlock()
	timer := time.NewTimer(waitTime)
	defer timer.Stop()
	select {
	case got := <-w.done:
		return got
	case <-timer.C:
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	return e.stopWaiting(ctx, w)
}

func errStopping() error { return proto.Refuse(proto.CloseStopping, "this server is stopping") }

// mayWait refuses a client for which there is nothing to wait, or no place.
func (e *entry) mayWait(w *waiter) error {
	s, role := w.spec, e.machine.Role()
	if role == ownership.Following || role == ownership.Promoting {
		if err := e.fits(s); err != nil {
			return err
		}
	}
	if s.Hold && !w.join.Spectator && e.held != nil && !e.held.opens(w.join.Resume) { // the leader counts those who wait here
		return proto.Refuse(proto.CloseOverloaded, "the resume token opens no seat of room %s as it is known here; come again without waiting", e.id)
	}
	if err := e.takePlace(w); err != nil {
		return err
	}
	if home, _ := e.r.current().Placement.Home(string(e.id)); role == ownership.Absent && home == e.r.self && s.Game != "" && e.r.games[s.Game] == nil {
		return proto.Refuse(proto.CloseGame, "this server does not run game %q; check the game's name", s.Game)
	}
	return nil
}

// takePlace makes sure of a place to wait for w. A player has one: the newest connection takes it, since the server does not notice
// that an older one is gone. Where all are taken, a client with a ticket takes that of one that has shown nothing but a resume token,
// which anybody can make up.
func (e *entry) takePlace(w *waiter) error {
	i := slices.IndexFunc(e.waiting, w.samePlayer)
	if i < 0 && len(e.waiting) >= maxWaiting && w.join.Player != "" {
		i = slices.IndexFunc(e.waiting, func(o *waiter) bool { return o.join.Player == "" })
	}
	switch {
	case i >= 0:
		e.answer(e.waiting[i], entered{err: proto.Refuse(proto.CloseOverloaded, "another client has taken the place to wait for room %s; try again in a moment", e.id)})
	case len(e.waiting) >= maxWaiting:
		return proto.Refuse(proto.CloseOverloaded, "too many clients wait for room %s; try again in a moment", e.id)
	}
	return nil
}

// fits refuses a client whose ticket or build is for another game than the room runs.
func (e *entry) fits(s Spec) error {
	switch {
	case s.Game != "" && s.Game != e.game:
		return proto.Refuse(proto.CloseGame, "room %s runs %s, but the ticket is for %s; choose another room id", e.id, e.game, s.Game)
	case s.Fits != nil:
		return s.Fits(e.game)
	}
	return nil
}

// enterLed lets a client into a room that is led here.
func (e *entry) enterLed(led *room.Room, s Spec, j room.Join) (*room.Occupant, error) {
	if err := e.fits(s); err != nil {
		return nil, err
	}
	suspended := e.machine.Suspended() &^ ownership.OnProbation
	if s.Seen != (proto.Epoch{}) && s.Seen.Instance != e.machine.Epoch().Instance {
		if suspended != 0 { // another server may lead the instance that the client was in
			return nil, proto.Refuse(proto.CloseOverloaded, "room %s is suspended here; try again in a moment", e.id)
		}
		return nil, proto.Refuse(proto.CloseOver, "")
	}
	if suspended&ownership.NoQuorum != 0 {
		return nil, proto.Refuse(proto.CloseOverloaded, "this server sees too little of the fleet at the moment; ask the router again")
	}
	j.Seen = s.Seen
	o, err := led.QueueJoin(j)
	if errors.Is(err, room.ErrFull) {
		err = proto.Refuse(proto.CloseOverloaded, "too many clients want to enter room %s at once; try again in a moment", e.id)
	}
	return o, err
}

// stopWaiting ends the wait of a client that has waited long enough.
func (e *entry) stopWaiting(ctx context.Context, w *waiter) entered {
	e.mu.Lock()
	defer e.unlock()
	select {
	case got := <-w.done: // at the last moment
		return got
	default:
	}
	e.waiting = slices.DeleteFunc(e.waiting, func(o *waiter) bool { return o == w })
	if p := e.replica; w.spec.Hold && p != nil {
		p.back.Ready(e.waiting.holding())
	}
	switch {
	case ctx.Err() != nil:
		return entered{err: ctx.Err()}
	case e.r.ctx.Err() != nil:
		return entered{err: errStopping()}
	}
	if leader := e.machine.Leader(); leader != "" && leader != e.r.self {
		return entered{err: e.r.moved(leader, e.id, e.machine.Epoch())}
	}
	return entered{err: proto.Refuse(proto.CloseOverloaded, "it is not known yet where room %s is; try again in a moment", e.id)}
}

// answer ends the wait of one client.
func (e *entry) answer(w *waiter, got entered) {
	if i := slices.Index(e.waiting, w); i >= 0 {
		e.waiting = slices.Delete(e.waiting, i, i+1)
		w.done <- got
	}
}

// send sends waiting clients to another server.
func (e *entry) send(a ownership.Send) {
	err := e.r.moved(a.Server, e.id, a.Epoch)
	e.release(func(w *waiter) error {
		if w.spec.Hold && !a.All {
			return nil
		}
		return err
	})
}

// turn turns waiting clients away.
func (e *entry) turn(a ownership.Turn) {
	text := ""
	if a.Code == proto.CloseOverloaded {
		text = fmt.Sprintf("room %s: %s; try again in a moment", e.id, a.Why)
	}
	if a.Code == proto.CloseStopping {
		text = fmt.Sprintf("this server is stopping and sees no other that could take room %s", e.id)
	}
	e.release(func(w *waiter) error {
		seen := w.spec.Seen
		if a.Instance != 0 && seen.Instance != a.Instance || a.Newcomers && seen != (proto.Epoch{}) {
			return nil
		}
		_, matched := ticket.MatchKindOf(e.id)
		if a.Code == proto.CloseSeat && w.spec.Exists && !matched {
			return proto.Refuse(proto.CloseEnded, "")
		}
		if a.Code == proto.CloseSeat && w.spec.Exists { // nobody has the room; another ticket is no use
			return proto.Refuse(proto.CloseOptions, "room %s is for players whom quick match sends there, with another game or other options; "+
				"leave out its id to be given a room", e.id)
		}
		return proto.Refuse(a.Code, "%s", text)
	})
}

// release ends the wait of those for whom f gives an error.
func (e *entry) release(f func(w *waiter) error) {
	e.waiting = slices.DeleteFunc(e.waiting, func(w *waiter) bool {
		err := f(w)
		if err != nil {
			w.done <- entered{err: err}
		}
		return err != nil
	})
}

// prepareNew makes the simulation of a new room, as the ticket of the first client says that may create it.
func (e *entry) prepareNew() {
	r := e.r
	i := slices.IndexFunc(e.waiting, func(w *waiter) bool {
		return w.spec.creates() && w.spec.Seen == proto.Epoch{} && r.games[w.spec.Game] != nil
	})
	if i < 0 {
		e.todo = append(e.todo, ownership.Prepared{Err: errors.New("nobody waits for the room any more")})
		return
	}
	w := e.waiting[i]
	s := w.spec
	e.creating = w
	e.making(func() (keep func(), err error) {
		sim, err := r.build(s)
		return func() {
			if err != nil {
				e.answer(w, entered{err: err})
				return
			}
			e.sim = sim
			e.setGame(s.Game, s.Options)
		}, err
	})
}

// build makes the simulation. A game that panics or hangs in it costs this room.
func (r *Registry) build(s Spec) (*game.Simulation, error) {
	if err := r.signed(s); err != nil {
		return nil, err
	}
	made := make(chan *game.Simulation, 1) // a call that hangs may return after all
	err := r.inGame(gameCall{s.Game, "New or Start", string(s.Options)}, s.Room, hangLooks, func() error {
		sim, err := game.New(&r.games[s.Game].original, s.Options, game.Origin{Seed: random(), Instance: newInstance(), Secret: game.NewSecret()})
		made <- sim
		return err
	})
	var failed *game.PanicError
	switch {
	case errors.As(err, &failed):
		r.metrics.RoomsCrashed.Inc()
		r.log.Error("the game failed while its room was created", "room", s.Room, "game", s.Game, "panic", failed.Value, "stack", string(failed.Stack))
		return nil, proto.Refuse(proto.CloseCrashed, "")
	case errors.Is(err, errHung):
		return nil, proto.Refuse(proto.CloseCrashed, "the game did not return when the room was created; the server's log has the place")
	case err != nil:
		return nil, proto.Refuse(proto.CloseOptions, "%v", err)
	}
	return <-made, nil
}

// signed refuses options that the game's backend should have signed.
func (r *Registry) signed(s Spec) error {
	if r.games[s.Game].SignedOptions && !s.Signed {
		return proto.Refuse(proto.CloseOptions, "the backend must sign the options of a %s room; ask it for an identity token that has them", s.Game)
	}
	return nil
}

// MayCreate says what would be wrong with creating the room of s here, as far as that is known without doing it: a *proto.Refusal.
func (r *Registry) MayCreate(s Spec) error {
	if r.games[s.Game] == nil {
		return proto.Refuse(proto.CloseGame, "this server does not run game %q; check the game's name", s.Game)
	}
	if err := r.signed(s); err != nil {
		return err
	}
	err := r.inGame(gameCall{s.Game, "New", string(s.Options)}, s.Room, hangLooks, func() error { return r.games[s.Game].original.CheckOptions(s.Options) })
	var failed *game.PanicError
	switch {
	case errors.As(err, &failed), errors.Is(err, errHung):
		return proto.Refuse(proto.CloseCrashed, "")
	case err != nil:
		return proto.Refuse(proto.CloseOptions, "%v", err)
	}
	return nil
}

// newInstance draws the instance of a room that is created.
func newInstance() proto.Instance {
	for {
		if i := proto.Instance(random()); i != 0 {
			return i
		}
	}
}

// random is for what nobody may foresee: a room's seed and its instance.
func random() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// about reports whether err is a refusal with one of codes.
func about(err error, codes ...proto.CloseCode) bool {
	var refusal *proto.Refusal
	return errors.As(err, &refusal) && slices.Contains(codes, refusal.Code)
}
