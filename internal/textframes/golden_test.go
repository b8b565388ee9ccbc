package textframes

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

var update = flag.Bool("update", false, "write testdata anew")

// message is one of testdata/text.json: one connection's, in their order.
type message struct {
	Name   string          `json:"name"`
	From   string          `json:"from"`   // client or server
	Binary string          `json:"binary"` // hex
	Text   json.RawMessage `json:"text"`
}

// stream is what package state tests with.
type stream struct {
	Schema string
	Frames []struct {
		Tick        proto.Tick
		Why         string
		Full        bool
		Public, Own string
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readStream(t testing.TB) (s stream) {
	t.Helper()
	text, err := os.ReadFile("../../proto/state/testdata/stream.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// conversation is a connection's messages: the server's in binary, the client's in text.
func conversation(t testing.TB) (all []message) {
	s := readStream(t)
	server := func(name string, records ...interface{ Append([]byte) []byte }) {
		var b []byte
		for _, r := range records {
			b = r.Append(b)
		}
		all = append(all, message{Name: name, From: "server", Binary: hex.EncodeToString(b)})
	}
	client := func(name, text string) {
		all = append(all, message{Name: name, From: "client", Text: json.RawMessage(text)})
	}

	epoch := proto.Epoch{Instance: 0xdf2c09d1e8a7b347, Counter: 2, Server: "gs-1"}
	client("hello", `{"kind":"hello","ticket":"header.claims.signature"}`)
	server("prepare before the welcome", proto.Prepare{Moved: proto.Moved{URL: "ws://10.0.0.2:7100/v1/rooms/r/connect", WithinMs: 3000}})
	for i, f := range s.Frames {
		own := proto.Own{Full: f.Full, Processed: uint16(i), Slack: uint8(5 + i), Private: unhex(t, f.Own)}
		switch public := unhex(t, f.Public); {
		case i == 0:
			server("welcome: "+f.Why, proto.Welcome{Version: 1, Flags: proto.WelcomeChecks, Room: "lobby-7", Game: "golden", Alias: "q7c2mfzk4t", Seat: 1,
				TickRate: 30, Tick: f.Tick, Epoch: epoch, Server: "gs-1", Resume: []byte("0123456789abcdef"),
				Fallbacks: []string{"ws://10.0.0.2:7100/v1/rooms/lobby-7/connect"}, Schema: unhex(t, s.Schema)},
				own, proto.Keyframe{Tick: f.Tick, Body: public})
			client("two samples and a ping", `[{"kind":"input","ack":1,"samples":[{"move_x":1,"fire":true,"word":"aé"},{"move_x":-0.5,"big":"9223372036854775807"}]},{"kind":"ping","micros":1764000000000000}]`)
			client("a sample with its number", `{"kind":"input","first":7,"samples":[{}]}`)
			client("the sample behind it", `{"kind":"input","samples":[{"aim":3.1}]}`)
		case f.Full:
			server("keyframe: "+f.Why, own, proto.Keyframe{Tick: f.Tick, Body: public})
		default:
			server(f.Why, own, proto.Custom{Payload: []byte(`{"chat":"hi"}`)}, proto.Delta{Tick: uint16(f.Tick), Body: public},
				proto.Check{Tick: f.Tick, Hash: 1})
		}
	}
	server("only what text does not have", proto.Check{Tick: 1, Hash: 1})
	server("outcome", proto.Outcome{Match: 2, Tick: 75400, Data: []byte("map=yard"),
		Results: []proto.Result{{Seat: 3, Alias: "q7c2mfzk4t", Place: 1, Score: 12}, {Seat: 0, Alias: "a", Place: 2, Score: -1}}})
	server("pong and a message of bytes", proto.Pong{Micros: 1, Server: 1_764_000_000_000_000}, proto.Custom{Payload: []byte{0xff, 0}})
	server("notice", proto.Notice{Code: proto.NoticeSuspended, Text: "this server sees too little of the fleet"})
	server("moved", proto.Moved{URL: "ws://10.0.0.2:7100/v1/rooms/r/connect", Server: "gs-0", Ticket: "a.b.c", Epoch: epoch})
	server("error", proto.Error{Code: proto.CloseOverloaded, RetryMs: 500, Text: "this server takes no new rooms"})
	client("custom", `{"kind":"custom","text":"{\"chat\":\"hi\"}"}`)
	client("custom of bytes", `{"kind":"custom","payload":"ff00"}`)
	client("hello of one who comes back", `{"kind":"hello","ticket":"a.b.c","resume":"30313233343536373839616263646566","last_tick":70000,`+
		`"epoch":{"instance":"df2c09d1e8a7b347","counter":2,"server":"gs-1"},"fingerprint":"81985529216486895","flags":1,"versions":{"newest":1,"oldest":1}}`)
	client("leave", `{"kind":"leave","reason":"good game"}`)
	client("nothing", `[]`)
	return all
}

const goldenFile = "../../proto/testdata/text.json"

// The texts of a connection are those of the file, and what a client says becomes the file's bytes.
func TestGolden(t *testing.T) {
	all := conversation(t)
	var tr translator
	for i := range all {
		m := &all[i]
		if m.From == "client" {
			b, err := tr.toServer(m.Text)
			if err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
			m.Binary = hex.EncodeToString(b)
			continue
		}
		text, err := tr.toClient(unhex(t, m.Binary))
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if m.Text = bytes.Clone(text); len(text) == 0 {
			m.Text = json.RawMessage("null")
		}
	}
	want, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(goldenFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(goldenFile); err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is not what is said (%v): run go test -update and look at the difference", goldenFile, err)
	}
}
