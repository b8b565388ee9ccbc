package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden is testdata/stream.json: what one client of a small room gets, with what it must make of it. Numbers of 64
// bits are strings there, since JSON's numbers do not hold them; all floats are written out as exactly as they are.
type golden struct {
	Schema      string        `json:"schema"` // hex, as are all bytes
	Fingerprint string        `json:"fingerprint"`
	Tables      []goldenTable `json:"tables"`
	Input       []goldenField `json:"input"`
	Frames      []goldenFrame `json:"frames"`
	Samples     goldenSamples `json:"samples"`
}

type goldenTable struct {
	Name   string        `json:"name"`
	Kind   uint8         `json:"kind"`
	Part   uint8         `json:"part"`
	Max    int           `json:"max"`
	Fields []goldenField `json:"fields"`
}

type goldenField struct {
	Name   string  `json:"name"`
	Type   string  `json:"type"`
	Part   uint8   `json:"part"`
	Min    float64 `json:"min,omitempty"`
	Max    float64 `json:"max,omitempty"`
	Step   float64 `json:"step,omitempty"`
	Bits   uint8   `json:"bits,omitempty"`
	Size   uint8   `json:"size,omitempty"`
	Linear bool    `json:"linear,omitempty"`
	Count  uint8   `json:"count,omitempty"`
}

type goldenFrame struct {
	Tick   proto.Tick                           `json:"tick"`
	Why    string                               `json:"why"`
	Full   bool                                 `json:"full"` // keyframes, not deltas
	Public string                               `json:"public"`
	Own    string                               `json:"own"`
	Secret string                               `json:"secret"` // for a standby; the client does not get it
	Hash   uint32                               `json:"hash"`
	Rows   map[string]map[string]map[string]any `json:"rows"` // after the frame: by table, id and field
}

type goldenSamples struct {
	Bytes  string           `json:"bytes"`
	Values []map[string]any `json:"values"`
}

type goldenGame struct {
	Movers Table[goldenMover] `state:"max=5"`
	Crates Table[struct {
		X    uint16 `state:""`
		Open bool   `state:""`
	}] `state:"max=300"`
	Hands Table[struct {
		Card  uint8 `state:""`
		Trick uint8 `state:"hidden"`
	}] `state:"max=4,owner"`
	Secret Table[struct {
		N uint8 `state:""`
	}] `state:"hidden"`
	Match Value[struct {
		Phase uint8  `state:"range=0..3"`
		Big   int64  `state:""`
		Huge  uint64 `state:""`
		Seed  uint64 `state:"hidden"`
	}]
	Shots Events[struct {
		X    float32 `state:"range=-50..50,step=0.1"`
		From uint8   `state:""`
	}]
	Notes Events[struct {
		Text string `state:"max=8"`
	}] `state:"owner"`
	Grids Table[goldenGrid] `state:"max=3"`
}

// goldenGrid has arrays.
type goldenGrid struct {
	Cells [12]uint8  `state:"range=0..9"`
	Far   [2]uint16  `state:""`
	Turns [2]float32 `state:"angle,bits=10"`
	Lit   [64]bool   `state:""`
	Last  uint8      `state:""`
	Items [3]int64   `state:"owner"`
}

type goldenMover struct {
	X     float32 `state:"range=-50..50,step=0.1,rewind"`
	Y     float32 `state:"range=0..1024,step=1/16"`
	Alone float32 `state:"range=0..4000,step=1/1000,predict=none"`
	Z     float32 `state:"range=0..4000,step=1/1000"`
	Aim   float32 `state:"angle,bits=12"`
	Turn  float32 `state:"angle,bits=8"`
	Raw   float32 `state:""`
	HP    uint8   `state:"range=0..100"`
	Score int32   `state:""`
	Level int8    `state:""`
	Alive bool    `state:""`
	Name  string  `state:"max=12"`
	VX    int16   `state:"owner,predict=linear"`
	Ammo  uint16  `state:"owner"`
	Cool  uint8   `state:"hidden"`
}

