package gametest

import (
	"fmt"
	"reflect"

	"github.com/ringside-go/ringside/gameserver/game"
)

// replica is a room beside the original, with how it came to be for the failure's text.
type replica struct {
	name string
	sim  *game.Simulation
}

// rebuild makes a room of the original's keyframes, with the inputs that wait in the original's queues.
func rebuild(d *game.Definition, o *Options, a *game.Simulation) (*replica, error) {
	name := fmt.Sprintf("the room rebuilt from the keyframe of tick %d", a.Tick())
	b, err := game.Rebuild(d, o.Room, a.Tick(), a.Store().AppendKeyframe(nil), a.Store().AppendSecretKeyframe(nil))
	if err != nil {
		return nil, err
	}
	return &replica{name, b}, handOver(a, b)
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
func same(a *game.Simulation, rooms []*replica) error {
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

func differ(f *replica, a *game.Simulation) error {
	d := game.Diff(f.sim, a)
	if d == "" {
		d = "no row differs, so it is the history for Table.Past or what predicts the next values"
	}
	return fmt.Errorf("%s is not as the original (its value against the original's): %s", f.name, d)
}

// watch is the replicas that get the original's frames.
type watch struct {
	standbys []*replica // none when they have been promoted
	clients  []client
}

func newWatch(d *game.Definition, o *Options, a *game.Simulation) (*watch, error) {
	standby, err := rebuild(d, o, a)
	if err != nil {
		return nil, err
	}
	standby.name = "the standby that applies deltas"
	w := &watch{standbys: []*replica{standby}}
	for seat := range game.Seat(a.Settings().Seats) {
		c, err := newClient(a, seat)
		if err != nil {
			return nil, err
		}
		w.clients = append(w.clients, c)
	}
	return w, nil
}

// handedOver makes a leader that has made the same ticks as the original a standby of it.
func (w *watch) handedOver(d *game.Definition, o *Options, leader *game.Simulation) error {
	sim, err := game.CopyOf(d, o.Room, leader).Simulation()
	w.standbys = append(w.standbys, &replica{"the former leader that applies deltas", sim})
	return err
}

// follow gives every replica the frames of the original's last tick.
func (w *watch) follow(a *game.Simulation) error {
	s := a.Store()
	for _, standby := range w.standbys {
		b := standby.sim.Store()
		if err := b.ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
			return fmt.Errorf("%s: public delta: %w", standby.name, err)
		}
		if err := b.ApplySecretDelta(s.AppendSecretDelta(nil)); err != nil {
			return fmt.Errorf("%s: secret delta: %w", standby.name, err)
		}
		if b.SecretHash() != s.SecretHash() {
			return differ(standby, a)
		}
	}
	for i := range w.clients {
		if err := w.clients[i].follow(a); err != nil {
			return fmt.Errorf("the client on seat %d: %w", w.clients[i].seat, err)
		}
	}
	return nil
}

// promote makes the standbys leaders, with the inputs that a handoff brings along.
func (w *watch) promote(a *game.Simulation) (promoted []*replica, err error) {
	promoted, w.standbys = w.standbys, nil
	for _, b := range promoted {
		b.name = fmt.Sprintf("%s and took over after tick %d", b.name, a.Tick())
		if err := handOver(a, b.sim); err != nil {
			return nil, err
		}
	}
	return promoted, nil
}
