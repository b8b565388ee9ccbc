package game_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// probe2 is the next version of probe: its sums are wider, and every sample is worth a bonus from now on.
type probe2 struct {
	Got   game.Table[probe2Row] `state:"max=64"`
	Input game.Inputs[probeInput]

	migrate func(g *probe2, r *game.Room, from uint64, old *state.Store) error
}

type probe2Row struct {
	Sum   int64  `state:""`
	Count uint32 `state:""`
	Bonus uint32 `state:"hidden"`
}

func (g *probe2) Start(*game.Room)                 { panic("a room that is migrated does not start") }
func (g *probe2) Join(_ *game.Room, p game.Player) { g.Got.Put(game.RowID(p.Seat)) }
func (g *probe2) Leave(*game.Room, game.Player)    {}

func (g *probe2) Tick(r *game.Room) {
	for p := range r.Players() {
		row := g.Got.Get(game.RowID(p.Seat))
		for _, s := range g.Input.Of(p.Seat) {
			row.Sum += int64(s.Value.Add)
			row.Count++
			row.Bonus++
		}
	}
}

func (g *probe2) Migrate(r *game.Room, from uint64, old *state.Store) error {
	return g.migrate(g, r, from, old)
}

// probe2Definition takes over rooms of the versions given, and gives those that it has samples of a bonus.
func probe2Definition(seats int, migrates ...uint64) (d game.Definition, migrate *func(g *probe2, r *game.Room, from uint64, old *state.Store) error) {
	migrate = new(func(g *probe2, r *game.Room, from uint64, old *state.Store) error)
	*migrate = func(g *probe2, _ *game.Room, _ uint64, old *state.Store) error {
		was, err := state.RowsOf[probeRow](old, "got")
		if err != nil {
			return err
		}
		for id, row := range was.All() {
			g.Got.Get(id).Bonus = 10 * row.Count
		}
		return nil
	}
	return game.Definition{Name: "probe", Migrates: migrates, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &probe2{migrate: *migrate}, game.Settings{TickRate: 10, Seats: seats}, nil
	}}, migrate
}

