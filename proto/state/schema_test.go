package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func worldSchema(t testing.TB) *Schema {
	t.Helper()
	c, err := NewCodec[sample]()
	must(t, err)
	s, err := Open(c.Schema(), &world{})
	must(t, err)
	return s.Schema()
}

func TestSchemaTravels(t *testing.T) {
	s := worldSchema(t)
	b := s.Append(nil)
	got, err := ParseSchema(b)
	must(t, err)
	if !reflect.DeepEqual(got, s.visible()) {
		t.Fatalf("%+v\n%+v", got, s.visible())
	}
	if got.Fingerprint() != s.Fingerprint() || !bytes.Equal(got.Append(nil), b) {
		t.Fatal("the schema that travelled has another fingerprint")
	}
	for n := range b {
		if _, err := ParseSchema(b[:n]); !errors.Is(err, proto.ErrShort) {
			t.Fatalf("%d bytes cut at %d: %v", len(b), n, err)
		}
	}
	if _, err := ParseSchema(append(b[:len(b):len(b)], 0)); !errors.Is(err, proto.ErrTrailing) {
		t.Fatal(err)
	}
	for _, secret := range []string{"traps", "deep", "traces", "mood", "seed", "password", "trick"} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("clients are told of %s", secret)
		}
	}
	b[0]++
	if _, err := ParseSchema(b); err == nil || err.Error() != "state: schema is of format 2, this program reads 1: value is out of range" {
		t.Fatal(err)
	}
}

func TestParseSchemaRefuses(t *testing.T) {
	field := func(f ...byte) []byte { return append([]byte{1, 1, 1, 't', 0, 4, 1, 1, 'f'}, append(f, 0)...) }
	if _, err := ParseSchema(field(byte(TypeBool), 0)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		body []byte
		want string
	}{
		{"hidden table", []byte{1, 1, 1, 't', 0x20, 4, 0, 0}, `state: schema: table "t" is hidden: value is out of range`},
		{"unknown part", []byte{1, 1, 1, 't', 0x30, 4, 0, 0}, `state: table t: kind 0, part 3: value is out of range`},
		{"unknown kind", []byte{1, 1, 1, 't', 3, 4, 0, 0}, `state: table t: kind 3, part 0: value is out of range`},
		{"no rows", []byte{1, 1, 1, 't', 0, 0, 0, 0}, "state: table t: max=0: write 1 to 4096"},
		{"too many rows", []byte{1, 1, 1, 't', 0, 0x81, 0x20, 0, 0}, "state: table t: max=4097: write 1 to 4096"},
		{"bad name", []byte{1, 1, 1, 'T', 0, 4, 0, 0}, `state: table name "T" is not one; use a to z and, not first, digits and _: value is out of range`},
		{"long name", append([]byte{1, 1, 33}, make([]byte, 40)...), `state: schema: table "": value is out of range`},
		{"too many tables", append([]byte{1, 65}, bytes.Repeat([]byte{1, 't', 0, 4, 0}, 65)...), "state: schema has more than 64 tables: value is out of range"},
		{"hidden field", field(byte(TypeBool), 2), `state: schema: table "t": field "f" is for servers only: value is out of range`},
		{"kept field", field(byte(TypeBool), 0x10), `state: schema: table "t": field "f" is for servers only: value is out of range`},
		{"unknown part of a field", field(byte(TypeBool), 3), `state: schema: table "t": field "f": value is out of range`},
		{"array without its size", append([]byte{1, 1, 1, 't', 0, 4, 1, 1, 'f'}, byte(TypeBool), 0x20), `state: schema: table "t": field "f": message is cut short`},
		{"array of nothing", field(byte(TypeBool), 0x20, 0), `state: schema: table "t": field "f": value is out of range`},
		{"array of 65", field(byte(TypeBool), 0x20, 65), `state: schema: table "t": field "f": 65 elements: write an array of 1 to 64, or a table with a row for each: value is out of range`},
		{"predicted array", field(byte(TypeInt8), 0x24, 2), `state: schema: table "t": field "f": an array cannot be predicted; remove predict=linear: value is out of range`},
		{"array of strings", field(byte(TypeString), 0x20, 9, 2), `state: schema: table "t": field "f": an array cannot hold strings; write a field for each, or a table: value is out of range`},
		{"array in the input", []byte{1, 0, 1, 1, 'f', byte(TypeBool), 0x20, 2}, "state: input: field f: a sample is not predicted, kept or parted, and has no arrays: value is out of range"},
		{"unknown flag", field(byte(TypeBool), 0x40), `state: schema: table "t": field "f": value is out of range`},
		{"unknown type", field(14, 0), `state: schema: table "t": field "f": type 14 is not known: value is out of range`},
		{"range of a bool", field(byte(TypeBool), 8, 0, 2), `state: schema: table "t": field "f": value is out of range`},
		{"empty range", field(byte(TypeInt8), 8, 2, 2), `state: schema: table "t": field "f": value is out of range`},
		{"angle of 17 bits", field(byte(TypeAngle), 0, 17), `state: schema: table "t": field "f": bits=17: write 1 to 16: value is out of range`},
		{"owner field of the input", []byte{1, 0, 1, 1, 'f', byte(TypeBool), 1}, "state: input: field f: a sample is not predicted, kept or parted, and has no arrays: value is out of range"},
	} {
		if _, err := ParseSchema(c.body); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
	}
}