// goldenPlay is the room's match, tick by tick, with what each tick is there to show.
var goldenPlay = []struct {
	why string
	do  func(g *goldenGame)
}{
	{"rows are born", func(g *goldenGame) {
		*g.Movers.Put(0) = goldenMover{X: -50, Y: 1024, Z: 1, Aim: 3, Turn: 1.5, Raw: 0.1, HP: 100, Score: -5, Level: -128, Alive: true, Name: "anna", VX: 300, Ammo: 9}
		*g.Movers.Put(3) = goldenMover{X: 0.3, Y: 100, Z: 4000, Name: "日本"}
		g.Movers.SetOwner(0, 1)
		g.Movers.SetOwner(3, 2)
		g.Crates.Put(7).X = 65535
		g.Crates.Put(200).Open = true
		g.Hands.Put(0).Card = 11
		g.Hands.SetOwner(0, 2)
		g.Secret.Put(0).N = 1
		g.Match.Get().Big, g.Match.Get().Huge = -1<<62, 1<<63
	}},
	{"nothing changes", func(g *goldenGame) {}},
	{"predicted fields by nibbles and int8, an angle by its difference, a difference of an integer", func(g *goldenGame) {
		m := g.Movers.Get(0)
		m.X, m.Y, m.Z, m.Aim, m.Score, m.VX = m.X+0.5, m.Y-0.5, m.Z+0.1, m.Aim+0.1, 1000, 310
	}},
	{"both go on along their lines and cost nothing", func(g *goldenGame) {
		m := g.Movers.Get(0)
		m.X, m.Y, m.Z, m.VX = m.X+0.5, m.Y-0.5, m.Z+0.1, 320
	}},
	{"two int8, an int16, a byte angle, a raw float, an integer in one byte, a bool, a string", func(g *goldenGame) {
		m := g.Movers.Get(0)
		m.X, m.Y, m.Z, m.Turn, m.Raw, m.HP, m.Alive, m.Name, m.Level = m.X+5, m.Y-6, m.Z+20, 6.2, -1.5, 7, false, "b", 127
	}},
	{"predicted fields in full, an angle behind its escape, a table that lists ids", func(g *goldenGame) {
		m := g.Movers.Get(0)
		m.X, m.Y, m.Z, m.Aim, m.Alone = 50, 0, 3500, 0.01, 2
		g.Crates.Get(200).X = 3
		g.Crates.Put(299)
		g.Crates.Remove(7)
	}},
	{"a row is replaced, its owner loses it; another row and a hand change owners", func(g *goldenGame) {
		g.Movers.Put(0).X = 1
		g.Movers.SetOwner(3, 1)
		g.Movers.Get(3).VX = -4
		g.Hands.SetOwner(0, 1)
	}},
	{"events, and only the own notes; a value changes", func(g *goldenGame) {
		g.Shots.Emit(struct {
			X    float32 `state:"range=-50..50,step=0.1"`
			From uint8   `state:""`
		}{1.26, 3})
		for seat := range proto.Seat(3) {
			g.Notes.EmitTo(seat, struct {
				Text string `state:"max=8"`
			}{fmt.Sprint("to ", seat)})
		}
		g.Match.Get().Phase, g.Match.Get().Big, g.Match.Get().Huge = 3, 1<<62, 0
		g.Movers.Get(3).X = 48
	}},
	{"a predicted field runs against its range, the events are gone", func(g *goldenGame) {
		g.Movers.Get(3).X, g.Movers.Get(3).VX = 49.5, -9
	}},
	{"it has stopped there; a row is removed, a hand is lost", func(g *goldenGame) {
		g.Movers.Get(3).X, g.Movers.Get(3).VX = 50, -14
		g.Movers.Remove(0)
		g.Hands.SetOwner(0, proto.NoSeat)
	}},
	{"a keyframe, as a client gets it that comes now", func(g *goldenGame) {
		g.Movers.Get(3).Y = 99
		*g.Grids.Put(2) = goldenGrid{Cells: [12]uint8{1, 9}, Far: [2]uint16{1: 65535}, Lit: [64]bool{63: true}, Items: [3]int64{-1, 1 << 40}}
		g.Grids.SetOwner(2, 1)
	}},
	{"and the delta behind it", func(g *goldenGame) { g.Movers.Get(3).Y, g.Movers.Get(3).VX = 98, -19 }},
	{"elements of arrays change", func(g *goldenGame) {
		grid := g.Grids.Get(2)
		grid.Cells[1], grid.Cells[8], grid.Far[1], grid.Turns[0], grid.Lit[63], grid.Last = 5, 3, 65530, 3, false, 1
		grid.Items[2] = -7
	}},
}

