package goclient

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// laterWorld is the world of a later version of the game: a table came before the others, and things have one more field.
type laterWorld struct {
	Weather state.Table[clock]      `state:"max=2"`
	Things  state.Table[laterThing] `state:"max=4"`
	Clock   state.Value[clock]
}

type laterThing struct {
	Armour uint8   `state:""`
	X      float32 `state:"range=0..64,step=1/16"`
	Ammo   uint8   `state:"owner"`
}

// laterRoom is a room at a server of the later version, which has no room yet.
type laterRoom struct {
	room
	world *laterWorld
}

func newLaterRoom(t *testing.T, r *room) *laterRoom {
	t.Helper()
	later := &laterRoom{*r, &laterWorld{}}
	var err error
	if later.store, err = state.Open(r.codec.Schema(), later.world); err != nil {
		t.Fatal(err)
	}
	return later
}

// takeOver carries r over and plays a tick.
func (l *laterRoom) takeOver(r *room) {
	was := r.world.Things.Get(0)
	id, row := l.world.Things.Add()
	*row = laterThing{7, was.X, was.Ammo}
	l.world.Things.SetOwner(id, l.seat)
	l.epoch, l.processed = r.epoch.Next("gs-1"), r.processed
	l.store.Commit(r.store.Tick() + 1)
}

// thingsOf looks up what the client's version knows of a thing.
func thingsOf(c *Client) (*state.Rows[thing], error) { return state.RowsOf[thing](c.State(), "things") }

// A room moves to a server of a later version of its game while samples are on their way: the client looks its rows up
// again, keeps its seat, and sends what was not processed.
func TestAChangedSchemaIsGoneOnWith(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	next := newLaterRoom(t, r)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.inputs(r)
		r.processed = 1
		p.send(r.tick())
		p.send(b.movedTo())
		p.wait()
	})
	b.script(func(p *peer) {
		h := p.hello()
		if h.LastTick != 101 || string(h.Resume) != "token-of-gs-0" {
			t.Errorf("the hello is %+v", h)
		}
		next.takeOver(r)
		p.send(next.welcome(proto.WelcomeResumed))
		if first, samples := p.inputs(&next.room); first != 2 || !slices.Equal(samples, []sample{{Move: 2}, {Move: 3, Fire: true}}) {
			t.Errorf("inputs from %d: %v, want those from 2", first, samples)
		}
		next.processed = 3
		next.store.Begin()
		next.store.Commit(103)
		p.send(next.frame(1, 7))
		p.wait()
	})
	var in *Inputs[sample]
	var things *state.Rows[thing]
	var told []string
	frames := make(chan bool, 10)
	c := a.config()
	moves := watched(t, &c)
	moved := c.Events.Moved
	c.Events.Schema = func(c *Client) (err error) {
		told = append(told, "schema")
		if s := c.Schema(); len(s.Tables) != 3 || c.Welcome().Server != "gs-1" || c.Tick() != 101 {
			t.Errorf("%d tables at server %s, tick %d", len(s.Tables), c.Welcome().Server, c.Tick())
		}
		things, err = thingsOf(c)
		return err
	}
	c.Events.Entered = func(*Client) { told = append(told, "entered") }
	c.Events.Moved = func(c *Client, m Move) {
		told = append(told, "moved")
		moved(c, m)
	}
	c.Events.Frame = func(c *Client) {
		told = append(told, "frame")
		if got, ok := things.Get(0); !ok || got != (thing{X: float32(101%64) / 2, Ammo: 8}) {
			t.Errorf("tick %d: the thing is %+v (%v)", c.Tick(), got, ok)
		}
		frames <- true
	}
	run := dial(t, c, func(c *Client) {
		in = mustInputs(t, c, r)
		var err error
		if things, err = thingsOf(c); err != nil {
			t.Fatal(err)
		}
		in.Add(sample{Move: 1})
		in.Add(sample{Move: 2})
		in.Send(sample{Move: 3, Fire: true})
	})
	get(t, moves, "move").is(t, Move{Kind: Handoff, From: "gs-0", To: "gs-1"})
	for range 3 {
		get(t, frames, "frame")
	}
	run.Close()
	run.wait()
	if want := []string{"entered", "frame", "schema", "entered", "moved", "frame", "frame"}; !slices.Equal(told, want) {
		t.Errorf("events %v, want %v", told, want)
	}
	if st := run.Stats(); st.Acked != 3 || st.Checks != 2 || st.Violations != 0 {
		t.Errorf("stats are %+v", st)
	}
}

var errNoTable = errors.New("the table of mines is gone")

// Who cannot go on with another schema is told why.
func TestAChangedSchemaCanBeTheEnd(t *testing.T) {
	type otherSample struct {
		Move int16 `state:""`
	}
	for _, c := range []struct {
		name  string
		event func(c *Client) error
		input bool // has other fields, too
		want  error
		says  string
	}{
		{"without the event", nil, false, ErrSchema, "server gs-1"},
		{"the event fails", func(*Client) error { return errNoTable }, false, errNoTable, "mines"},
		{"the inputs do not fit", func(*Client) error { return errNoTable }, true, ErrSchema, "inputs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := newServer(t), newRoom(t)
			next := newLaterRoom(t, r)
			if c.input {
				codec, err := state.NewCodec[otherSample]()
				if err != nil {
					t.Fatal(err)
				}
				if next.store, err = state.Open(codec.Schema(), next.world); err != nil {
					t.Fatal(err)
				}
			}
			s.script(func(p *peer) { p.enter(r, 0) })
			s.script(func(p *peer) {
				p.hello()
				next.takeOver(r)
				p.send(next.welcome(proto.WelcomeResumed))
				p.wait()
			})
			config := s.config()
			config.Events.Schema = c.event
			run := dial(t, config, func(c *Client) { mustInputs(t, c, r) })
			if err := run.wait(); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Run returned %v, want %v with %q", err, c.want, c.says)
			}
		})
	}
}

// While it is on its way in a client takes any schema, and nobody is told.
func TestASchemaThatChangesOnTheWayIn(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	next := newLaterRoom(t, r)
	s.script(func(p *peer) {
		p.hello()
		b := r.welcome(0)
		_, _, keyframe, _ := proto.NextRecord(b)
		p.send(b[:len(b)-len(keyframe)]) // and the connection ends
	})
	s.script(func(p *peer) {
		p.hello()
		next.takeOver(r)
		p.send(next.welcome(0))
		p.wait()
	})
	c := s.config()
	c.Events.Schema = func(*Client) error { return errNoTable }
	run := dial(t, c, func(c *Client) {
		if len(c.Schema().Tables) != 3 {
			t.Errorf("%d tables, want the later 3", len(c.Schema().Tables))
		}
	})
	run.Close()
	if err := run.wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}
