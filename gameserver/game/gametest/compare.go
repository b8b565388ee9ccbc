package gametest

import (
	"fmt"
	"reflect"

	"github.com/ringside-go/ringside/gameserver/game"
)

// follower is a room beside the original, with how it came to be for the failure's text.
type follower struct {
	name string
	sim  *game.Simulation
}

// rebuild makes a room of the original's keyframes, with the inputs that wait in the original's queues.
func rebuild(d *game.Definition, o *Options, a *game.Simulation) (*follower, error) {
	name := fmt.Sprintf("the room rebuilt from the keyframe of tick %d", a.Tick())
	b, err := game.Rebuild(d, o.Room, a.Tick(), a.Store().AppendKeyframe(nil), a.Store().AppendSecretKeyframe(nil))
	if err != nil {
		return nil, err
	}
	return &follower{name, b}, handOver(a, b)
}

// handOver gives b the inputs that wait in a's queues, as a planned move does.
func handOver(a, b *game.Simulation) error {
	for seat := range game.Seat(a.Settings().Seats) {
		for _, in := range a.Pending(seat) {
			if err := b.Queue(seat, in); err != nil {
				return fmt.Errorf("tick %d: hand over the queue of seat %d: %w", a.Tick(), seat, err)
			}
		}
	}
	return nil
}

// same compares rooms with the original, after all of them made the same tick.
func same(a *game.Simulation, rooms []*follower) error {
	hash, outcomes := a.Store().SecretHash(), a.Outcomes()
	for _, f := range rooms {
		if f.sim.Store().SecretHash() != hash {
			return differ(f, a)
		}
		if got := f.sim.Outcomes(); len(got)+len(outcomes) > 0 && !reflect.DeepEqual(got, outcomes) {
			return fmt.Errorf("%s decided %v, the original %v", f.name, got, outcomes)
		}
	}
	return nil
}

func differ(f *follower, a *game.Simulation) error {
	d := game.Diff(f.sim, a)
	if d == "" {
		d = "no row differs, so it is the history for Table.Past or what predicts the next values"
	}
	return fmt.Errorf("%s is not as the original (its value against the original's): %s", f.name, d)
}

// watch is who follows the original by frames.
type watch struct {
	standby *follower // nil when it has been promoted
	clients []client
}

func newWatch(d *game.Definition, o *Options, a *game.Simulation) (*watch, error) {
	standby, err := rebuild(d, o, a)
	if err != nil {
		return nil, err
	}
	standby.name = "the standby that follows by deltas"
	w := &watch{standby: standby}
	for seat := range game.Seat(a.Settings().Seats) {
		c, err := newClient(a, seat)
		if err != nil {
			return nil, err
		}
		w.clients = append(w.clients, c)
	}
	return w, nil
}

// follow gives everybody the frames of the original's last tick.
func (w *watch) follow(a *game.Simulation) error {
	s := a.Store()
	if w.standby != nil {
		b := w.standby.sim.Store()
		if err := b.ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
			return fmt.Errorf("%s: public delta: %w", w.standby.name, err)
		}
		if err := b.ApplySecretDelta(s.AppendSecretDelta(nil)); err != nil {
			return fmt.Errorf("%s: secret delta: %w", w.standby.name, err)
		}
		if b.SecretHash() != s.SecretHash() {
			return differ(w.standby, a)
		}
	}
	for i := range w.clients {
		if err := w.clients[i].follow(a); err != nil {
			return fmt.Errorf("the client on seat %d: %w", w.clients[i].seat, err)
		}
	}
	return nil
}

// promote makes the standby a leader, with the inputs that a handoff brings along.
func (w *watch) promote(a *game.Simulation) (*follower, error) {
	f := w.standby
	f.name = fmt.Sprintf("the standby that took over after tick %d", a.Tick())
	w.standby = nil
	return f, handOver(a, f.sim)
}
