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

// CheckOptions says what is wrong with a room's options, as New would, without starting a room.
func (d *Definition) CheckOptions(options []byte) error {
	_, err := build(d, options)
	return err
}

// Copy is a standby's copy of a room: a simulation, or the bare tables of a leader that runs an older version of the game,
// until this server leads the room. Not for concurrent use; but Check may run while frames are applied to Store.
type Copy struct {
	def     *Definition
	options []byte
	sim     *Simulation  // nil: the room is of an older version
	old     *state.Store // the tables of the older version
	trial   *state.Store // the same as they were in the keyframe, for Check; nil: nothing to check
	unfit   error        // what Check found
}

// NewCopy makes a copy of the room whose public and secret keyframe after tick are given. older is the leader's schema
// where it differs from d's own; d.Migrates must have it. Such a copy only mirrors the leader's tables: NewCopy does not
// run the game's Migrate, Check does. ErrMismatch is as Rebuild's. NewCopy does not keep the frames. The copy keeps options.
func NewCopy(d *Definition, options []byte, older *state.Schema, tick Tick, public, secret []byte) (*Copy, error) {
	c := &Copy{def: d, options: options}
	var err error
	if older == nil {
		c.sim, err = Rebuild(d, options, tick, public, secret)
		return c, err
	}
	if from := older.PeerFingerprint(); !slices.Contains(d.Migrates, from) {
		return nil, fmt.Errorf("game %s: its Migrates do not have the version %016x", d.Name, from)
	}
	if c.old, err = mirror(d, older, tick, public, secret); err != nil {
		return nil, err
	}
	c.trial, err = mirror(d, older, tick, public, secret)
	return c, err
}

// mirror makes the tables of an older version from a keyframe.
func mirror(d *Definition, older *state.Schema, tick Tick, public, secret []byte) (*state.Store, error) {
	m := state.NewMirror(older)
	if err := m.ApplyKeyframe(tick, public); err != nil {
		return nil, fmt.Errorf("game %s: copy at tick %d: public keyframe: %w", d.Name, tick, err)
	}
	if err := m.ApplySecretKeyframe(secret); err != nil {
		return nil, fmt.Errorf("game %s: copy at tick %d: secret keyframe: %w", d.Name, tick, err)
	}
	return m, nil
}

// CopyOf makes s, a room that another server leads from now on, a standby's copy of that room. It behaves as a copy that
// NewCopy makes from s's keyframe, but encodes and copies nothing: s becomes part of it and must not be used otherwise.
// s's last Step must not have failed, and since then nobody may have joined, resumed, disconnected or left. What s holds
// outside its tables is dropped: queued samples, messages in both directions, the outcomes and events of the tick. d and
// options are those that s was made with.
func CopyOf(d *Definition, options []byte, s *Simulation) *Copy {
	if s.inputs != nil {
		for seat := range s.settings.Seats {
			s.inputs.reset(Seat(seat))
		}
	}
	s.joining, s.leaving, s.kept, s.outcomes = 0, 0, nil, s.outcomes[:0]
	s.messages.clear()
	s.answers, s.started = nil, nil
	s.customs.begin()
	s.store.Begin()
	return &Copy{def: d, options: options, sim: s}
}

// Check reports whether this version of the game can take the room over. For a room of an older version its first call
// runs the game's Migrate on the tables of NewCopy's keyframe, which may take long; later calls give the same answer.
func (c *Copy) Check() error {
	if c.trial != nil {
		_, c.unfit = c.migrated(c.trial)
		c.trial = nil
	}
	return c.unfit
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

// Opens reports whether a resume token opens a seat; of a room of another version, whose tables are not read before it is migrated,
// that it may.
func (c *Copy) Opens(token []byte) bool {
	if c.sim == nil {
		return true
	}
	_, ok := c.sim.SeatOf(token)
	return ok
}

// Simulation returns the room to continue with. For an older version each call migrates a new one from the tables as they are.
func (c *Copy) Simulation() (*Simulation, error) {
	if c.sim != nil {
		return c.sim, nil
	}
	return c.migrated(c.old)
}

// migrated makes the room of this version from old.
func (c *Copy) migrated(old *state.Store) (*Simulation, error) {
	from := old.Schema().PeerFingerprint()
	s, err := c.migrate(from, old)
	if err != nil {
		return nil, fmt.Errorf("game %s: migrate a room of version %016x at tick %d: %w", c.def.Name, from, old.Tick(), err)
	}
	return s, nil
}

func (c *Copy) migrate(from uint64, old *state.Store) (s *Simulation, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if s, err = build(c.def, c.options); err != nil {
		return nil, err
	}
	if err := s.store.Adopt(old); err != nil {
		return nil, err
	}
	if err := s.checkKind(c.def, c.options); err != nil {
		return nil, err
	}
	s.at = old.Tick()
	if m, ok := s.game.(Migrator); ok {
		if err := m.Migrate(&s.room, from, old); err != nil {
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
	s.store.Commit(old.Tick())
	return s, nil
}
