package proto

import "encoding/binary"

// WelcomeFlags say how the client entered. Unknown bits are kept and mean nothing.
type WelcomeFlags uint8

// Flags of a welcome.
const (
	WelcomeSpectator WelcomeFlags = 1 << 0
	WelcomeResumed   WelcomeFlags = 1 << 1 // the seat was held and is taken up again
	WelcomeChecks    WelcomeFlags = 1 << 2 // a check message comes every second
)

// Welcome answers a hello. The keyframe follows in the same WebSocket message. It is laid out as Version says, which is
// the newest that both client and server speak.
//
//	version u8 | flags u8 | seat u8 | tick rate u8 | tick u32 | processed u32 | epoch
//	| server string | room string | game string | alias string
//	| resume token bytes | fallback count u8 | that many URL strings | schema bytes
type Welcome struct {
	Version   uint8
	Flags     WelcomeFlags
	Room      RoomID
	Game      GameName
	Alias     Alias    // by which the tables and outcomes name this player; empty for a spectator
	Seat      Seat     // NoSeat for a spectator
	TickRate  uint8    // ticks per second, MinTickRate to MaxTickRate
	Tick      Tick     // the tick of the keyframe that follows
	Processed Seq      // last processed input of this seat
	Epoch     Epoch    // of the leader that answers
	Server    string   // stable name of the server
	Resume    []byte   // resume token; empty for spectators
	Fallbacks []string // WebSocket URLs to try, in order, when this connection is lost
	Schema    []byte   // see state.ParseSchema
}

// Append appends the record.
func (m Welcome) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindWelcome)
	b = append(b, m.Version, byte(m.Flags), byte(m.Seat), m.TickRate)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Tick))
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Processed))
	b = appendEpoch(b, m.Epoch)
	b = appendString(b, m.Server)
	b = appendString(b, m.Room)
	b = appendString(b, m.Game)
	b = appendString(b, m.Alias)
	b = appendString(b, m.Resume)
	b = append(b, byte(len(m.Fallbacks)))
	for _, url := range m.Fallbacks {
		b = appendString(b, url)
	}
	b = appendString(b, m.Schema)
	return EndRecord(b, at)
}

// ParseWelcome parses a welcome's body. Of one in a version that this package does not speak only Version is filled: its
// layout is not known.
func ParseWelcome(b []byte) (Welcome, error) {
	r := reader{message: "welcome", b: b}
	m := Welcome{Version: r.u8("version")}
	if r.err == nil && !Spoken().Has(m.Version) {
		return m, nil
	}
	m.Flags = WelcomeFlags(r.u8("flags"))
	m.Seat = Seat(r.u8("seat"))
	if m.Seat >= MaxSeats && m.Seat != NoSeat {
		r.refuse("seat", "%d, 0 to %d or %d are allowed", m.Seat, MaxSeats-1, NoSeat)
	}
	m.TickRate = r.u8("tick rate")
	if r.err == nil && (m.TickRate < MinTickRate || m.TickRate > MaxTickRate) {
		r.refuse("tick rate", "%d, %d to %d are allowed", m.TickRate, MinTickRate, MaxTickRate)
	}
	m.Tick = Tick(r.u32("tick"))
	m.Processed = Seq(r.u32("processed"))
	m.Epoch = r.epoch()
	m.Server = r.string("server", MaxServerName)
	m.Room = checked(&r, "room", MaxRoomID, ParseRoomID)
	m.Game = checked(&r, "game", MaxGameName, ParseGameName)
	m.Alias = checked(&r, "alias", MaxAlias, parseOptionalAlias)
	m.Resume = r.bytes("resume token", MaxResume)
	count := int(r.u8("fallback count"))
	if count > MaxFallbacks {
		r.refuse("fallback count", "%d, at most %d are allowed", count, MaxFallbacks)
	}
	for range count {
		if url := r.string("fallback", MaxURL); r.err == nil {
			m.Fallbacks = append(m.Fallbacks, url)
		}
	}
	m.Schema = r.bytes("schema", MaxSchema)
	return m, r.end()
}

// checked reads a name and holds it against its rule.
func checked[S ~string](r *reader, field string, limit int, parse func(string) (S, error)) S {
	s := r.string(field, limit)
	if r.err != nil {
		return ""
	}
	name, err := parse(s)
	if err != nil {
		r.fail(field, err)
	}
	return name
}

func parseOptionalAlias(s string) (Alias, error) {
	if s == "" {
		return "", nil
	}
	return ParseAlias(s)
}