func goldenFields(r *RowSchema) (list []goldenField) {
	for _, f := range r.Fields {
		list = append(list, goldenField{f.Name, f.Type.String(), uint8(f.Part), f.Min, f.Max, f.Step, f.Bits, f.Size, f.Linear, f.Count})
	}
	return list
}

// dump gives what a replica holds.
func dump(s *Store) map[string]map[string]map[string]any {
	tables := map[string]map[string]map[string]any{}
	for _, t := range s.tables {
		rows := map[string]map[string]any{}
		for r := t.was.next(0); r >= 0; r = t.was.next(r + 1) {
			row := map[string]any{}
			for i := 0; i < len(t.cols); i += t.cols[i].columns() {
				c := &t.cols[i]
				switch {
				case c.Part == Owner && t.owners[r] != self && t.kind == KindTable:
				case c.Type == TypeString:
					row[c.Name] = c.strs[r]
				case c.Count > 0:
					list := []any{}
					for e := range c.columns() {
						list = append(list, plainValue(c.spec, t.cols[i+e].vals[r]))
					}
					row[c.Name] = list
				default:
					row[c.Name] = plainValue(c.spec, c.vals[r])
				}
			}
			rows[strconv.Itoa(r)] = row
		}
		tables[t.name] = rows
	}
	return tables
}

func plainValue(c *spec, v int64) any {
	switch c.Type {
	case TypeBool:
		return v != 0
	case TypeFixed, TypeAngle, TypeFloat32:
		return float64(c.float(v))
	case TypeInt64:
		return strconv.FormatInt(v, 10)
	case TypeUint64:
		return strconv.FormatUint(uint64(v), 10)
	}
	return float64(v) // as JSON gives it back
}

func makeGolden(t *testing.T) golden {
	codec, err := NewCodec[sample]()
	must(t, err)
	g := &goldenGame{}
	s, err := Open(codec.Schema(), g)
	must(t, err)
	s.SetHistory(3)
	const seat = 1
	full := map[int]bool{0: true, 10: true}
	out := golden{
		Schema:      hex.EncodeToString(s.Schema().Append(nil)),
		Fingerprint: strconv.FormatUint(s.Schema().Fingerprint(), 16),
		Input:       goldenFields(&s.Schema().Input),
	}
	for _, t := range s.Schema().visible().Tables {
		out.Tables = append(out.Tables, goldenTable{t.Name, uint8(t.Kind), uint8(t.Part), t.Max, goldenFields(&t.Row)})
	}
	r := NewReplica(s.Schema())
	for i, p := range goldenPlay {
		tick := proto.Tick(i + 1)
		s.Begin()
		p.do(g)
		s.Commit(tick)
		f := goldenFrame{Tick: tick, Why: p.why, Full: full[i], Hash: s.Hash()}
		public, own, secret := s.AppendDelta(nil), s.AppendOwnDelta(nil, seat), s.AppendSecretDelta(nil)
		if f.Full {
			public, own, secret = s.AppendKeyframe(nil), s.AppendOwnKeyframe(nil, seat), s.AppendSecretKeyframe(nil)
			r = NewReplica(s.Schema())
		}
		f.Public, f.Own, f.Secret = hex.EncodeToString(public), hex.EncodeToString(own), hex.EncodeToString(secret)
		applyGolden(t, r, &f)
		f.Rows = dump(r)
		out.Frames = append(out.Frames, f)
	}
	var base sample
	codec.Quantise(&base)
	var b []byte
	for _, v := range []sample{
		{MoveX: 1, MoveY: -1, Aim: 3, Far: 12.34, Fire: true, Slot: 8, Big: -3, Raw: 0.1, Word: "aé"},
		{MoveX: 1, MoveY: 0, Aim: 3.01, Far: 12.34, Fire: true, Slot: 8, Big: math.MaxInt64, Raw: 0.1, Word: "aé"},
		{MoveX: 1, MoveY: 0, Aim: 3.01, Far: 12.34, Fire: true, Slot: 8, Big: math.MaxInt64, Raw: 0.1, Word: "aé"},
		{MoveX: -0.5, Far: 1000, Big: math.MinInt64},
	} {
		b = codec.Append(b, &base, &v)
		codec.Quantise(&v)
		base = v
	}
	out.Samples = goldenSamples{hex.EncodeToString(b), readSamples(t, b)}
	return out
}

