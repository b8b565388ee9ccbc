package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// merge is a merge patch (RFC 7396) of objects.
func merge(into, patch map[string]any) {
	for name, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(into, name)
		case map[string]any:
			inner, ok := into[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				into[name] = inner
			}
			merge(inner, v)
		default:
			into[name] = v
		}
	}
}

func object(t rapid.TB, members []byte) (o map[string]any) {
	t.Helper()
	text := "{" + strings.TrimPrefix(string(members), ",") + "}"
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return o
}

// Whatever happens in a room, what was written first and merged with all patches is what would be written now, for a player and a spectator,
// also where a keyframe comes in between; and no patch has what has not changed.
func TestTextFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leader := newRoom(t)
		seat := rapid.SampledFrom([]int{0, len(audience) - 1}).Draw(t, "seat")
		replica := NewReplica(leader.Schema())
		text := NewText(replica)
		var held map[string]any
		for tick := proto.Tick(1); tick <= 6; tick++ {
			leader.step(tick, rapid.SliceOfN(rapid.Custom(draw), 0, 12).Draw(t, "edits"))
			f := leader.frames()
			full := tick == 1 || rapid.IntRange(0, 5).Draw(t, "keyframe") == 0
			if full {
				must(t, replica.ApplyKeyframe(tick, f.keyframe))
				must(t, replica.ApplyOwnKeyframe(f.ownKey[seat]))
			} else {
				must(t, replica.ApplyDelta(tick, f.delta))
				must(t, replica.ApplyOwnDelta(f.own[seat]))
			}
			patch := object(t, text.Append(nil, full))
			events := patch["events"]
			if delete(patch, "events"); full {
				held = patch
			} else {
				for table, rows := range sub(patch["tables"]) {
					was := sub(sub(held["tables"])[table])
					for id, row := range sub(rows) {
						for field, v := range sub(row) {
							if old, ok := was[id].(map[string]any); ok && v != nil && fmt.Sprintf("%#v", old[field]) == fmt.Sprintf("%#v", v) { // 0 and -0 are equal, and not the same
								t.Fatalf("the patch has %s %s %s, which is %v as before", table, id, field, v)
							}
						}
					}
				}
				merge(held, patch)
			}
			if want := object(t, NewText(replica).Append(nil, true)); !reflect.DeepEqual(held, want) {
				t.Fatalf("tick %d: what was merged is\n%v\nwhat there is\n%v", tick, held, want)
			}
			shots := 0
			for range leader.Shots.All() {
				shots++
			}
			if list, _ := sub(events)["shots"].([]any); !full && len(list) != shots {
				t.Fatalf("%d shots of %d", len(list), shots)
			}
			if again := text.Append(nil, false); bytes.Contains(again, []byte(`"tables"`)) || bytes.Contains(again, []byte(`"values"`)) {
				t.Fatalf("nothing has changed, and the patch is %s", again)
			}
		}
	})
}

// What the schema hides, and what another seat owns, is in no text.
func TestTextHides(t *testing.T) {
	leader := newRoom(t)
	leader.step(1, []edit{func(w *world) {
		w.Fighters.Put(0).Password = "hunter2"
		w.Fighters.Get(0).Ammo = 77
		w.Fighters.SetOwner(0, 1)
		w.Hand.Put(1).Suit = 66
		w.Hand.SetOwner(1, 1)
		w.Traps.Put(5)
		w.Deep.Get().Rand = 12345678
	}})
	f := leader.frames()
	for i, want := range map[int]bool{1: true, 2: false, len(audience) - 1: false} {
		r := NewReplica(leader.Schema())
		must(t, r.ApplyKeyframe(1, f.keyframe))
		must(t, r.ApplyOwnKeyframe(f.ownKey[i]))
		got := string(NewText(r).Append(nil, true))
		for _, secret := range []string{"hunter2", "password", "traps", "deep", "12345678", "cool"} {
			if strings.Contains(got, secret) {
				t.Errorf("seat %d: %q is in %s", audience[i], secret, got)
			}
		}
		for _, own := range []string{`"ammo":77`, `"suit":66`} {
			if strings.Contains(got, own) != want {
				t.Errorf("seat %d: that it has %s should be %v: %s", audience[i], own, want, got)
			}
		}
	}
}

