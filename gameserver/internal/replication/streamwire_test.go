package replication

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

var (
	testOpen = Open{Room: "r1", Game: "arena", Options: []byte("{}"), Schema: []byte{1, 0, 0}, Epoch: proto.Epoch{Instance: 0xa7, Counter: 3, Server: "a"}, Process: 300,
		Others: []string{"d", "ee"}}
	testBase      = Open{Room: "r1", Schema: []byte{}, HasBase: true, Base: 513, BaseEpoch: proto.Epoch{Instance: 0xa9, Counter: 1, Server: "l"}}
	testEpoch     = proto.Epoch{Instance: 0xa7, Counter: 4, Server: "b"}
	testRejection = ownership.Rejection{Code: ownership.RejectEpoch, Epoch: proto.Epoch{Instance: 0xa7, Counter: 4, Server: "c"}, Leader: "c", Text: "old"}
	testFinal     = FinalTick{
		Tick: 513, Public: []byte("pub"), Secret: []byte("se"), Epoch: testEpoch, Due: 300 * time.Microsecond, Stay: true,
		Others:  []string{"d"},
		Pending: []SeatInput{{2, proto.Input{First: 7, Ack: 5, Count: 1, Samples: []byte{9}}}, {0, proto.Input{First: 1, Count: 2, Samples: []byte{8, 8}}}},
	}
)

// streamRecords has one record of each kind, its golden bytes, and its parser, which returns what append gives again.
var streamRecords = []struct {
	name   string
	record []byte
	golden string
	parse  func(b []byte) (again []byte, err error)
}{
	{"open", encode(kindOpen, &opening{300, testOpen}), "9026" + "ac02" + "027231" + "056172656e61" + "027b7d" + "03010000" + "a700000000000000" + "030161" + "ac02" +
		"02" + "0164" + "026565" + "00", reOpen},
	{"open from a base", encode(kindOpen, &opening{1, testBase}), "9021" + "01" + "027231" + "00" + "00" + "00" + "0000000000000000" + "0000" + "00" + "00" + "01" + "8104" + "a900000000000000" + "01016c", reOpen},
	{"keyframe", appendKeyframe(nil, 1, 513, nil, nil), "9105" + "01" + "8104" + "00" + "00", reKeyframe},
	{"part", appendKeyframe(nil, 1, 513, nil, []byte("abc"))[7:], "9204" + "01" + "616263", rePart},
	{"tick", appendTick(nil, 1, 513, []byte("pub"), []byte("se")), "9309" + "01" + "0102" + "03707562" + "7365", reTick},
	{"final", encode(kindFinal, &final{1, testFinal}), "942a" + "01" + "8104" + "a700000000000000" + "040162" + "ac02" + "01" + "010164" + "03707562" + "027365" +
		"02" + "0204" + "07050109" + "00" + "0205" + "0100020808", reFinal},
	{"handed", encode(kindHanded, &handed{1, "b", testEpoch}), "950e" + "01" + "0162" + "a700000000000000" + "040162", reHanded},
	{"update", encode(kindUpdate, &update{1, testEpoch, true, []string{"d", "ee"}}), "9613" + "01" + "a700000000000000" + "040162" + "01" + "02" + "0164" + "026565", reUpdate},
	{"probation", encode(kindProbation, &signal{1}), "9701" + "01", reSignal(kindProbation)},
	{"stop", encode(kindStop, &stop{1, "end"}), "9805" + "01" + "03656e64", reStop},
	{"ack", appendAck(nil, 1, 513), "a003" + "01" + "8104", reAck},
	{"ready", encode(kindReady, &ready{1, 8}), "a102" + "01" + "08", reReady},
	{"need keyframe", encode(kindNeedKeyframe, &signal{300}), "a202" + "ac02", reSignal(kindNeedKeyframe)},
	{"noted", encode(kindNoted, &signal{1}), "a301" + "01", reSignal(kindNoted)},
	{"took", encode(kindTook, &took{1, testEpoch}), "a40c" + "01" + "a700000000000000" + "040162", reTook},
	{"reject", encode(kindReject, &reject{1, testRejection}), "a513" + "01" + "02" + "a700000000000000" + "040163" + "0163" + "036f6c64", reReject},
}

// again reads a body into m, which is zero, and appends it again.
func again(k proto.Kind, body []byte, m message) ([]byte, error) {
	err := decode(k, body, m)
	return encode(k, m), err
}

func reOpen(b []byte) ([]byte, error)   { return again(kindOpen, b, &opening{}) }
func reFinal(b []byte) ([]byte, error)  { return again(kindFinal, b, &final{}) }
func reHanded(b []byte) ([]byte, error) { return again(kindHanded, b, &handed{}) }
func reUpdate(b []byte) ([]byte, error) { return again(kindUpdate, b, &update{}) }
func reStop(b []byte) ([]byte, error)   { return again(kindStop, b, &stop{}) }
func reReady(b []byte) ([]byte, error)  { return again(kindReady, b, &ready{}) }
func reTook(b []byte) ([]byte, error)   { return again(kindTook, b, &took{}) }
func reReject(b []byte) ([]byte, error) { return again(kindReject, b, &reject{}) }

func reKeyframe(b []byte) ([]byte, error) { return again(kindKeyframe, b, &keyframe{}) }

func reSignal(k proto.Kind) func(b []byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return again(k, b, &signal{}) }
}

func rePart(b []byte) ([]byte, error) {
	stream, piece, err := parsePart(b)
	return append(appendHead(nil, kindPart, stream, len(piece)), piece...), err
}

