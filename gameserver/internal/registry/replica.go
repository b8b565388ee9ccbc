package registry

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// held is the state of a room that another server leads. Successive streams of the room's leaders write it.
type held struct {
	tick atomic.Uint32 // that it has

	mu     sync.Mutex
	copy   *game.Copy // nil: there is none yet
	lent   int        // simulations that are being made of copy, without mu: nobody may write to it
	writer *replica   // the stream that may write; nil: none
}

func newHeld(c *game.Copy, tick proto.Tick) *held {
	h := &held{copy: c}
	h.tick.Store(uint32(tick))
	return h
}

// write makes p the stream that may write; nil: none may.
func (h *held) write(p *replica) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writer = p
}

// opens reports whether a resume token opens a seat, as far as can be told from the state that is here.
func (h *held) opens(token []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.copy == nil || h.lent > 0 || h.copy.Opens(token)
}

// simulation builds the room from the copy, which may take long.
func (h *held) simulation() (*game.Simulation, error) {
	h.mu.Lock()
	c := h.copy
	h.lent++
	h.mu.Unlock()
	sim, err := c.Simulation()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.copy == c {
		h.lent--
	}
	return sim, err
}

// apply brings the state to tick. Called with h.mu held.
func (h *held) apply(tick proto.Tick, public, secret []byte) error {
	switch {
	case h.copy == nil:
		return fmt.Errorf("tick %d: there is no state yet", tick)
	case h.lent > 0:
		return errLent
	}
	err := h.copy.Store().ApplyDelta(tick, public)
	if err == nil {
		err = h.copy.Store().ApplySecretDelta(secret)
	}
	if err != nil {
		return fmt.Errorf("tick %d: %w", tick, err)
	}
	h.tick.Store(uint32(tick))
	return nil
}

// replica is the standby's end of one stream; it is replication.Replica.
type replica struct {
	e      *entry
	number uint64
	from   string
	back   replication.Back
	game   *game.Definition
	older  *state.Schema // of the leader's version of the game; nil: it is this server's
	held   *held

	stocked bool // the first keyframe was taken; the link's reading goroutine's own
}

var streams atomic.Uint64 // numbers the streams of this process

// Offer stands by for a room that another server leads; see replication.Rooms.
func (r *Registry) Offer(from string, o replication.Open, back replication.Back) (replication.Replica, error) {
	older, unable := r.accepts(o)
	e := r.lock(o.Room)
	if e == nil {
		return nil, &ownership.Rejection{Code: ownership.RejectDraining, Text: "it is stopping"}
	}
	defer e.unlock()
	if unable == nil {
		unable = r.unable(e)
	}
	p := &replica{e: e, number: streams.Add(1), from: from, back: back, older: older}
	if g := r.games[o.Game]; g != nil {
		p.game = g.Definition
	}
	e.offer = &offer{replica: p, hasBase: o.HasBase}
	e.step(ownership.Offered{Stream: p.number, From: ownership.Process{Server: from, Boot: o.Process}, Epoch: o.Epoch, Others: o.Others,
		Base: o.Base, HasBase: o.HasBase, BaseEpoch: o.BaseEpoch, Unable: unable})
	got := e.offer
	e.offer = nil
	if !got.accepted {
		if got.rejection == nil {
			got.rejection = &ownership.Rejection{Text: "it cannot stand by now"}
		}
		return nil, got.rejection
	}
	e.setGame(o.Game, bytes.Clone(o.Options))
	return p, nil
}

// unable says why this server takes no new replica. Called with e.mu held.
func (r *Registry) unable(e *entry) *ownership.Rejection {
	r.mu.Lock()
	closed := r.draining || r.stopped
	r.mu.Unlock()
	switch {
	case closed:
		return &ownership.Rejection{Code: ownership.RejectDraining, Text: "it is draining"}
	case e.held == nil && r.replicas.Load() >= int64(r.config.MaxReplicas):
		r.metrics.ReplicasRefused.Inc()
		return &ownership.Rejection{Code: ownership.RejectBusy, Text: fmt.Sprintf("it stands by for %d rooms already", r.config.MaxReplicas)}
	}
	return nil
}