// Samples encodes as Codec does, whatever the values.
func TestSamplesAreThoseOfTheCodec(t *testing.T) {
	codec, err := NewCodec[sample]()
	must(t, err)
	have, err := os.ReadFile(goldenFile)
	must(t, err)
	var g golden
	must(t, json.Unmarshal(have, &g))
	s, err := NewSamples(codec.Schema())
	must(t, err)
	s.Begin()
	var b []byte
	for _, v := range g.Samples.Values {
		text, err := json.Marshal(v)
		must(t, err)
		if b, err = s.Append(b, numbers(t, string(text))); err != nil {
			t.Fatal(err)
		}
	}
	if got := hex.EncodeToString(b); got != g.Samples.Bytes {
		t.Errorf("%s\nthe file says %s", got, g.Samples.Bytes)
	}
	rapid.Check(t, func(t *rapid.T) {
		var base sample
		codec.Quantise(&base)
		s.Begin()
		for range rapid.IntRange(1, 4).Draw(t, "samples") {
			v := sample{MoveX: rapid.Float32().Draw(t, "x"), Aim: rapid.Float32().Draw(t, "aim"), Far: rapid.Float64().Draw(t, "far"),
				Fire: rapid.Bool().Draw(t, "fire"), Big: rapid.Int64().Draw(t, "big"), Word: rapid.String().Draw(t, "word")}
			text, err := json.Marshal(map[string]any{"move_x": float64(v.MoveX), "aim": float64(v.Aim), "far": v.Far, "fire": v.Fire,
				"big": strconv.FormatInt(v.Big, 10), "word": v.Word})
			must(t, err)
			got, err := s.Append(nil, numbers(t, string(text)))
			must(t, err)
			codec.Quantise(&v)
			if want := codec.Append(nil, &base, &v); !bytes.Equal(got, want) {
				t.Fatalf("%s gives %x, the codec %x", text, got, want)
			}
			base = v
		}
	})
}

func numbers(t rapid.TB, text string) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	must(t, d.Decode(&v))
	return v
}

func TestSamplesRefuse(t *testing.T) {
	row := &RowSchema{Fields: []Field{
		{Name: "move", Type: TypeInt8, Min: -1, Max: 1}, {Name: "x", Type: TypeFixed, Min: 0, Max: 1, Step: 0.5}, {Name: "fire", Type: TypeBool},
		{Name: "word", Type: TypeString, Size: 3}, {Name: "huge", Type: TypeUint64}, {Name: "raw", Type: TypeFloat32},
	}}
	s, err := NewSamples(row)
	must(t, err)
	for text, want := range map[string]string{
		`{"jump":true}`:                   `the input has no field "jump"; its fields are move, x, fire, word, huge, raw`,
		`{"move":2}`:                      "field move of the input is 2; -1 to 1 are allowed",
		`{"move":0.5}`:                    "field move of the input is 0.5; write a whole number within its range",
		`{"move":1e300}`:                  "write a whole number",
		`{"move":true}`:                   "is not a number",
		`{"move":null}`:                   "is not a number",
		`{"move":[1]}`:                    "is not a number",
		`{"fire":1}`:                      "is not true or false",
		`{"word":1}`:                      "is not a string",
		`{"huge":-1}`:                     "it cannot be negative",
		`{"huge":"18446744073709551616"}`: "write a whole number",
		`{"x":"1"}`:                       "is not a number",
		`{"x":1e999}`:                     "beyond all numbers",
		`{"raw":-1e999}`:                  "beyond all numbers",
		`{"move":` + strings.Repeat("9", 5000) + `}`: "write a whole number",
	} {
		if _, err := s.Append(nil, numbers(t, text)); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.40s: %v, want %q", text, err, want)
		}
	}
	s.Begin()
	b, err := s.Append(nil, numbers(t, `{"move":-1.0,"x":7,"word":"日本","huge":"18446744073709551615"}`))
	must(t, err)
	v := s.base // of Append
	if v.vals[0] != -1 || v.vals[1] != 2 || v.strs[3] != "日" || uint64(v.vals[4]) != math.MaxUint64 || len(b) == 0 {
		t.Errorf("%+v, %x", v, b)
	}
}

// sub is v as an object; anything else is an empty one.
func sub(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}
