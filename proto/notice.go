package proto

import (
	"encoding/binary"
	"strconv"
)

// NoticeCode says what a notice is about. A client that does not know a code shows the text.
type NoticeCode uint16

// The notices.
const (
	// NoticeSuspended: the room is suspended, because its server sees too little of the fleet to be sure that it alone leads
	// the room. No frames come until NoticeResumed or a close. The connection stays, and pings are answered. After
	// SuspendedSearch a client also looks for the room elsewhere.
	NoticeSuspended NoticeCode = 1
	// NoticeResumed: the room ticks again.
	NoticeResumed NoticeCode = 2
	// NoticeEnds: the room's server is being taken out of service, and no other can go on with the room; the text says when
	// it ends. Until then it is played on.
	NoticeEnds NoticeCode = 3
	// NoticeStays: what NoticeEnds said is not so any more.
	NoticeStays NoticeCode = 4
)

// Notice tells the room's people how the room is. It closes nothing.
//
//	code u16 | text string
type Notice struct {
	Code NoticeCode
	Text string // for a person; at most MaxText bytes, Append cuts the rest off
}

// Append appends the record.
func (m Notice) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindNotice)
	b = binary.LittleEndian.AppendUint16(b, uint16(m.Code))
	return EndRecord(appendString(b, clip(m.Text)), at)
}

// ParseNotice parses a notice's body. Unknown codes are kept.
func ParseNotice(b []byte) (Notice, error) {
	r := reader{message: "notice", b: b}
	m := Notice{Code: NoticeCode(r.u16("code")), Text: r.string("text", MaxText)}
	return m, r.end()
}

// String gives the notice's name in PROTOCOL.md, or the number of an unknown code.
func (c NoticeCode) String() string {
	switch c {
	case NoticeSuspended:
		return "suspended"
	case NoticeResumed:
		return "resumed"
	}
	return strconv.Itoa(int(c))
}
