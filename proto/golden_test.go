package proto

import (
	stdbytes "bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden is a WebSocket message with what is in it. testdata has its bytes in name.hex and its records in frames.json.
type golden struct {
	name    string
	records []message
}

func (g golden) bytes() (b []byte) {
	for _, m := range g.records {
		b = m.Append(b)
	}
	return b
}

func (g golden) kind() Kind { return Kind(g.bytes()[0]) }

// skipped is a record that no version knows.
type skipped struct{ Body []byte }

func (m skipped) Append(b []byte) []byte { return AppendRecord(b, 0x7f, m.Body) }

// testInstance has 64 bits that are all of importance: a number of other languages holds 53.
const testInstance Instance = 0xdf2c09d1e8a7b347

func goldens() []golden {
	token := []byte("0123456789abcdef")
	welcome := Welcome{
		Version: 1, Flags: WelcomeChecks, Room: "lobby-7", Game: "arena", Alias: "q7c2mfzk4t", Seat: 3, TickRate: 30,
		Tick: 70000, Epoch: Epoch{testInstance, 2, "gs-1"}, Server: "gs-1", Resume: token,
		Fallbacks: []string{"ws://10.0.0.2:7100/v1/rooms/lobby-7/connect", "ws://10.0.0.3:7100/v1/rooms/lobby-7/connect"},
		Schema:    []byte{1, 2, 3},
	}
	own := Own{Processed: 4464, Slack: 6, Private: []byte{0x11, 0x22}}
	delta := Delta{Tick: 4465, Body: []byte{0xde, 0x17, 0xa0}}
	moved := Moved{
		URL: "ws://10.0.0.2:7100/v1/rooms/lobby-7/connect", Server: "gs-0", Ticket: "header.claims.signature",
		Epoch: Epoch{testInstance, 3, "gs-0"}, WithinMs: 2000,
	}
	return []golden{
		{"hello-ticket", []message{Hello{Versions: Versions{1, 1}, Ticket: "header.claims.signature"}}},
		{"hello-resume", []message{Hello{
			Versions: Versions{1, 1}, Fingerprint: 0x0123456789abcdef, Flags: HelloWait, Epoch: Epoch{testInstance, 300, "gs-0"}, LastTick: 70000,
			Ticket: "header.claims.signature", Resume: token,
		}}},
		{"input", []message{Input{First: 70001, Ack: 70000, Count: 2, Samples: []byte{1, 2, 3, 4}}}},
		{"input-first", []message{Input{First: 1, Ack: 0, Count: 1}}},
		{"ping", []message{Ping{1_764_000_000_000_000}}},
		{"leave", []message{Leave{"good game"}}},
		{"custom", []message{Custom{[]byte(`{"chat":"hi"}`)}}},
		{"custom-empty", []message{Custom{}}},
		{"welcome", []message{welcome}},
		{"welcome-spectator", []message{Welcome{
			Version: 1, Flags: WelcomeSpectator, Room: "r", Game: "arena", Seat: NoSeat, TickRate: 60, Epoch: Epoch{1, 1, "gs-0"}, Server: "gs-0",
		}}},
		{"keyframe", []message{Keyframe{70000, []byte{9, 8, 7}}}},
		{"delta", []message{delta}},
		{"delta-128", []message{Delta{Tick: 65535, Body: stdbytes.Repeat([]byte{0xab}, 126)}}},
		{"own", []message{own}},
		{"own-keyframe", []message{Own{Full: true, Processed: 65535, Slack: NoSlack}}},
		{"moved", []message{moved}},
		{"moved-short", []message{Moved{URL: "wss://gs-0.example.org/v1/rooms/r/connect"}}},
		{"prepare", []message{Prepare{moved}}},
		{"outcome", []message{Outcome{
			Match: 2, Tick: 75400, Data: []byte("map=yard"),
			Results: []Result{{Seat: 3, Alias: "q7c2mfzk4t", Place: 1, Score: 12}, {Seat: 0, Alias: "a", Place: 2, Score: -1}},
		}}},
		{"outcome-left", []message{Outcome{Match: 3, Tick: 75700, Data: []byte("map=yard"), Results: []Result{{Seat: NoSeat, Alias: "q7c2mfzk4t", Place: 1, Score: 3}}}}},
		{"pong", []message{Pong{1, 1_764_000_000_000_000}}},
		{"error", []message{Error{Code: CloseOverloaded, RetryMs: 500, Text: "this server takes no new rooms"}}},
		{"check", []message{Check{70001, 0xdeadbeef}}},
		{"notice-suspended", []message{Notice{NoticeSuspended, "this server sees too little of the fleet"}}},
		{"notice-resumed", []message{Notice{Code: NoticeResumed}}},
		{"message-join", []message{welcome, Own{Full: true, Private: []byte{5}}, Keyframe{70000, []byte{9, 8, 7}}}},
		{"message-tick", []message{own, Custom{[]byte("hi")}, delta, Check{70001, 0xdeadbeef}}},
		{"message-tick-spectator", []message{delta}},
		{"message-unknown-record", []message{own, skipped{[]byte("from the future")}, delta}},
	}
}

// described is one message of frames.json.
type described struct {
	Name    string   `json:"name"` // of the .hex file
	Records []record `json:"records"`
}

type record struct {
	Kind   string         `json:"kind"` // as PROTOCOL.md names it
	Fields map[string]any `json:"fields"`
}

// fields describes a message for any language: names in snake_case, bytes in hex, 64-bit numbers as decimal strings, instances
// as 16 hex digits.
func fields(v reflect.Value) any {
	switch {
	case v.Type() == reflect.TypeFor[Instance]():
		return Instance(v.Uint()).String()
	case v.Type() == reflect.TypeFor[[]byte]():
		return hex.EncodeToString(v.Bytes())
	case v.Kind() == reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, fields(v.Index(i)))
		}
		return list
	case v.Kind() == reflect.Struct:
		m := map[string]any{}
		for f, x := range v.Fields() {
			if f.Anonymous {
				for k, y := range fields(x).(map[string]any) {
					m[k] = y
				}
				continue
			}
			m[snake(f.Name)] = fields(x)
		}
		return m
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.Kind() == reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case v.CanUint():
		return float64(v.Uint())
	default:
		return float64(v.Int())
	}
}

