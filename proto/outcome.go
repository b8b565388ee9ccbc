package proto

import "encoding/binary"

// Outcome is how a match ended. It is final.
//
//	match u32 | tick u32 | count u8 | count times: seat u8, place u8, score varint, alias string | data, to the end
type Outcome struct {
	Match   uint32   // counts the room's matches from 1
	Tick    Tick     // that decided it
	Results []Result // at most MaxSeats
	Data    []byte   // the game's own, at most MaxOutcomeData bytes
}

// Result is one player's part of an outcome.
type Result struct {
	Seat  Seat // NoSeat: the player had left
	Alias Alias
	Place uint8 // 1 is first; equal places are a draw
	Score int32
}

// Append appends the record.
func (m Outcome) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindOutcome)
	b = binary.LittleEndian.AppendUint32(b, m.Match)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Tick))
	b = append(b, byte(len(m.Results)))
	for _, s := range m.Results {
		b = append(b, byte(s.Seat), s.Place)
		b = binary.AppendVarint(b, int64(s.Score))
		b = appendString(b, s.Alias)
	}
	return EndRecord(append(b, m.Data...), at)
}

// ParseOutcome parses an outcome's body.
func ParseOutcome(b []byte) (Outcome, error) {
	r := reader{message: "outcome", b: b}
	m := Outcome{Match: r.u32("match"), Tick: Tick(r.u32("tick"))}
	count := int(r.u8("count"))
	if count > MaxSeats {
		r.refuse("count", "%d, at most %d are allowed", count, MaxSeats)
	}
	for range count {
		s := Result{Seat: Seat(r.u8("seat")), Place: r.u8("place"), Score: r.varint32("score")}
		s.Alias = checked(&r, "alias", MaxAlias, ParseAlias)
		if s.Seat >= MaxSeats && s.Seat != NoSeat {
			r.refuse("seat", "%d, 0 to %d or %d are allowed", s.Seat, MaxSeats-1, NoSeat)
		}
		if r.err != nil {
			return m, r.err
		}
		m.Results = append(m.Results, s)
	}
	m.Data = r.rest("data", MaxOutcomeData)
	return m, r.end()
}
