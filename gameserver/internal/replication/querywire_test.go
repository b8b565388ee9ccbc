package replication

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

var (
	testQuery = ownership.Query{Room: "r1", Claim: true, Lost: 0xb8, Seeks: 0xb9, Instance: 0xba, Withdrawn: proto.Epoch{Instance: 0xa7, Counter: 4, Server: "c"},
		Leads: proto.Epoch{Instance: 0xa8, Counter: 5, Server: "d"}}
	testAnswer = ownership.Answer{
		Process: ownership.Process{Server: "b", Boot: 300}, Holding: ownership.Standby, Epoch: proto.Epoch{Instance: 0xa7, Counter: 2, Server: "s"},
		Leader: "s", Tick: 300, Counted: true, Suspended: true, Sought: 1500 * time.Millisecond, Age: 70 * time.Second, Away: 5 * time.Millisecond,
	}
)

// queryRecords has one record of each kind, its golden bytes, and its parser, which returns what append gives again.
var queryRecords = []struct {
	name   string
	record []byte
	golden string
	parse  func(b []byte) (again []byte, err error)
}{
	{"query", encode(kindQuery, &query{300, testQuery}), "8434" + "ac02" + "027231" + "01" + "b800000000000000" + "b900000000000000" + "ba00000000000000" + "a700000000000000" + "040163" + "a800000000000000" + "050164",
		func(b []byte) ([]byte, error) { return again(kindQuery, b, &query{}) }},
	{"relay", encode(kindRelay, &relay{300, "t", 1500 * time.Millisecond, testQuery}), "8638" + "ac02" + "0174" + "dc0b" + "027231" + "01" +
		"b800000000000000" + "b900000000000000" + "ba00000000000000" + "a700000000000000" + "040163" + "a800000000000000" + "050164",
		func(b []byte) ([]byte, error) { return again(kindRelay, b, &relay{}) }},
	{"forwarded", encode(kindForwarded, &forwarded{300, "a", testQuery}), "8736" + "ac02" + "0161" + "027231" + "01" + "b800000000000000" + "b900000000000000" + "ba00000000000000" +
		"a700000000000000" + "040163" + "a800000000000000" + "050164",
		func(b []byte) ([]byte, error) { return again(kindForwarded, b, &forwarded{}) }},
	{"answer", encode(kindAnswer, &answer{1, testAnswer}), "851c" + "01" + "0162" + "ac02" + "05" + "03" + "a700000000000000" + "020173" + "0173" + "ac02" + "dc0b" + "05" + "f0a204",
		func(b []byte) ([]byte, error) { return again(kindAnswer, b, &answer{}) }},
	{"unanswered", encode(kindUnanswered, &unanswered{1, relayTimeout, "no"}), "8805" + "01" + "03" + "026e6f",
		func(b []byte) ([]byte, error) { return again(kindUnanswered, b, &unanswered{}) }},
}

func TestQueryGolden(t *testing.T) {
	for _, c := range queryRecords {
		if got := hex.EncodeToString(c.record); got != c.golden {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.golden)
		}
		whole := body(t, c.record)
		if again, err := c.parse(whole); err != nil || !bytes.Equal(again, c.record) {
			t.Errorf("%s: parsed and appended again it is %x, %v", c.name, again, err)
		}
		for n := range whole {
			if _, err := c.parse(whole[:n]); !errors.Is(err, proto.ErrShort) {
				t.Errorf("%s cut at %d: %v", c.name, n, err)
			}
		}
		if _, err := c.parse(append(whole[:len(whole):len(whole)], 0)); !errors.Is(err, proto.ErrTrailing) {
			t.Errorf("%s with a byte too many: %v", c.name, err)
		}
	}
}

func TestAnswerRoundTrip(t *testing.T) {
	text := rapid.StringN(-1, -1, maxName)
	rapid.Check(t, func(t *rapid.T) {
		m := answer{rapid.Uint64().Draw(t, "id"), ownership.Answer{
			Process:   ownership.Process{Server: text.Draw(t, "process"), Boot: rapid.Uint64().Draw(t, "boot")},
			Holding:   ownership.Holding(rapid.IntRange(0, int(ownership.Leading)).Draw(t, "holding")),
			Epoch:     proto.Epoch{Instance: proto.Instance(rapid.Uint64().Draw(t, "instance")), Counter: rapid.Uint32().Draw(t, "counter"), Server: text.Draw(t, "server")},
			Leader:    text.Draw(t, "leader"),
			Tick:      proto.Tick(rapid.Uint32().Draw(t, "tick")),
			Counted:   rapid.Bool().Draw(t, "counted"),
			Suspended: rapid.Bool().Draw(t, "suspended"),
		}}
		_, b, _, _ := proto.NextRecord(encode(kindAnswer, &m))
		var got answer
		if err := decode(kindAnswer, b, &got); err != nil || got != m {
			t.Fatalf("%+v became %+v, %v", m, got, err)
		}
	})
}

func TestQueryRanges(t *testing.T) {
	const zeroes = "0000000000000000"
	for name, c := range map[string]struct {
		kind int // index into queryRecords
		body string
		want error
	}{
		"bad room id":          {0, "01" + "032e6162" + "00" + zeroes + zeroes + "0000", proto.ErrName},
		"claim neither 0 or 1": {0, "01" + "027231" + "02" + zeroes + zeroes + "0000", proto.ErrRange},
		"target too long":      {1, "01" + "fe01", proto.ErrRange},
		"wait too long":        {1, "01" + "0174" + "d10f", proto.ErrRange},
		"asker too long":       {2, "01" + "fe01", proto.ErrRange},
		"unknown holding":      {3, "01" + "0162" + "01" + "07", proto.ErrRange},
		"unknown flag":         {3, "01" + "0162" + "01" + "00" + "08", proto.ErrRange},
		"unknown code":         {4, "01" + "06" + "00", proto.ErrRange},
		"text too long":        {4, "01" + "00" + "8104", proto.ErrRange},
	} {
		b, err := hex.DecodeString(c.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := queryRecords[c.kind].parse(b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// FuzzParseQuery: no decoder panics, and what is parsed is appended as it was.
func FuzzParseQuery(f *testing.F) {
	for i, c := range queryRecords {
		f.Add(byte(i), body(f, c.record))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		c := queryRecords[int(kind)%len(queryRecords)]
		again, err := c.parse(b)
		if err == nil && !bytes.Equal(body(t, again), b) {
			t.Fatalf("%s %x became %x", c.name, b, again)
		}
	})
}
