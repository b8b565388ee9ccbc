package outcome

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func sample() *Outcome {
	return &Outcome{Instance: 0xc0ffee, Match: 3, Room: "room-1", Game: "arena", Tick: 99, Data: []byte("\x00data"), Results: []Result{
		{Seat: 0, Player: "sam@example.com", Alias: "Sam '; DROP TABLE outcomes; --", Place: 1, Score: 10},
		{Seat: 5, Alias: "Gäst <1>", Place: 2, Score: -3},
	}}
}

const sampleBody = `{"instance":"0000000000c0ffee","match":3,"room":"room-1","game":"arena","tick":99,"results":[` +
	`{"seat":0,"player":"sam@example.com","alias":"Sam '; DROP TABLE outcomes; --","place":1,"score":10},` +
	`{"seat":5,"alias":"Gäst <1>","place":2,"score":-3}],"data":"AGRhdGE="}`

func TestBody(t *testing.T) {
	body, err := sample().Encode()
	if err != nil || string(body) != sampleBody {
		t.Fatalf("%v, body is\n%s, want\n%s", err, body, sampleBody)
	}
	o, err := Parse(body)
	if err != nil || !reflect.DeepEqual(o, sample()) {
		t.Errorf("Parse gives %+v, %v", o, err)
	}
}

// Players who had left have no seat; they may be many, and another player may have the seat that was theirs.
func TestBodyWithPlayersWhoLeft(t *testing.T) {
	o := sample()
	o.Results[1].Seat = uint8(proto.NoSeat)
	o.Results = append(o.Results, Result{Seat: uint8(proto.NoSeat), Player: "kim", Alias: "Kim", Place: 3})
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(body); err != nil || !reflect.DeepEqual(again, o) {
		t.Errorf("Parse gives %+v, %v", again, err)
	}
}

// The largest outcome that a game can decide fits.
func TestLargestBody(t *testing.T) {
	o := &Outcome{Instance: 1, Match: 1 << 31, Room: strings.Repeat("r", proto.MaxRoomID), Game: "g", Data: make([]byte, proto.MaxOutcomeData)}
	for seat := range proto.MaxSeats {
		name := strings.Repeat(`"`, proto.MaxPlayerID) // two bytes each in JSON
		o.Results = append(o.Results, Result{Seat: uint8(seat), Player: name, Alias: name, Name: name[:32], Place: 64, Score: -1 << 31})
	}
	body, err := o.Encode()
	if err != nil || len(body) > MaxBody {
		t.Errorf("%d bytes, at most %d are allowed: %v", len(body), MaxBody, err)
	}
}

func TestBadBodies(t *testing.T) {
	for name, body := range map[string]string{
		"empty":            ``,
		"not JSON":         `{"instance"`,
		"no instance":      strings.Replace(sampleBody, "c0ffee", "000000", 1),
		"short instance":   strings.Replace(sampleBody, "0000000000c0ffee", "c0ffee", 1),
		"match 0":          strings.Replace(sampleBody, `"match":3`, `"match":0`, 1),
		"match too large":  strings.Replace(sampleBody, `"match":3`, `"match":4294967296`, 1),
		"bad room":         strings.Replace(sampleBody, "room-1", "room 1'; --", 1),
		"bad game":         strings.Replace(sampleBody, "arena", "Ärena", 1),
		"seat twice":       strings.Replace(sampleBody, `"seat":5`, `"seat":0`, 1),
		"seat too large":   strings.Replace(sampleBody, `"seat":5`, `"seat":64`, 1),
		"left twice":       strings.NewReplacer(`"seat":0`, `"seat":255`, `"seat":5`, `"seat":255,"player":"sam@example.com"`).Replace(sampleBody),
		"alias twice":      strings.NewReplacer(`"seat":0`, `"seat":255`, `"seat":5`, `"seat":255`, "Gäst <1>", "Sam '; DROP TABLE outcomes; --").Replace(sampleBody),
		"NUL in a name":    strings.Replace(sampleBody, `"Sam`, `"\u0000Sam`, 1),
		"a long name":      strings.Replace(sampleBody, `"Sam`, `"`+strings.Repeat("x", 65), 1),
		"a space":          " " + sampleBody,
		"an unknown field": strings.Replace(sampleBody, `"tick"`, `"tock"`, 1),
		"another order":    strings.Replace(sampleBody, `"match":3,"room":"room-1"`, `"room":"room-1","match":3`, 1),
		"oversize":         sampleBody + strings.Repeat(" ", MaxBody),
	} {
		if _, err := Parse([]byte(body)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: Parse answers %v, want ErrInvalid", name, err)
		}
	}
}

// A body passes through a batch without a changed byte.
func TestBatchKeepsBodies(t *testing.T) {
	message, err := Encode(Batch{[]Entry{{Epoch{1, "gs"}, 1, []byte(sampleBody)}}})
	if err != nil {
		t.Fatal(err)
	}
	var batch Batch
	if err := json.Unmarshal(message, &batch); err != nil || string(batch.Entries[0].Body) != sampleBody {
		t.Errorf("%v, body became %s", err, batch.Entries[0].Body)
	}
}

func TestIDs(t *testing.T) {
	id := ID{0xc0ffee, 12}
	if got, err := ParseID(id.String()); err != nil || got != id || id.String() != "0000000000c0ffee-12" {
		t.Errorf("%v became %v, %v", id, got, err)
	}
	for _, s := range []string{"", "-", "0000000000c0ffee", "0000000000c0ffee-", "0000000000c0ffee-0", "0000000000C0FFEE-1", "c0ffee-1",
		"0000000000c0ffee-01", "0000000000c0ffee-4294967296", "0000000000c0ffee-1-1", "0000000000000000-1", "' OR 1=1 --"} {
		if _, err := ParseID(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseID(%q) answers %v, want ErrInvalid", s, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sampleBody))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Parse(b)
		if err != nil {
			return
		}
		if again, err := o.Encode(); err != nil || string(again) != string(b) {
			t.Fatalf("%s became %s, %v", b, again, err)
		}
	})
}
