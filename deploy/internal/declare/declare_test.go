package declare

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

var update = flag.Bool("update", false, "write the declarations that the tests compare with")

// stock is the arena as its server describes it.
func stock(t *testing.T) Game {
	t.Helper()
	d := arena.Definition()
	schema, err := d.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return Game{Name: d.Name, TickRate: 30, Seats: 8, Schema: *schema,
		Fingerprint: fmt.Sprintf("%016x", schema.Fingerprint()), Version: fmt.Sprintf("%016x", schema.PeerFingerprint())}
}

// golden compares got with a file, which is in a package that compiles it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what is written now (%v); run go test -update", file, err)
	}
}

// clients/web/test/types holds what is written for TypeScript against the SDK.
func TestTypeScript(t *testing.T) {
	golden(t, filepath.Join("..", "..", "..", "clients", "web", "test", "types", "arena.ts"), []byte(TypeScriptModule(stock(t))))
}

// The declarations for Go compile, and the rows and inputs of the game are read and written by them.
func TestGo(t *testing.T) {
	text, err := Go(stock(t), "declare")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "arena_gen_test.go", text)
	codec, err := state.NewCodec[Input]()
	if err != nil {
		t.Fatal(err)
	}
	if s := stock(t); !slices.Equal(codec.Schema().Fields, s.Schema.Input.Fields) || fmt.Sprintf("%016x", Fingerprint) != s.Fingerprint {
		t.Errorf("the input is declared as %+v, it is %+v", codec.Schema().Fields, s.Schema.Input.Fields)
	}
	d := arena.Definition()
	sim, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.RowsOf[FightersRow](sim.Store(), FightersTable); err != nil {
		t.Error(err)
	}
	if rows, err := state.RowsOf[WallsRow](sim.Store(), WallsTable); err != nil || rows.Len() == 0 {
		t.Errorf("%v, %v", rows, err)
	}
}

// Every type of a field has one in both languages.
func TestTypes(t *testing.T) {
	for _, c := range []struct {
		field    state.Field
		ts, goes string
	}{
		{state.Field{Type: state.TypeBool}, "boolean", "bool "},
		{state.Field{Type: state.TypeInt64}, "bigint", "int64 "},
		{state.Field{Type: state.TypeUint64, Min: 0, Max: 9}, "number", "uint64 range=0..9"},
		{state.Field{Type: state.TypeInt64, Min: -1 << 60, Max: 1 << 60}, "bigint", "int64 range=-1.152921504606847e+18..1.152921504606847e+18"},
		{state.Field{Type: state.TypeFixed, Min: -1, Max: 1, Step: 0.25}, "number", "float32 range=-1..1,step=0.25"},
		{state.Field{Type: state.TypeAngle, Bits: 10}, "number", "float32 angle,bits=10"},
		{state.Field{Type: state.TypeFloat32}, "number", "float32 "},
		{state.Field{Type: state.TypeString, Size: 9}, "string", "string max=9"},
		{state.Field{Type: state.TypeUint8, Max: 2, Count: 9}, "readonly number[]", "[9]uint8 range=0..2"},
		{state.Field{Type: state.TypeUint64, Count: 2}, "readonly bigint[]", "[2]uint64 "},
	} {
		typ, tag := goType(c.field)
		if got := typeScriptType(c.field); got != c.ts || typ+" "+strings.Join(tag, ",") != c.goes {
			t.Errorf("%+v is %s and %s %v, want %s and %s", c.field, got, typ, tag, c.ts, c.goes)
		}
	}
}

func TestCamel(t *testing.T) {
	for snake, want := range map[string]string{"move_x": "MoveX", "hp": "Hp", "x_1": "X_1", "x_y": "X_Y", "a_bc": "ABc", "arena-game": "ArenaGame"} {
		if got := Camel(snake); got != want {
			t.Errorf("%s is %s, want %s", snake, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	number, text := state.Field{Name: "n", Type: state.TypeUint8}, state.Field{Name: "n", Type: state.TypeString, Size: 8}
	schema := func(kind state.TableKind, size int, fields ...state.Field) *state.Schema {
		return &state.Schema{Tables: []state.TableSchema{{Name: "t", Kind: kind, Max: size, Row: state.RowSchema{Fields: fields}}}}
	}
	base := schema(state.KindTable, 8, number)
	ranged := number
	ranged.Max = 9
	array := number
	array.Count = 3
	input := &state.Schema{Tables: base.Tables, Input: state.RowSchema{Fields: []state.Field{number}}}
	for _, c := range []struct {
		to     *state.Schema
		breaks bool
		want   string
	}{
		{base, false, ""},
		{schema(state.KindTable, 8, number, state.Field{Name: "m", Type: state.TypeBool}), false, "field t.m is new"},
		{schema(state.KindTable, 8), false, "field t.n is gone"},
		{schema(state.KindTable, 8, text), true, "field t.n was uint8 and is string"},
		{schema(state.KindTable, 8, state.Field{Name: "n", Type: state.TypeFloat32}), false, "is converted"},
		{schema(state.KindTable, 8, ranged), false, "is brought into range"},
		{schema(state.KindTable, 8, array), false, "field t.n was uint8 and is [3]uint8: as many elements go along as there is room for"},
		{schema(state.KindEvents, 8, number), true, "t was of kind table and is of kind events"},
		{schema(state.KindTable, 4, number), false, "has max=4, it was 8: a room with rows beyond stays"},
		{schema(state.KindTable, 9, number), false, "has max=9"},
		{&state.Schema{}, false, "table t is gone"},
		{input, false, "pages that are open must be loaded again"},
	} {
		changes := Compare(base, c.to)
		if c.want == "" && len(changes) > 0 || c.want != "" && (len(changes) != 1 || !strings.Contains(changes[0].Text, c.want) || changes[0].Breaks != c.breaks) {
			t.Errorf("got %+v, want %q, breaks: %v", changes, c.want, c.breaks)
		}
	}
}

func TestFromServer(t *testing.T) {
	games := []Game{stock(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/server/games":
			_ = json.NewEncoder(w).Encode(games)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	got, err := FromServer(context.Background(), server.URL+"/")
	if err != nil || len(got) != 1 || got[0].Schema.PeerFingerprint() != games[0].Schema.PeerFingerprint() {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := FromServer(context.Background(), server.URL+"/elsewhere"); err == nil || !strings.Contains(err.Error(), "give the URL of a game server") {
		t.Error(err)
	}
	if _, err := Choose(got, "chess"); err == nil || !strings.Contains(err.Error(), "name one of arena with -game") {
		t.Error(err)
	}
	if g, err := Choose(got, ""); err != nil || g.Name != "arena" {
		t.Error(g, err)
	}
}
