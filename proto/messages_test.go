package proto

import (
	"reflect"
	"strings"

	"pgregory.net/rapid"
)

// message is what all messages have.
type message interface{ Append(b []byte) []byte }

// format is one record kind as the tests see it: how to parse a body, and how to draw any message within the limits.
type format struct {
	kind  Kind
	parse func(body []byte) (message, error)
	draw  func(t *rapid.T) message
}

func parser[M message](parse func([]byte) (M, error)) func([]byte) (message, error) {
	return func(b []byte) (message, error) { return parse(b) }
}

func ownParser(k Kind) func([]byte) (message, error) {
	return func(b []byte) (message, error) { return ParseOwn(k, b) }
}

// formats lists every kind of record.
func formats() []format {
	return []format{
		{KindHello, parser(ParseHello), drawHello},
		{KindInput, parser(ParseInput), drawInput},
		{KindPing, parser(ParsePing), func(t *rapid.T) message { return Ping{number[uint64](t)} }},
		{KindLeave, parser(ParseLeave), func(t *rapid.T) message { return Leave{text(t, MaxText)} }},
		{KindCustom, parser(ParseCustom), func(t *rapid.T) message { return Custom{bytes(t, MaxCustom)} }},
		{KindWelcome, parser(ParseWelcome), drawWelcome},
		{KindKeyframe, parser(ParseKeyframe), func(t *rapid.T) message { return Keyframe{number[Tick](t), bytes(t, 500)} }},
		{KindDelta, parser(ParseDelta), func(t *rapid.T) message { return Delta{number[uint16](t), bytes(t, 500)} }},
		{KindOwn, ownParser(KindOwn), drawOwn(false)},
		{KindOwnKeyframe, ownParser(KindOwnKeyframe), drawOwn(true)},
		{KindMoved, parser(ParseMoved), func(t *rapid.T) message { return drawMoved(t) }},
		{KindPrepare, parser(ParsePrepare), func(t *rapid.T) message { return Prepare{drawMoved(t)} }},
		{KindOutcome, parser(ParseOutcome), drawOutcome},
		{KindPong, parser(ParsePong), func(t *rapid.T) message { return Pong{number[uint64](t), number[uint64](t)} }},
		{KindError, parser(ParseError), drawError},
		{KindCheck, parser(ParseCheck), func(t *rapid.T) message { return Check{number[Tick](t), number[uint32](t)} }},
		{KindNotice, parser(ParseNotice), func(t *rapid.T) message { return Notice{number[NoticeCode](t), text(t, MaxText)} }},
	}
}

func formatOf(k Kind) format {
	for _, f := range formats() {
		if f.kind == k {
			return f
		}
	}
	panic("no format of kind " + k.String())
}

func number[N ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32](t *rapid.T) N {
	kind := reflect.TypeFor[N]().Kind()
	if kind == reflect.Int32 {
		return N(rapid.Int32().Draw(t, "int32"))
	}
	bits := reflect.TypeFor[N]().Bits()
	return N(rapid.Uint64Max(1<<(bits-1)<<1-1).Draw(t, "number"))
}

func bytes(t *rapid.T, limit int) []byte {
	b := rapid.SliceOfN(rapid.Byte(), 0, limit).Draw(t, "bytes")
	if len(b) == 0 {
		return nil
	}
	return b
}

func text(t *rapid.T, limit int) string { return rapid.StringN(-1, -1, limit).Draw(t, "text") }

func name(t *rapid.T, limit int) string {
	n := rapid.IntRange(0, limit-1).Draw(t, "length")
	return rapid.StringMatching(`[A-Za-z0-9]`).Draw(t, "first") + strings.Repeat("a", n)
}

func drawEpoch(t *rapid.T) Epoch {
	return Epoch{number[Instance](t), number[uint32](t), text(t, MaxServerName)}
}

func drawHello(t *rapid.T) message {
	return Hello{
		Versions: Versions{Version, rapid.Uint8Range(1, Version).Draw(t, "oldest")}, Fingerprint: number[uint64](t), Flags: number[HelloFlags](t), Epoch: drawEpoch(t),
		LastTick: number[Tick](t), Ticket: "t" + text(t, 1000), Resume: bytes(t, MaxResume),
	}
}

func drawInput(t *rapid.T) message {
	count := rapid.IntRange(1, MaxSamples).Draw(t, "count")
	return Input{
		First: Seq(rapid.Uint32Range(1, 1<<32-1-MaxSamples).Draw(t, "first")), Ack: number[Tick](t),
		Count: count, Samples: bytes(t, count*MaxSampleBytes),
	}
}

func drawWelcome(t *rapid.T) message {
	m := Welcome{
		Version: Version, Flags: number[WelcomeFlags](t), Room: RoomID(name(t, MaxRoomID)), Game: GameName(name(t, MaxGameName)),
		Alias: Alias(name(t, MaxAlias)), Seat: Seat(rapid.IntRange(0, MaxSeats-1).Draw(t, "seat")),
		TickRate: uint8(rapid.IntRange(MinTickRate, MaxTickRate).Draw(t, "rate")), Tick: number[Tick](t), Processed: number[Seq](t),
		Epoch: drawEpoch(t), Server: text(t, MaxServerName), Resume: bytes(t, MaxResume), Schema: bytes(t, 500),
	}
	if rapid.Bool().Draw(t, "spectator") {
		m.Seat, m.Alias = NoSeat, ""
	}
	for range rapid.IntRange(0, MaxFallbacks).Draw(t, "fallbacks") {
		m.Fallbacks = append(m.Fallbacks, text(t, MaxURL))
	}
	return m
}

func drawOwn(full bool) func(t *rapid.T) message {
	return func(t *rapid.T) message {
		return Own{Full: full, Processed: number[uint16](t), Slack: number[uint8](t), Private: bytes(t, 300)}
	}
}

func drawMoved(t *rapid.T) Moved {
	return Moved{
		URL: "w" + text(t, MaxURL-1), Server: text(t, MaxServerName), Ticket: text(t, 1000),
		Epoch: drawEpoch(t), WithinMs: number[uint32](t),
	}
}

func drawOutcome(t *rapid.T) message {
	m := Outcome{Match: number[uint32](t), Tick: number[Tick](t), Data: bytes(t, MaxOutcomeData)}
	for range rapid.IntRange(0, MaxSeats).Draw(t, "results") {
		m.Results = append(m.Results, Result{
			Seat: Seat(rapid.IntRange(0, MaxSeats-1).Draw(t, "seat")), Alias: Alias(name(t, MaxAlias)),
			Place: number[uint8](t), Score: number[int32](t),
		})
	}
	return m
}

func drawError(t *rapid.T) message {
	return Error{CloseCode(rapid.IntRange(4000, 4999).Draw(t, "code")), number[uint32](t), text(t, MaxText)}
}