func reTick(b []byte) ([]byte, error) {
	stream, low, public, secret, err := parseTick(b)
	return appendTick(nil, stream, proto.Tick(low), public, secret), err
}

func reAck(b []byte) ([]byte, error) {
	stream, tick, err := parseAck(b)
	return appendAck(nil, stream, tick), err
}

func TestStreamGolden(t *testing.T) {
	for _, c := range streamRecords {
		if got := hex.EncodeToString(c.record); got != c.golden {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.golden)
		}
		if again, err := c.parse(body(t, c.record)); err != nil || !bytes.Equal(again, c.record) {
			t.Errorf("%s: parsed and appended again it is %x, %v", c.name, again, err)
		}
	}
}

// A record cut anywhere is an error, unless the rest is valid by itself: a shorter part, hidden delta or list of inputs.
func TestStreamPrefixesFail(t *testing.T) {
	open := map[string]int{"part": 1, "tick": 7, "final": 24} // the record may end anywhere from here on
	for _, c := range streamRecords {
		whole := body(t, c.record)
		for n := range whole {
			again, err := c.parse(whole[:n])
			if from, ok := open[c.name]; ok && n >= from {
				if err == nil && !bytes.Equal(body(t, again), whole[:n]) {
					t.Errorf("%s cut at %d became %x", c.name, n, again)
				}
			} else if !errors.Is(err, proto.ErrShort) {
				t.Errorf("%s cut at %d: %v", c.name, n, err)
			}
		}
		if _, ok := open[c.name]; !ok {
			if _, err := c.parse(append(whole[:len(whole):len(whole)], 0)); !errors.Is(err, proto.ErrTrailing) {
				t.Errorf("%s with a byte too many: %v", c.name, err)
			}
		}
	}
}

func TestStreamRanges(t *testing.T) {
	const noEpoch = "0000000000000000" + "00" + "00"
	for name, c := range map[string]struct {
		parse func([]byte) ([]byte, error)
		body  string
		want  error
	}{
		"stream over 32 bits":     {reStop, "8080808010" + "00", proto.ErrRange},
		"stream in a longer form": {reStop, "8100" + "00", proto.ErrRange},
		"room without a name":     {reOpen, "01" + "00" + "00" + "00" + "0000", proto.ErrName},
		"options too long":        {reOpen, "01" + "027231" + "00" + "8108" + "00", proto.ErrRange},
		"keyframe too large":      {reKeyframe, "01" + "01" + "81808002" + "00", proto.ErrRange},
		"keyframe parts too large": {reKeyframe, "01" + "01" + "80808001" + "81808001",
			proto.ErrRange},
		"reason too long":              {reStop, "01" + "8104" + "00", proto.ErrRange},
		"input of seat 64":             {reFinal, "01" + "01" + noEpoch + "00" + "00" + "00" + "00" + "00" + "40" + "0203" + "010001", proto.ErrRange},
		"too many others":              {reFinal, "01" + "01" + noEpoch + "00" + "00" + "09", proto.ErrRange},
		"too many others in an update": {reUpdate, "01" + noEpoch + "09", proto.ErrRange},
		"base flag neither 0 or 1":     {reOpen, "01" + "027231" + "00" + "00" + "00" + noEpoch + "00" + "00" + "02", proto.ErrRange},
		"base over 32 bits":            {reOpen, "01" + "027231" + "00" + "00" + "00" + noEpoch + "00" + "00" + "01" + "8080808010", proto.ErrRange},
		"leader's name too long":       {reHanded, "01" + "fe01", proto.ErrRange},
		"a ping for an input":          {reFinal, "01" + "01" + noEpoch + "00" + "00" + "00" + "00" + "00" + "00" + "0303" + "010001", proto.ErrRange},
	} {
		b, err := hex.DecodeString(c.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.parse(b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A keyframe of any size is whole again after its records, each of which is small.
func TestKeyframeParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		public := make([]byte, rapid.IntRange(0, 3*maxPart).Draw(t, "public"))
		secret := make([]byte, rapid.IntRange(0, 3*maxPart).Draw(t, "secret"))
		for i := range public {
			public[i] = byte(i)
		}
		for i := range secret {
			secret[i] = byte(i * 7)
		}
		var got []byte
		var head keyframe
		for rest := appendKeyframe(nil, 9, 5, public, secret); len(rest) > 0; {
			k, b, more, err := proto.NextRecord(rest)
			if err != nil || len(b) > maxPart+1 {
				t.Fatalf("record of %d bytes, %v", len(b), err)
			}
			switch rest = more; k {
			case kindKeyframe:
				err = decode(k, b, &head)
			case kindPart:
				var piece []byte
				_, piece, err = parsePart(b)
				got = append(got, piece...)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if want := (keyframe{9, 5, len(public), len(secret)}); head != want || !bytes.Equal(got, append(public, secret...)) {
			t.Fatalf("%+v with %d bytes, want %+v", head, len(got), want)
		}
	})
}

func TestFinalRoundTrip(t *testing.T) {
	var f final
	if err := decode(kindFinal, body(t, encode(kindFinal, &final{1, testFinal})), &f); err != nil || !reflect.DeepEqual(f.FinalTick, testFinal) {
		t.Errorf("%+v, %v", f, err)
	}
}

// FuzzParseStream: no decoder panics, and what is parsed is appended as it was.
func FuzzParseStream(f *testing.F) {
	for i, c := range streamRecords {
		f.Add(byte(i), body(f, c.record))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		c := streamRecords[int(kind)%len(streamRecords)]
		again, err := c.parse(b)
		if err == nil && !bytes.Equal(body(t, again), b) {
			t.Fatalf("%s %x became %x", c.name, b, again)
		}
	})
}