// accept takes the stream that is offered.
func (e *entry) accept(a ownership.Accept) {
	e.preparation++
	p := e.offer.replica
	e.offer.accepted = true
	e.replica = p
	if e.held == nil {
		e.held = newHeld(nil, 0)
	}
	p.held = e.held
	p.stocked = a.Keep
	p.held.write(p)
	if e.offer.hasBase && !a.Keep {
		p.back.NeedKeyframe()
	}
	if n := e.waiting.holding(); n > 0 {
		p.back.Ready(n)
	}
}

// reject ends a stream, for its leader with a reason.
func (e *entry) reject(a ownership.Reject) {
	if o := e.offer; o != nil && o.replica.number == a.Stream {
		o.rejection = &a.Rejection
		return
	}
	if p := e.replica; p != nil && p.number == a.Stream {
		p.held.write(nil)
		p.back.Reject(a.Rejection)
		e.replica = nil
	}
}

// drop frees the state.
func (e *entry) drop() {
	e.preparation++
	if e.held != nil {
		e.held.write(nil)
	}
	e.held, e.replica = nil, nil
	if h := e.handoff; h != nil {
		h.out.Stop("the room is led elsewhere")
		e.handoff = nil
	}
}

// copyOf keeps the simulation of a room that was handed over.
func (e *entry) copyOf(sim *game.Simulation) *game.Copy {
	return game.CopyOf(e.r.games[e.game].Definition, e.options, sim)
}

// prepare makes the simulation: a new one, or that of the replica.
func (e *entry) prepare(create bool) {
	e.preparation++
	if create {
		e.prepareNew()
		return
	}
	h := e.held
	h.write(nil)
	if f := e.final; f != nil && f.err != nil {
		e.todo = append(e.todo, ownership.Prepared{Err: f.err, Final: true})
		return
	}
	call := gameCall{e.game, "Migrate", string(e.options)}
	e.making(func() (keep func(), err error) {
		made := make(chan *game.Simulation, 1)
		err = e.r.inGame(call, e.id, migrateLooks, func() error {
			sim, err := h.simulation()
			made <- sim
			return err
		})
		if err != nil {
			return nil, err
		}
		sim := <-made
		return func() { e.sim = sim }, nil
	})
}

var (
	errOver = errors.New("the replica is needed no more")
	errLent = errors.New("the room is about to be led from the replica")
)

// slowBuild is how long a link may be held up by a room that is built from its state without a warning.
const slowBuild = 50 * time.Millisecond

// Keyframe implements replication.Replica.
func (p *replica) Keyframe(tick proto.Tick, public, secret []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			p.e.r.log.Error("the game failed while its room was replicated", "room", p.e.id, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("the game failed: %v", v)
		}
		switch {
		case err == errOver:
			err = p.unfit(ownership.RejectOther, err)
		case err != nil:
			err = p.unfit(ownership.RejectGame, err)
		}
	}()
	begun := time.Now()
	fresh, err := game.NewCopy(p.game, p.options(), p.older, tick, public, secret)
	if took := time.Since(begun); took >= slowBuild {
		p.e.r.log.Warn("a room took long to build from its state, and the other rooms of its leader have waited; make the game's New quicker",
			"room", p.e.id, "game", p.game.Name, "leader", p.from, "took", took)
	}
	if err != nil {
		return err
	}
	h := p.held
	h.mu.Lock()
	if h.writer != p {
		h.mu.Unlock()
		return errOver
	}
	h.copy, h.lent = fresh, 0
	h.tick.Store(uint32(tick))
	h.mu.Unlock()
	if !p.stocked {
		p.stocked = true
		p.check(fresh)
	}
	return nil
}