// older is the schema of d as it comes from a server of that version.
func older(t *testing.T, d game.Definition) *state.Schema {
	t.Helper()
	mine, err := d.Schema()
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.ParsePeerSchema(mine.AppendPeer(nil))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMigration: a copy of a room of an older version follows it, and goes on with its players, their tokens, samples and
// what they have reached.
func TestMigration(t *testing.T) {
	one, _, _ := probeDefinition(10, 4)
	h := newHall(t, one, `{}`, 1)
	h.join(0, "ann")
	h.join(1, "bob")
	h.step()
	queue(h, 0, values(1, 3)...)
	h.step()

	schema := older(t, one)
	two, _ := probe2Definition(4, schema.PeerFingerprint())
	s := h.sim.Store()
	c, err := game.NewCopy(&two, []byte(`{}`), schema, s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err != nil {
		t.Fatal(err)
	}
	queue(h, 1, values(5, 1)...)
	h.step()
	if err := c.Store().ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
		t.Fatal(err)
	}
	if err := c.Store().ApplySecretDelta(s.AppendSecretDelta(nil)); err != nil {
		t.Fatal(err)
	}
	if !c.TakesInputs() {
		t.Error("samples of the same fields are not taken")
	}
	sim, err := c.Simulation()
	if err != nil {
		t.Fatal(err)
	}
	next := &hall{t: t, sim: sim, d: two, opts: `{}`, next: h.next}
	if sim.Tick() != s.Tick() || sim.Processed(0) != 3 || sim.Match() != 1 || sim.Instance() != hallInstance {
		t.Errorf("tick %d, processed %d, match %d, instance %v", sim.Tick(), sim.Processed(0), sim.Match(), sim.Instance())
	}
	if seat, ok := sim.Resume(h.sim.Token(1)); seat != 1 || !ok {
		t.Errorf("bob's token gives seat %d, %v", seat, ok)
	}
	queue(next, 0, values(100, 1)...)
	next.step()
	for seat, want := range []probe2Row{{Sum: 1 + 2 + 3 + 100, Count: 4, Bonus: 31}, {Sum: 5, Count: 1, Bonus: 10}} {
		if row, ok := gametest.Row[probe2Row](sim, "got", game.RowID(seat)); !ok || row != want {
			t.Errorf("seat %d has %+v, %v; want %+v", seat, row, ok, want)
		}
	}
	// From here on it is a room like any other of the new version.
	again := next.rebuilt()
	next.step()
	again.step()
	if next.sim.Store().SecretHash() != again.sim.Store().SecretHash() {
		t.Error("a room that was migrated goes on otherwise than one rebuilt from its keyframes")
	}
}

func TestMigrationRefuses(t *testing.T) {
	one, _, _ := probeDefinition(10, 4)
	h := newHall(t, one, `{}`, 1)
	h.join(0, "ann")
	h.join(1, "bob")
	h.step()
	schema := older(t, one)
	s := h.sim.Store()
	public, secret := s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil)
	from := schema.PeerFingerprint()
	failed := errors.New("as asked")
	for _, c := range []struct {
		what     string
		options  string
		seats    int
		migrates uint64
		migrate  func(g *probe2, r *game.Room, from uint64, old *state.Store) error
		want     string
	}{
		{"a version that is not known", `{}`, 4, from + 1, nil, "its Migrates do not have the version"},
		{"other options", `{"a":1}`, 4, from, nil, game.ErrMismatch.Error()},
		{"too few seats", `{}`, 1, from, nil, "seat 1 is taken, and this version has 1 seats"},
		{"an error", `{}`, 4, from, func(*probe2, *game.Room, uint64, *state.Store) error { return failed }, "as asked"},
		{"a panic", `{}`, 4, from, func(*probe2, *game.Room, uint64, *state.Store) error { panic("oh") }, "the game panicked: oh"},
		{"a match that ends", `{}`, 4, from, func(_ *probe2, r *game.Room, _ uint64, _ *state.Store) error {
			r.Finish(game.Outcome{})
			return nil
		}, "a match was finished in Migrate"},
	} {
		d, migrate := probe2Definition(c.seats, c.migrates)
		if c.migrate != nil {
			*migrate = c.migrate
		}
		copied, err := game.NewCopy(&d, []byte(c.options), schema, s.Tick(), public, secret)
		if err == nil {
			err = copied.Check()
			if again := copied.Check(); again != err {
				t.Errorf("%s: checked twice: %v and %v", c.what, err, again)
			}
			if _, now := copied.Simulation(); now == nil {
				t.Errorf("%s: it can be led", c.what)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
	d, _ := probe2Definition(4, from)
	if _, err := game.NewCopy(&d, []byte(`{}`), schema, s.Tick(), public[:len(public)-1], secret); !errors.Is(err, proto.ErrShort) {
		t.Errorf("a public keyframe that is cut short: %v", err)
	}
	if _, err := game.NewCopy(&d, []byte(`{}`), schema, s.Tick(), public, secret[:len(secret)-1]); !errors.Is(err, proto.ErrShort) {
		t.Errorf("a secret keyframe that is cut short: %v", err)
	}
}

// TestMigrationOfInputs: samples of another input struct are not taken for one's own.
func TestMigrationOfInputs(t *testing.T) {
	type wide struct {
		mute
		Input game.Inputs[struct {
			Add int32 `state:""`
		}]
	}
	one, _, _ := probeDefinition(10, 4)
	h := newHall(t, one, `{}`, 1)
	schema := older(t, one)
	d := game.Definition{Name: "probe", Migrates: []uint64{schema.PeerFingerprint()}, New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &wide{}, game.Settings{TickRate: 10, Seats: 4}, nil
	}}
	s := h.sim.Store()
	c, err := game.NewCopy(&d, []byte(`{}`), schema, s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.TakesInputs() {
		t.Error("samples of another struct are taken")
	}
}
