package membership

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// metadata is a member as it travels in memberlist's node metadata:
//
//	format u8 = 3 | name | boot | role | state | URL | peer | zone | version    (each: length u8, bytes)
//	weight | since in Unix ms | standing | port | oldest | newest link version (each: uvarint)
//
// Later versions append fields, whose absence must mean something; what follows the last known one is skipped. The format number changes when that is not
// enough, and members of a foreign format are not seen.
const metadataFormat = 3

// maxMetadata is memberlist.MetaMaxSize; more would panic there.
const maxMetadata = 512

var errMetadata = errors.New("metadata is cut short or of a foreign format")

// appendMetadata appends m, whose fields Validate has found to fit.
func appendMetadata(b []byte, m *Member) []byte {
	b = append(b, metadataFormat)
	for _, s := range []string{string(m.Name), m.Boot, string(m.Role), string(m.State), m.URL, m.Peer, m.Zone, m.Version} {
		b = append(append(b, byte(len(s))), s...)
	}
	for _, n := range []int64{int64(m.Weight), m.Since.UnixMilli(), int64(m.Standing), int64(m.Port),
		int64(m.Links.Oldest), int64(m.Links.Newest)} {
		b = binary.AppendUvarint(b, uint64(min(max(n, 0), maxNumber)))
	}
	return b
}

// maxNumber bounds the numbers to 48 bits, 7 bytes as a uvarint: enough for milliseconds until the year 10889.
const maxNumber = 1<<48 - 1

// parseMetadata reads what appendMetadata wrote, and checks it: whoever gossips may have written anything. A weight above the
// largest counts as that. It keeps nothing of b.
func parseMetadata(b []byte) (Member, error) {
	if len(b) == 0 || len(b) > maxMetadata || b[0] != metadataFormat {
		return Member{}, errMetadata
	}
	b = b[1:]
	var texts [8]string
	for i := range texts {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return Member{}, errMetadata
		}
		end := 1 + int(b[0])
		texts[i], b = string(b[1:end]), b[end:]
	}
	var numbers [6]int64
	for i := range numbers {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > maxNumber {
			return Member{}, errMetadata
		}
		numbers[i], b = int64(n), b[size:]
	}
	m := Member{
		Name: ServerName(texts[0]), Boot: texts[1], Role: Role(texts[2]), State: State(texts[3]),
		URL: texts[4], Peer: texts[5], Zone: texts[6], Version: texts[7],
		Weight:   int(min(numbers[0], placement.MaxWeight)),
		Since:    time.UnixMilli(numbers[1]),
		Standing: Standing(min(numbers[2], math.MaxUint8)),
		Port:     int(numbers[3]),
		Links:    proto.Versions{Oldest: uint8(min(numbers[4], math.MaxUint8)), Newest: uint8(min(numbers[5], math.MaxUint8))},
	}
	if err := m.wellFormed(); err != nil {
		return Member{}, err
	}
	return m, nil
}
