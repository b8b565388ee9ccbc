package proto

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Each limit, one over it: the message names the field and the limit.
func TestOverALimit(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	welcome := Welcome{Version: Version, TickRate: 30, Room: "r", Game: "g"}
	with := func(change func(*Welcome)) Welcome { w := welcome; change(&w); return w }
	for _, c := range []struct {
		m    message
		says string
	}{
		{Hello{Versions: Spoken(), Ticket: long(MaxTicket + 1)}, "hello: ticket: value is out of range: 4097 bytes, at most 4096 are allowed"},
		{Hello{Versions: Spoken(), Resume: []byte(long(MaxResume + 1))}, "resume token: value is out of range: 65 bytes, at most 64"},
		{Hello{Versions: Spoken(), Ticket: "t", Epoch: Epoch{1, 1, long(MaxServerName + 1)}}, "epoch server: value is out of range: 64 bytes"},
		{Hello{Versions: Spoken()}, "neither a ticket nor a resume token"},
		{Hello{Versions: Spoken(), Ticket: "\xff"}, "is not UTF-8"},
		{Input{First: 1, Count: 0}, "input: count: value is out of range: 0, 1 to 64 are allowed"},
		{Input{First: 1, Count: MaxSamples + 1}, "count: value is out of range: 65"},
		{Input{First: 1, Count: 2, Samples: make([]byte, 2*MaxSampleBytes+1)}, "samples: value is out of range: 129 bytes, at most 128"},
		{Custom{make([]byte, MaxCustom+1)}, "custom: payload: value is out of range: 1025 bytes, at most 1024"},
		{with(func(w *Welcome) { w.Seat = MaxSeats }), "welcome: seat: value is out of range: 64"},
		{with(func(w *Welcome) { w.TickRate = MaxTickRate + 1 }), "tick rate: value is out of range: 61"},
		{with(func(w *Welcome) { w.TickRate = 0 }), "tick rate: value is out of range: 0"},
		{with(func(w *Welcome) { w.Server = long(MaxServerName + 1) }), "server: value is out of range: 64 bytes"},
		{with(func(w *Welcome) { w.Room = RoomID(long(MaxRoomID + 1)) }), "room: value is out of range: 65 bytes"},
		{with(func(w *Welcome) { w.Game = GameName(long(MaxGameName + 1)) }), "game: value is out of range: 33 bytes"},
		{with(func(w *Welcome) { w.Alias = Alias(long(MaxAlias + 1)) }), "alias: value is out of range: 17 bytes"},
		{with(func(w *Welcome) { w.Resume = make([]byte, MaxResume+1) }), "resume token: value is out of range: 65 bytes"},
		{with(func(w *Welcome) { w.Fallbacks = make([]string, MaxFallbacks+1) }), "fallback count: value is out of range: 5, at most 4"},
		{with(func(w *Welcome) { w.Fallbacks = []string{long(MaxURL + 1)} }), "fallback: value is out of range: 257 bytes"},
		{with(func(w *Welcome) { w.Schema = make([]byte, MaxSchema+1) }), "schema: value is out of range: 65537 bytes"},
		{Moved{}, "moved: URL: value is out of range: it is empty"},
		{Moved{URL: long(MaxURL + 1)}, "URL: value is out of range: 257 bytes"},
		{Moved{URL: "u", Server: long(MaxServerName + 1)}, "server: value is out of range"},
		{Moved{URL: "u", Ticket: long(MaxTicket + 1)}, "ticket: value is out of range"},
		{Prepare{Moved{}}, "prepare: URL: value is out of range: it is empty"},
		{Outcome{Results: make([]Result, MaxSeats+1)}, "outcome: count: value is out of range: 65, at most 64"},
		{Outcome{Results: []Result{{Seat: MaxSeats, Alias: "p"}}}, "seat: value is out of range: 64"},
		{Outcome{Results: []Result{{Alias: Alias(long(MaxAlias + 1))}}}, "alias: value is out of range: 17 bytes"},
		{Outcome{Data: make([]byte, MaxOutcomeData+1)}, "data: value is out of range: 1025 bytes"},
		{Error{Code: 1000}, "error: code: value is out of range: 1000, 4000 to 4999"},
		{Error{Code: 5000}, "code: value is out of range: 5000"},
	} {
		k, body, _, err := NextRecord(c.m.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := formatOf(k).parse(body); !errors.Is(err, ErrRange) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: error %v, want ErrRange with %q", k, err, c.says)
		}
	}
}

