package game

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Simulation is one room's pure core: the game, the tables, the seats, the random generator. It knows no clock, socket,
// goroutine or log. Package room drives it, and so do the test kit and a standby. Not for concurrent use.
//
// A leader's tick is: Join, Resume, Disconnect, Leave, Queue and Message in whatever order things came; then Step; then
// the frames, from Store. A standby is made by Rebuild and applies frames to Store; it can Step from there at any time,
// because nothing here is derived from the tables and kept beside them.
type Simulation struct {
	settings   Settings
	game       Game
	admitter   Admitter // the game, if it is one
	core       *core
	timed      Timed   // the game, if it is one
	timers     timers  // opened with timed
	worker     Worker  // the game, if it is one
	jobs       jobs    // opened with worker
	keeper     Keeper  // the game, if it is one
	leavers    leavers // opened with keeper
	store      *state.Store
	inputs     inputs     // nil: the game takes none
	properties properties // nil: the game has none
	random     *rand.Rand
	room       Room
	failed     *PanicError
	farewell   string // what Room.Close was given

	// What waits for the next Step.
	joining  seatSet
	leaving  seatSet
	kicking  seatSet // those of kicks
	kicks    []Kicked
	claims   []json.RawMessage // by seat, of those of joining; nil without an admitter
	messages customs
	answers  []Job     // empty without a worker
	started  []Started // jobs that nobody runs yet

	// The tick being computed, and what it sent.
	at       Tick
	kept     []Kept // outcomes that are kept whatever their age
	outcomes []Decided
	customs  outgoing
	kicked   []Kicked
}

// Origin is what is drawn once when a room is created. It becomes part of the state: every rebuilt, migrated or promoted copy
// of the room has the same.
type Origin struct {
	Seed     uint64 // of the room's random generator
	Instance proto.Instance
	Secret   Secret // key of the players' aliases
}

// New creates a room: its tables are as the game's Start left them, at tick 0. The error says what was wrong with the
// options, or with the game. A panic in the game's New or Start is not caught.
func New(d *Definition, options []byte, o Origin) (*Simulation, error) {
	s, err := build(d, options)
	if err != nil {
		return nil, err
	}
	*s.core.Room.Get() = roomRow{Match: 1, Rand: o.Seed, Kind: kindOf(d.Name, options), Instance: uint64(o.Instance), Secret: o.Secret.text()}
	s.game.Start(&s.room)
	s.store.Commit(0)
	if s.store.MaxSize() > MaxState {
		if size, _ := s.store.Size(); size > MaxState {
			return nil, fmt.Errorf("game %s: a new room has a keyframe of %d bytes, at most %d fit into a message; use fewer rows, or smaller fields", d.Name, size, MaxState)
		}
	}
	return s, nil
}

// Rebuild makes the room whose public and secret keyframe after tick are given. It goes on exactly as the original
// does, given the same calls. The frames are not kept. ErrMismatch: they are of another game or of other options.
func Rebuild(d *Definition, options []byte, tick Tick, public, secret []byte) (*Simulation, error) {
	s, err := build(d, options)
	if err != nil {
		return nil, err
	}
	if err := s.store.ApplyKeyframe(tick, public); err != nil {
		return nil, fmt.Errorf("game %s: rebuild at tick %d: public keyframe: %w", d.Name, tick, err)
	}
	if err := s.store.ApplySecretKeyframe(secret); err != nil {
		return nil, fmt.Errorf("game %s: rebuild at tick %d: secret keyframe: %w", d.Name, tick, err)
	}
	if err := s.checkKind(d, options); err != nil {
		return nil, fmt.Errorf("game %s: rebuild at tick %d: %w", d.Name, tick, err)
	}
	return s, nil
}

// checkKind holds tables that came from elsewhere against the game and its options.
func (s *Simulation) checkKind(d *Definition, options []byte) error {
	if have, want := s.core.Room.Get().Kind, kindOf(d.Name, options); have != want {
		return fmt.Errorf("%w: it is of kind %x, this game with these options is %x; give the room's own options", ErrMismatch, have, want)
	}
	return nil
}

// build makes a room with empty tables.
func build(d *Definition, options []byte) (*Simulation, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	g, settings, err := d.New(options)
	if err != nil {
		return nil, fmt.Errorf("game %s: %w", d.Name, err)
	}
	if err := settings.validate(); err != nil {
		return nil, fmt.Errorf("game %s: %w", d.Name, err)
	}
	v := reflect.ValueOf(g)
	switch {
	case g == nil:
		return nil, fmt.Errorf("game %s: New gave no game and no error; give a pointer to a struct", d.Name)
	case v.Kind() != reflect.Pointer || v.Type().Elem().Kind() != reflect.Struct:
		return nil, fmt.Errorf("game %s: New gave a %T; give a pointer to a struct", d.Name, g)
	case v.IsNil():
		return nil, fmt.Errorf("game %s: New gave a nil %T; give a pointer to a new one", d.Name, g)
	}
	s := &Simulation{settings: settings, game: g, core: new(core)}
	s.room.s = s
	s.random = rand.New(source{s})
	if a, ok := g.(Admitter); ok {
		s.admitter, s.claims = a, make([]json.RawMessage, settings.Seats)
	}
	if s.inputs, err = findInputs(v.Elem()); err != nil {
		return nil, fmt.Errorf("game %s: %w", d.Name, err)
	}
	var schema *state.RowSchema
	if s.inputs != nil {
		if schema, err = s.inputs.bind(settings.Seats); err != nil {
			return nil, fmt.Errorf("game %s: %w", d.Name, err)
		}
	}
	structs := []any{s.core}
	if t, ok := g.(Timed); ok {
		s.timed, structs = t, append(structs, &s.timers)
	}
	if w, ok := g.(Worker); ok {
		s.worker, structs = w, append(structs, &s.jobs)
	}
	if k, ok := g.(Keeper); ok {
		s.keeper, structs = k, append(structs, &s.leavers)
	}
	if s.store, err = state.Open(schema, append(structs, g)...); err != nil {
		return nil, fmt.Errorf("game %s: %w", d.Name, err)
	}
	if s.properties, err = findProperties(v.Elem(), s.store.Schema()); err != nil {
		return nil, fmt.Errorf("game %s: %w", d.Name, err)
	}
	s.store.SetHistory(settings.TickRate) // one second: more than any game should turn back for a slow connection
	return s, nil
}

// Settings is what the game asked for.
func (s *Simulation) Settings() Settings { return s.settings }

// Instance is the life of the room id that this room is; see proto.Instance.
func (s *Simulation) Instance() proto.Instance { return proto.Instance(s.core.Room.Get().Instance) }

// Store is the room's tables: frames are made from it after Step, and applied to it on a standby.
func (s *Simulation) Store() *state.Store { return s.store }

// Tick is the tick of the last Step or applied frame.
func (s *Simulation) Tick() Tick { return s.store.Tick() }