// check has a copy of an older version tried, and then tells the machine that there is a state.
func (p *replica) check(fresh *game.Copy) {
	e := p.e
	if p.older == nil {
		e.do(ownership.Stocked{Stream: p.number})
		return
	}
	call := gameCall{p.game.Name, "Migrate", string(p.options())}
	e.task(func() ownership.Event {
		if err := e.r.inGame(call, e.id, migrateLooks, fresh.Check); err != nil {
			return ownership.Unfit{Stream: p.number, Rejection: ownership.Rejection{Code: ownership.RejectGame, Text: err.Error()}}
		}
		return ownership.Stocked{Stream: p.number}
	})
}

func (p *replica) options() []byte {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	return p.e.options
}

// Tick implements replication.Replica. In steady state it does not allocate.
func (p *replica) Tick(tick proto.Tick, public, secret []byte) error {
	h := p.held
	h.mu.Lock()
	err := errOver
	if h.writer == p {
		err = h.apply(tick, public, secret)
	}
	h.mu.Unlock()
	switch err {
	case nil:
		return nil
	case errLent:
		p.back.NeedKeyframe() // no tick comes before that
		return nil
	}
	return p.unfit(ownership.RejectOther, err)
}

// unfit ends the stream after an error, and gives what the leader is told.
func (p *replica) unfit(code ownership.RejectCode, err error) error {
	e := p.e
	e.mu.Lock()
	defer e.unlock()
	j := ownership.Rejection{Code: code, Text: err.Error()}
	if e.replica == p {
		e.replica = nil // the link tells the leader
		p.held.write(nil)
		e.step(ownership.Unfit{Stream: p.number, Rejection: j})
	}
	if epoch := e.machine.Epoch(); epoch.Instance != 0 && e.machine.Leader() != p.from {
		j.Code, j.Epoch, j.Leader = ownership.RejectEpoch, epoch, e.machine.Leader()
	}
	return &j
}

// Final implements replication.Replica: this server leads from here on.
func (p *replica) Final(last replication.FinalTick) {
	e := p.e
	e.mu.Lock()
	defer e.unlock()
	if e.replica != p {
		return
	}
	f := &final{FinalTick: last, due: time.Now().Add(last.Due)}
	f.Pending = nil
	p.held.mu.Lock()
	// The machine may reject the room. A state that has the final tick is no worse for that: the leader made it.
	if p.held.writer == p {
		f.err = p.held.apply(last.Tick, last.Public, last.Secret)
	} else {
		f.err = errOver
	}
	takes := p.held.copy != nil && p.held.copy.TakesInputs() // if not, their clients send them again
	p.held.mu.Unlock()
	for _, in := range last.Pending {
		if takes {
			in.Input.Samples = bytes.Clone(in.Input.Samples) // the link's buffer holds the next record by the time of the first tick
			f.Pending = append(f.Pending, in)
		}
	}
	f.Public, f.Secret = nil, nil
	e.final = f
	e.step(ownership.Offer{Stream: p.number, Epoch: last.Epoch, Others: last.Others})
}

// Handed, Updated, Probation, Stop and Lost implement replication.Replica.
func (p *replica) Handed(leader string, epoch proto.Epoch) {
	p.ends(ownership.HandedTo{Stream: p.number, Leader: leader, Epoch: epoch})
}

func (p *replica) Stop(reason string) { p.ends(ownership.StreamStopped{Stream: p.number}) }

func (p *replica) Lost(err error) {
	if errors.Is(err, replication.ErrStopped) {
		return
	}
	p.ends(ownership.StreamLost{Stream: p.number})
}

// ends gives the machine the event that ended the stream.
func (p *replica) ends(ev ownership.Event) {
	e := p.e
	e.mu.Lock()
	defer e.unlock()
	if e.replica == p {
		e.replica = nil
		p.held.write(nil)
		e.step(ev)
	}
}

func (p *replica) Updated(epoch proto.Epoch, counted bool, others []string) {
	p.e.do(ownership.Updated{Stream: p.number, Epoch: epoch, Counted: counted, Others: others})
}

func (p *replica) Probation() {
	p.e.do(ownership.Announced{Stream: p.number})
	p.back.Probation()
}
