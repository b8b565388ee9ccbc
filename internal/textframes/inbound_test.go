package textframes

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// welcomed is a translator whose client is in the room of testdata/stream.json.
func welcomed(t testing.TB) *translator {
	t.Helper()
	var tr translator
	for _, m := range conversation(t) {
		if m.From == "server" && strings.HasPrefix(m.Name, "welcome") {
			if _, err := tr.toClient(unhex(t, m.Binary)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &tr
}

// What is no good message is refused with a sentence that says why, and with nothing of it passed on.
func TestRefused(t *testing.T) {
	input := func(sample string) string { return `{"kind":"input","samples":[` + sample + `]}` }
	for text, want := range map[string]string{
		``:                                  "it ends too early",
		`{`:                                 "it ends too early",
		`{"kind":"ping"`:                    "it ends too early",
		`{"kind":"ping"} {}`:                "something follows the JSON value",
		`{"kind":"ping",}`:                  "invalid character",
		`nul`:                               "it ends too early",
		"{\"kind\":\"ping\xff\"}":           "it is not UTF-8",
		"\xff\xfe":                          "it is not UTF-8",
		strings.Repeat("[", 8000):           "it nests deeper than 4",
		strings.Repeat(`{"a":`, 999):        "it nests deeper than 4",
		input(`{"move_x":[[1]]}`):           "it nests deeper than 4",
		`{"kind":"ping","kind":"leave"}`:    `the name "kind" comes twice`,
		input(`{"fire":true,"fire":false}`): `the name "fire" comes twice`,
		`7`:                                 "a message is no record",
		`null`:                              "a message is no record",
		`[null]`:                            "a message is no record",
		`[[]]`:                              "a message is no record",
		`{}`:                                `kind is ""; send hello, input, ping, leave or custom`,
		`{"kind":1}`:                        "send hello, input",
		`{"kind":"welcome"}`:                "send hello, input",
		`{"Kind":"ping"}`:                   "send hello, input",
		`{"kind":"ping","micro":1}`:         `ping: it has no field "micro"`,
		`{"kind":"ping","micros":-1}`:       "micros is not a whole number of 64 bits",
		`{"kind":"ping","micros":1.5}`:      "micros is not a whole number",
		`{"kind":"ping","micros":1e3}`:      "micros is not a whole number",
		`{"kind":"ping","micros":` + strings.Repeat("9", 7000) + `}`:             "micros is not a whole number",
		`{"kind":"ping","micros":true}`:                                          "micros is not a whole number",
		`{"kind":"hello","ticket":7}`:                                            "ticket is not a string",
		`{"kind":"hello","ticket":"t","resume":"xyz"}`:                           "resume is not in hexadecimal digits",
		`{"kind":"hello","ticket":"t","epoch":"1"}`:                              "epoch is not an object",
		`{"kind":"hello","ticket":"t","epoch":{"instance":"12"}}`:                "want 16 hexadecimal digits",
		`{"kind":"hello","ticket":"t","epoch":{"countr":1}}`:                     `it has no field "countr"`,
		`{"kind":"hello","ticket":"t","flags":256}`:                              "flags is not a whole number of 8 bits",
		`{"kind":"hello","ticket":"t","versions":{"newest":1,"x":1,"oldest":1}}`: `it has no field "x"`,
		`{"kind":"custom","payload":"f"}`:                                        "payload is not in hexadecimal digits",
		`{"kind":"custom","text":"a","payload":"ff"}`:                            `it has no field "payload"`,
		`{"kind":"input"}`:                                                       "it has 0 samples; send a list of 1 to 64",
		`{"kind":"input","samples":{}}`:                                          "it has 0 samples",
		input(strings.Repeat("{},", 64) + "{}"):                                  "it has 65 samples",
		input(`7`):                                                               "a sample is no object",
		input(`{"jump":1}`):                                                      `the input has no field "jump"; its fields are move_x,`,
		input(`{"slot":99}`):                                                     "field slot of the input is 99",
		input(`{"move_x":1e999}`):                                                "beyond all numbers",
		input(`{"big":1` + strings.Repeat("0", 7000) + `}`):                      "write a whole number",
		`{"kind":"input","first":4294967296,"samples":[{}]}`:                     "first is not a whole number of 32 bits",
	} {
		b, err := welcomed(t).toServer([]byte(text))
		var refusal *proto.Refusal
		if !errors.As(err, &refusal) || refusal.Code != proto.CloseMalformed || !strings.Contains(refusal.Text, want) || b != nil {
			t.Errorf("%.60s: %q, %v; want %q", text, b, err, want)
		}
	}
	var stranger translator
	if _, err := stranger.toServer([]byte(input(`{}`))); err == nil || !strings.Contains(err.Error(), "before the welcome") {
		t.Errorf("an input before the welcome: %v", err)
	}
	if _, err := stranger.toServer([]byte(`{"kind":"hello","ticket":"t","versions":{"newest":9,"oldest":2}}`)); err == nil || !strings.Contains(err.Error(), "speak version 1 here") {
		t.Errorf("another version: %v", err)
	}
}

// FuzzToServer: whatever a client says is refused, or is whole records of kinds that clients send, which are no longer than the text.
func FuzzToServer(f *testing.F) {
	for _, m := range conversation(f) {
		if m.From == "client" {
			f.Add([]byte(m.Text))
		}
	}
	tr := welcomed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := tr.toServer(text)
		var refusal *proto.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("%v is no refusal", err)
		}
		if len(b) > len(text)+64 {
			t.Fatalf("%d bytes become %d", len(text), len(b))
		}
		for len(b) > 0 {
			kind, body, rest, err := proto.NextRecord(b)
			if err != nil || kind > proto.KindCustom {
				t.Fatalf("%v, %v", kind, err)
			}
			if kind == proto.KindInput {
				if _, err := proto.ParseInput(body); err != nil {
					t.Fatal(fmt.Errorf("%x: %w", body, err))
				}
			}
			b = rest
		}
	})
}
