package state

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// TestMirrorFollows: a mirror holds all that a standby with structs does, and a room that adopts it has the same rows.
func TestMirrorFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leader := newRoom(t)
		leader.SetHistory(0)
		schema, err := ParsePeerSchema(leader.Schema().AppendPeer(nil))
		must(t, err)
		mirror := NewMirror(schema)
		mirror.SetHistory(0) // or its keyframe has more of it
		last := proto.Tick(rapid.IntRange(1, 8).Draw(t, "ticks"))
		for tick := proto.Tick(1); tick <= last; tick++ {
			leader.step(tick, rapid.SliceOfN(rapid.Custom(draw), 0, 12).Draw(t, "edits"))
			f := leader.frames()
			if tick == 1 || rapid.IntRange(0, 4).Draw(t, "keyframe") == 0 {
				must(t, mirror.ApplyKeyframe(tick, f.keyframe))
				must(t, mirror.ApplySecretKeyframe(f.secretKey))
			} else {
				must(t, mirror.ApplyDelta(tick, f.delta))
				must(t, mirror.ApplySecretDelta(f.secret))
			}
			if a, b := leader.SecretHash(), mirror.SecretHash(); a != b {
				t.Fatalf("tick %d: the mirror has %08x, the leader %08x", tick, b, a)
			}
		}
		heir := newRoom(t)
		must(t, heir.Adopt(mirror))
		heir.Commit(last)
		if a, b := leader.structs(), heir.structs(); a != b {
			t.Fatalf("the leader has\n%s\nwho adopts has\n%s", a, b)
		}
	})
}

// TestMirrorTakesHistory: whatever the leader keeps for rewind is read.
func TestMirrorTakesHistory(t *testing.T) {
	leader := newRoom(t)
	leader.SetHistory(math.MaxUint8)
	for tick := proto.Tick(1); tick <= 300; tick++ {
		leader.step(tick, []edit{func(w *world) { w.Fighters.Put(1).X = float32(tick) }})
	}
	f := leader.frames()
	m := NewMirror(leader.Schema())
	must(t, m.ApplyKeyframe(300, f.keyframe))
	must(t, m.ApplySecretKeyframe(f.secretKey))
	if leader.SecretHash() != m.SecretHash() {
		t.Error("the mirror's history differs")
	}
}

type oldGame struct {
	Heroes Table[struct {
		HP    uint8   `state:"range=0..100"`
		Gold  int32   `state:"hidden"`
		X     float32 `state:"range=0..10,step=1/4"`
		Name  string  `state:"max=20"`
		Mana  float32 `state:"owner"`
		Huge  uint64  `state:""`
		Below int64   `state:""`
		Dead  bool    `state:""`
		Class string  `state:""`
		Gone  int8    `state:""`
		Turn  float32 `state:"angle,bits=8"`
	}] `state:"max=8"`
	Round Value[struct {
		N    uint32 `state:""`
		Half uint8  `state:""`
	}]
	Score Value[struct {
		N int8 `state:""`
	}]
	Bangs Events[struct {
		N int8 `state:""`
	}]
	Left Table[struct {
		N int8 `state:""`
	}]
}

type newHero struct {
	HP    uint16  `state:"range=10..50"`
	Gold  uint64  `state:"hidden"`
	X     float64 `state:"range=0..100,step=1/2"`
	Name  string  `state:"max=3"`
	Mana  int16   `state:""`
	Huge  int32   `state:""`
	Below uint64  `state:""`
	Dead  uint8   `state:""`
	Class uint8   `state:""`
	Fresh string  `state:""`
	Turn  float32 `state:"angle,bits=4"`
}

type newGame struct {
	Heroes Table[newHero] `state:"max=8"`
	Round  Value[struct {
		N    bool    `state:""`
		Half float32 `state:""`
	}]
	Score Table[struct {
		N int8 `state:""`
	}]
	Bangs Events[struct {
		N int8 `state:""`
	}]
}

// TestAdopt: what has a match by name is taken over as well as the new type can hold it.
func TestAdopt(t *testing.T) {
	var a oldGame
	old, err := Open(nil, &a)
	must(t, err)
	h := a.Heroes.Put(5)
	h.HP, h.Gold, h.X, h.Name, h.Mana, h.Huge, h.Below, h.Dead, h.Class, h.Gone, h.Turn =
		90, -7, 9.25, "Ann日", 6.5, math.MaxUint64, -1, true, "mage", 3, math.Pi
	a.Heroes.SetOwner(5, 2)
	a.Heroes.Put(1).Huge = 12
	*a.Round.Get() = struct {
		N    uint32 `state:""`
		Half uint8  `state:""`
	}{7, 200}
	a.Score.Get().N = 4
	a.Bangs.Emit(struct {
		N int8 `state:""`
	}{1})
	old.Commit(1)

	var b newGame
	s, err := Open(nil, &b)
	must(t, err)
	must(t, s.Adopt(old))
	s.Commit(1)
	want := newHero{HP: 50, Gold: 0, X: 9.5, Name: "Ann", Mana: 7, Huge: math.MaxInt32, Below: 0, Dead: 1, Turn: math.Pi}
	if got := *b.Heroes.Get(5); got != want {
		t.Errorf("row 5:\n got %+v\nwant %+v", got, want)
	}
	if got, want := *b.Heroes.Get(1), (newHero{HP: 10, Huge: 12}); got != want {
		t.Errorf("row 1:\n got %+v\nwant %+v", got, want)
	}
	if b.Heroes.Owner(5) != 2 || b.Heroes.Owner(1) != proto.NoSeat || b.Heroes.Len() != 2 {
		t.Errorf("%d rows, owners %d and %d", b.Heroes.Len(), b.Heroes.Owner(1), b.Heroes.Owner(5))
	}
	if r := *b.Round.Get(); !r.N || r.Half != 200 {
		t.Errorf("value: %+v", r)
	}
	if b.Score.Len() != 0 {
		t.Error("a Value became rows of a Table")
	}
}

func TestAdoptNeedsRoom(t *testing.T) {
	type row struct {
		N int8 `state:""`
	}
	var a struct {
		Rows Table[row] `state:"max=8"`
	}
	var b struct {
		Rows Table[row] `state:"max=4"`
	}
	old, err := Open(nil, &a)
	must(t, err)
	a.Rows.Put(4)
	old.Commit(1)
	s, err := Open(nil, &b)
	must(t, err)
	if err := s.Adopt(old); err == nil || !strings.Contains(err.Error(), "keep max=8") {
		t.Errorf("a row without room: %v", err)
	}
}