// TestFingerprints: what clients see changes Fingerprint, anything changes PeerFingerprint.
func TestFingerprints(t *testing.T) {
	s := worldSchema(t)
	change := func(f func(s *Schema)) *Schema {
		c, err := ParseSchema(s.Append(nil))
		must(t, err)
		c = &Schema{Input: c.Input}
		for _, t := range s.Tables {
			t.Row.Fields = append([]Field(nil), t.Row.Fields...)
			c.Tables = append(c.Tables, t)
		}
		f(c)
		return c
	}
	for what, c := range map[string]struct {
		f       func(s *Schema)
		visible bool
	}{
		"a field's name":     {func(s *Schema) { s.Tables[0].Row.Fields[0].Name = "xx" }, true},
		"a field's step":     {func(s *Schema) { s.Tables[0].Row.Fields[0].Step = 0.125 }, true},
		"a table's max":      {func(s *Schema) { s.Tables[0].Max++ }, true},
		"an input":           {func(s *Schema) { s.Input.Fields = s.Input.Fields[1:] }, true},
		"a field's part":     {func(s *Schema) { s.Tables[0].Row.Fields[0].Part = Owner }, true},
		"a hidden field":     {func(s *Schema) { s.Tables[0].Row.Fields[2].Name = "warm" }, false},
		"a hidden table":     {func(s *Schema) { s.Tables[3].Max++ }, false},
		"what is kept":       {func(s *Schema) { s.Tables[0].Row.Fields[0].Rewind = false }, false},
		"an array's size":    {func(s *Schema) { s.Tables[4].Row.Fields[0].Count = 3 }, true},
		"a prediction":       {func(s *Schema) { s.Tables[0].Row.Fields[0].Linear = false }, true},
		"an integer's range": {func(s *Schema) { s.Tables[1].Row.Fields[1].Max = 10 }, true},
	} {
		d := change(c.f)
		if (d.Fingerprint() != s.Fingerprint()) != c.visible {
			t.Errorf("%s: the clients' fingerprint changes: %v", what, !c.visible)
		}
		if d.PeerFingerprint() == s.PeerFingerprint() {
			t.Errorf("%s: the servers' fingerprint stays", what)
		}
	}
}

func TestTypesHaveNames(t *testing.T) {
	for typ := TypeBool; typ <= TypeString; typ++ {
		if typ.String() == "?" {
			t.Errorf("type %d has no name", uint8(typ))
		}
	}
	if got := Type(200).String(); got != "type 200" {
		t.Error(got)
	}
	if Public.String() != "public" || Owner.String() != "owner" || Hidden.String() != "hidden" || Part(9).String() != "?" {
		t.Error("parts have other names")
	}
}

// A schema is the same after a way through JSON, and what JSON cannot know is refused.
func TestSchemaInJSON(t *testing.T) {
	s := worldSchema(t)
	b, err := json.Marshal(s)
	must(t, err)
	var got Schema
	must(t, json.Unmarshal(b, &got))
	if !reflect.DeepEqual(&got, s) || got.PeerFingerprint() != s.PeerFingerprint() {
		t.Errorf("got %+v\nwant %+v", got, s)
	}
	for _, bad := range []string{`{"tables":[{"kind":"?"}]}`, `{"tables":[{"part":"secret"}]}`, `{"input":{"fields":[{"type":"int128"}]}}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil || !strings.Contains(err.Error(), "is not one of") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
