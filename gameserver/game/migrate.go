package game

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/ringside-go/ringside/proto/state"
)

// Migrator is implemented by games that must do more for a room of an older version than take over by name what is in
// its tables; see Definition.Migrates.
type Migrator interface {
	// Migrate completes a room whose tables have been filled from old (state.Store.Adopt says how): fields that are new
	// are zero. from is the older version's fingerprint; old's rows can be read by state.RowsOf, hidden ones too. It is
	// called before the room's first tick here and in place of Start, and perhaps more than once for one room, each time
	// on another Game. An error, or a panic, leaves the room to the servers of the older version.
	Migrate(r *Room, from uint64, old *state.Store) error
}

// Schema is the schema of the game's state, the framework's own tables included.
func (d *Definition) Schema() (*state.Schema, error) {
	s, err := build(d, nil)
	if err != nil {
		return nil, err
	}
	return s.store.Schema(), nil
}

// Copy is a standby's copy of a room: a simulation, or the bare tables of a leader that runs an older version of the game,
// until this server leads the room. Not for concurrent use.
type Copy struct {
	def     *Definition
	options []byte
	sim     *Simulation  // nil: it is of an older version
	old     *state.Store // of that one
}

// NewCopy makes a copy of the room whose public and secret keyframe after tick are given. older is the leader's schema
// where it is not d's own; d.Migrates must have it. A room that cannot be migrated is found out here and not when its
// leader is gone. ErrMismatch is as Rebuild's. The frames and options are kept no longer than the call, and as long as the copy.
func NewCopy(d *Definition, options []byte, older *state.Schema, tick Tick, public, secret []byte) (*Copy, error) {
	c := &Copy{def: d, options: options}
	if older == nil {
		var err error
		c.sim, err = Rebuild(d, options, tick, public, secret)
		return c, err
	}
	if from := older.PeerFingerprint(); !slices.Contains(d.Migrates, from) {
		return nil, fmt.Errorf("game %s: its Migrates do not have the version %016x", d.Name, from)
	}
	c.old = state.NewMirror(older)
	if err := c.old.ApplyKeyframe(tick, public); err != nil {
		return nil, fmt.Errorf("game %s: copy at tick %d: public keyframe: %w", d.Name, tick, err)
	}
	if err := c.old.ApplySecretKeyframe(secret); err != nil {
		return nil, fmt.Errorf("game %s: copy at tick %d: secret keyframe: %w", d.Name, tick, err)
	}
	_, err := c.Simulation()
	return c, err
}

// Store is the copy's tables, for the leader's frames.
func (c *Copy) Store() *state.Store {
	if c.sim != nil {
		return c.sim.store
	}
	return c.old
}

// TakesInputs reports whether samples that were sent to the leader can be queued here: those of another version's input
// struct cannot be read, and their clients send them again.
func (c *Copy) TakesInputs() bool {
	if c.sim != nil {
		return true
	}
	mine, err := c.def.Schema()
	return err == nil && slices.Equal(mine.Input.Fields, c.old.Schema().Input.Fields)
}

// Simulation is the room to go on with. Of an older version it is made anew by each call.
func (c *Copy) Simulation() (*Simulation, error) {
	if c.sim != nil {
		return c.sim, nil
	}
	from := c.old.Schema().PeerFingerprint()
	s, err := c.migrate(from)
	if err != nil {
		return nil, fmt.Errorf("game %s: migrate a room of version %016x at tick %d: %w", c.def.Name, from, c.old.Tick(), err)
	}
	return s, nil
}

func (c *Copy) migrate(from uint64) (s *Simulation, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if s, err = build(c.def, c.options); err != nil {
		return nil, err
	}
	if err := s.store.Adopt(c.old); err != nil {
		return nil, err
	}
	if err := s.checkKind(c.def, c.options); err != nil {
		return nil, err
	}
	s.at = c.old.Tick()
	if m, ok := s.game.(Migrator); ok {
		if err := m.Migrate(&s.room, from, c.old); err != nil {
			return nil, err
		}
		if len(s.outcomes) > 0 {
			return nil, errors.New("a match was finished in Migrate, and nobody would hear of it; leave that to the next Tick")
		}
	}
	for seat := range s.core.Seats.All() {
		if int(seat) >= s.settings.Seats {
			return nil, fmt.Errorf("seat %d is taken, and this version has %d seats", seat, s.settings.Seats)
		}
	}
	s.store.Commit(c.old.Tick())
	return s, nil
}