func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(s[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func describe(g golden) described {
	d := described{Name: g.name}
	for _, m := range g.records {
		kind := Kind(m.Append(nil)[0]).String()
		d.Records = append(d.Records, record{kind, fields(reflect.ValueOf(m)).(map[string]any)})
	}
	return d
}

// wrapped is hex with 32 bytes a line.
func wrapped(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := min(32, len(b))
		out = hex.AppendEncode(out, b[:n])
		out, b = append(out, '\n'), b[n:]
	}
	return out
}

func readHex(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return b
}

func TestGoldenFrames(t *testing.T) {
	var all []described
	for _, g := range goldens() {
		all = append(all, describe(g))
		file := filepath.Join("testdata", g.name+".hex")
		if *update {
			if err := os.WriteFile(file, wrapped(g.bytes()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b := readHex(t, file)
		if !stdbytes.Equal(g.bytes(), b) {
			t.Errorf("%s: %x is appended, the file has %x", g.name, g.bytes(), b)
		}
		for _, want := range g.records {
			k, body, rest, err := NextRecord(b)
			if err != nil {
				t.Fatalf("%s: %v", g.name, err)
			}
			b = rest
			if k == 0x7f {
				continue
			}
			if got, err := formatOf(k).parse(body); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: parsed %+v (%v), want %+v", g.name, got, err, want)
			}
		}
		if len(b) > 0 {
			t.Errorf("%s: %d bytes are left", g.name, len(b))
		}
	}
	sameJSON(t, "testdata/frames.json", all)
	if files, _ := filepath.Glob("testdata/*.hex"); len(files) != len(all) {
		t.Errorf("testdata has %d .hex files, the table %d", len(files), len(all))
	}
}

// sameJSON holds a file to what it should say; with -update it writes the file.
func sameJSON(t *testing.T, file string, want any) {
	t.Helper()
	b, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || !stdbytes.Equal(have, b) {
		t.Errorf("%s is not what the tables say (%v): run go test -update and look at the difference", file, err)
	}
}

// badFrame is one record that every decoder must refuse; testdata/bad.json lists them.
type badFrame struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Hex  string `json:"hex"` // the whole record
	Why  string `json:"why"` // short, trailing, range or name
}

func (f badFrame) bytes() []byte {
	b, err := hex.DecodeString(f.Hex)
	if err != nil {
		panic(err)
	}
	return b
}

func badFrames() []badFrame {
	bad := func(name string, k Kind, why string, body ...byte) badFrame {
		return badFrame{name, k.String(), hex.EncodeToString(AppendRecord(nil, k, body)), why}
	}
	text := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	helloHead := make([]byte, 23) // to the instance
	helloHead[0], helloHead[1] = 1, 1
	return []badFrame{
		bad("hello of nothing", KindHello, "short"),
		bad("hello of version 0", KindHello, "range", 0, 0),
		bad("hello whose oldest version is above its newest", KindHello, "range", 1, 2),
		bad("hello without ticket and token", KindHello, "range", append(helloHead, 0, 0, 0, 0)...),
		bad("hello with half an instance", KindHello, "short", append(helloHead[:15:15], 1, 2, 3, 4)...),
		bad("hello with an overlong uvarint", KindHello, "range", append(helloHead, 0x80, 0, 0, 1, 't', 0)...),
		bad("input without samples", KindInput, "range", 1, 0, 0),
		bad("input with 65 samples", KindInput, "range", 1, 0, 65),
		bad("input cut short", KindInput, "short", 1, 0),
		bad("ping cut short", KindPing, "short", 1, 2, 3),
		bad("ping and one byte", KindPing, "trailing", 1, 2, 3, 4, 5, 6, 7, 8, 9),
		bad("leave with broken UTF-8", KindLeave, "range", 2, 0xc3, 0x28),
		bad("welcome with seat 64", KindWelcome, "range", 1, 0, 64, 30),
		bad("welcome with 0 ticks a second", KindWelcome, "range", 1, 0, 0, 0),
		bad("delta of one byte", KindDelta, "short", 1),
		bad("own of two bytes", KindOwn, "short", 1, 2),
		bad("moved to nowhere", KindMoved, "range", make([]byte, 17)...),
		bad("outcome with an empty alias", KindOutcome, "name", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0),
		bad("outcome with seat 64", KindOutcome, "range", 1, 0, 0, 0, 1, 0, 0, 0, 1, 64, 1, 0, 1, 'a'),
		bad("error with code 1000", KindError, "range", append([]byte{0xe8, 3, 0, 0, 0, 0}, text("x")...)...),
		bad("check cut short", KindCheck, "short", 1, 0, 0, 0),
		bad("notice with broken UTF-8", KindNotice, "range", 1, 0, 2, 0xc3, 0x28),
	}
}

func TestBadFrames(t *testing.T) {
	why := map[string]error{"short": ErrShort, "trailing": ErrTrailing, "range": ErrRange, "name": ErrName}
	for _, f := range badFrames() {
		k, body, _, err := NextRecord(f.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if m, err := formatOf(k).parse(body); !errors.Is(err, why[f.Why]) {
			t.Errorf("%s: %+v, error %v, want %v", f.Name, m, err, why[f.Why])
		}
	}
	sameJSON(t, "testdata/bad.json", badFrames())
}