func readSamples(t *testing.T, b []byte) (list []map[string]any) {
	codec, err := NewCodec[sample]()
	must(t, err)
	var base sample
	codec.Quantise(&base)
	for len(b) > 0 {
		var v sample
		b, err = codec.Parse(b, &base, &v)
		must(t, err)
		base = v
		list = append(list, map[string]any{
			"move_x": float64(v.MoveX), "move_y": float64(v.MoveY), "aim": float64(v.Aim), "far": v.Far, "fire": v.Fire,
			"slot": float64(v.Slot), "big": strconv.FormatInt(v.Big, 10), "raw": float64(v.Raw), "word": v.Word,
		})
	}
	return list
}

func applyGolden(t *testing.T, r *Store, f *goldenFrame) {
	t.Helper()
	public, err := hex.DecodeString(f.Public)
	must(t, err)
	own, err := hex.DecodeString(f.Own)
	must(t, err)
	if f.Full {
		must(t, r.ApplyKeyframe(f.Tick, public))
		must(t, r.ApplyOwnKeyframe(own))
	} else {
		must(t, r.ApplyDelta(f.Tick, public))
		must(t, r.ApplyOwnDelta(own))
	}
}

const goldenFile = "testdata/stream.json"

// TestGolden: the bytes on the wire are those of the file, and the file's bytes give what the file says.
func TestGolden(t *testing.T) {
	want, err := json.MarshalIndent(makeGolden(t), "", " ")
	must(t, err)
	want = append(want, '\n')
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(goldenFile, want, 0o644))
	}
	have, err := os.ReadFile(goldenFile)
	must(t, err)
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what this program writes; if the wire was meant to change, raise proto.Version (or, of a schema, schemaFormat) and run go test -run Golden -update", goldenFile)
	}
	var g golden
	must(t, json.Unmarshal(have, &g))
	b, err := hex.DecodeString(g.Schema)
	must(t, err)
	s, err := ParseSchema(b)
	must(t, err)
	if fp := strconv.FormatUint(s.Fingerprint(), 16); fp != g.Fingerprint {
		t.Errorf("fingerprint %s, the file says %s", fp, g.Fingerprint)
	}
	r := NewReplica(s)
	for _, f := range g.Frames {
		applyGolden(t, r, &f)
		got, err := json.Marshal(dump(r))
		must(t, err)
		say, err := json.Marshal(f.Rows)
		must(t, err)
		if !bytes.Equal(got, say) || r.Hash() != f.Hash {
			t.Errorf("tick %d: %s\nthe file says %s", f.Tick, got, say)
		}
	}
	b, err = hex.DecodeString(g.Samples.Bytes)
	must(t, err)
	got, err := json.Marshal(readSamples(t, b))
	must(t, err)
	say, err := json.Marshal(g.Samples.Values)
	must(t, err)
	if !bytes.Equal(got, say) {
		t.Errorf("samples: %s\nthe file says %s", got, say)
	}
}