func TestNamesInMessagesAreHeldToTheirRules(t *testing.T) {
	for _, m := range []message{
		Welcome{Version: Version, TickRate: 30, Room: "a/b", Game: "g"},
		Welcome{Version: Version, TickRate: 30, Room: "", Game: "g"},
		Welcome{Version: Version, TickRate: 30, Room: "r", Game: "a b"},
		Welcome{Version: Version, TickRate: 30, Room: "r", Game: "g", Alias: "a b"},
		Outcome{Results: []Result{{Alias: ""}}},
	} {
		k, body, _, _ := NextRecord(m.Append(nil))
		if got, err := formatOf(k).parse(body); !errors.Is(err, ErrName) {
			t.Errorf("%+v: error %v, want ErrName", got, err)
		}
	}
}

func TestTextsAreCutToFit(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("x", MaxText), strings.Repeat("x", MaxText)},
		{strings.Repeat("x", MaxText+1), strings.Repeat("x", MaxText)},
		{strings.Repeat("x", MaxText-1) + "ä", strings.Repeat("x", MaxText-1)},
		{"a\xffb", "a?b"},
	} {
		_, body, _, _ := NextRecord(Error{Code: CloseInternal, Text: c.text}.Append(nil))
		if m, err := ParseError(body); err != nil || m.Text != c.want {
			t.Errorf("error text %q, %v, want %q", m.Text, err, c.want)
		}
		_, body, _, _ = NextRecord(Leave{c.text}.Append(nil))
		if m, err := ParseLeave(body); err != nil || m.Reason != c.want {
			t.Errorf("reason %q, %v, want %q", m.Reason, err, c.want)
		}
	}
}

// The largest messages within all limits fit into a WebSocket message.
func TestLimitsFitTogether(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	epoch := Epoch{1<<64 - 1, 1<<32 - 1, long[:MaxServerName]}
	if n := len(Hello{Versions: Spoken(), Epoch: epoch, Ticket: long[:MaxTicket], Resume: make([]byte, MaxResume)}.Append(nil)); n > MaxClientMessage {
		t.Errorf("the largest hello has %d bytes, a message at most %d", n, MaxClientMessage)
	}
	if n := len(Input{First: 1, Count: MaxSamples, Samples: make([]byte, MaxSamples*MaxSampleBytes)}.Append(nil)); n > MaxClientMessage {
		t.Errorf("the largest input has %d bytes, a message at most %d", n, MaxClientMessage)
	}
	w := Welcome{Epoch: epoch, Resume: make([]byte, MaxResume), Schema: make([]byte, MaxSchema)}
	for range MaxFallbacks {
		w.Fallbacks = append(w.Fallbacks, long[:MaxURL])
	}
	if n := len(w.Append(nil)); n > MaxServerMessage/2 {
		t.Errorf("the largest welcome has %d bytes and leaves too little of %d for the keyframe", n, MaxServerMessage)
	}
}

// PROTOCOL.md gives the same numbers as the constants.
func TestProtocolShowsLimits(t *testing.T) {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"MaxRoomID": MaxRoomID, "MaxGameName": MaxGameName, "MaxPlayerID": MaxPlayerID, "MaxAlias": MaxAlias, "MaxPlayerName": MaxPlayerName,
		"MaxServerName": MaxServerName, "MaxResume": MaxResume, "MaxSchema": MaxSchema, "MaxSeats": MaxSeats,
		"MaxSpectators": MaxSpectators, "MaxClientMessage": MaxClientMessage, "MaxServerMessage": MaxServerMessage,
		"MaxTicket": MaxTicket, "MaxOptions": MaxOptions, "MaxCustom": MaxCustom, "MaxText": MaxText, "MaxURL": MaxURL,
		"MaxFallbacks": MaxFallbacks, "MaxOutcomeData": MaxOutcomeData, "MinTickRate": MinTickRate, "MaxTickRate": MaxTickRate,
		"MaxSamples": MaxSamples, "MaxSampleBytes": MaxSampleBytes, "InputWindow": InputWindow,
		"MaxSamplesPerTick": MaxSamplesPerTick, "MaxMessageRate": MaxMessageRate, "MaxMessageBurst": MaxMessageBurst,
		"HelloTimeout": int(HelloTimeout.Seconds()), "SeatHold": int(SeatHold.Seconds()), "AckTolerance": int(AckTolerance.Milliseconds()), "SuspendedSearch": int(SuspendedSearch.Seconds()),
		"SlowClientTimeout": int(SlowClientTimeout.Seconds()), "SilenceTimeout": int(SilenceTimeout.Seconds()),
	}
	shown := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\| (M\w+|InputWindow|AckTolerance|HelloTimeout|S\w+) \| ([\d,]+)`).FindAllStringSubmatch(string(doc), -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		shown[m[1]] = n
	}
	for name, n := range want {
		if got, ok := shown[name]; !ok || got != n {
			t.Errorf("%s is %d; PROTOCOL.md shows %d (found: %v)", name, n, got, ok)
		}
	}
	for name := range shown {
		if _, ok := want[name]; !ok {
			t.Errorf("PROTOCOL.md shows %s, which is no limit", name)
		}
	}
}
