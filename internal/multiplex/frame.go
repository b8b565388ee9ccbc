package multiplex

import "encoding/binary"

// A frame:
//
//	kind u8 | stream u32 | size u16 | size bytes of payload
//
// All numbers are big-endian. Only data frames have a payload; in a credit frame size stands for the bytes that were read, in units
// of creditUnit.
const header = 7

// kind is what a frame says.
type kind uint8

const (
	open   kind = 1 + iota // the stream begins; ids rise
	data                   // bytes of it
	credit                 // the receiver has read so many bytes more
	end                    // the sender writes no more
	closed                 // nor does it read what comes
	reset                  // the stream is over at once, and what is on its way with it
	ping                   // of the link: answer with pong
	pong
)

const (
	// Window is how many bytes a stream's sender may be ahead of its reader. It bounds what a slow client's router holds, which is stale
	// when it arrives, and a stream's rate to one window a round trip.
	Window = 16 << 10
	// creditUnit divides Window/2, the least that is granted at once.
	creditUnit = 1 << 10
	// maxOut bounds the bytes that wait for the link. A link that is full takes data of no stream; other frames go beyond it.
	maxOut = 1 << 20
)

func appendHeader(b []byte, k kind, stream uint32, size int) []byte {
	b = append(b, byte(k))
	b = binary.BigEndian.AppendUint32(b, stream)
	return binary.BigEndian.AppendUint16(b, uint16(size))
}

func parseHeader(b []byte) (k kind, stream uint32, size int) {
	return kind(b[0]), binary.BigEndian.Uint32(b[1:]), int(binary.BigEndian.Uint16(b[5:]))
}
