package replication

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Kinds of the records that carry streams. Each begins with the stream's number, which the leader chose.
const (
	kindOpen     proto.Kind = 0x90
	kindKeyframe proto.Kind = 0x91
	kindPart     proto.Kind = 0x92
	kindTick     proto.Kind = 0x93
	kindFinal    proto.Kind = 0x94
	kindHanded   proto.Kind = 0x95
	kindUpdate   proto.Kind = 0x96
	// kindProbation is from the leader, kindNoted the standby's answer.
	kindProbation proto.Kind = 0x97
	kindStop      proto.Kind = 0x98

	kindAck          proto.Kind = 0xa0
	kindReady        proto.Kind = 0xa1
	kindNeedKeyframe proto.Kind = 0xa2
	kindNoted        proto.Kind = 0xa3
	kindTook         proto.Kind = 0xa4
	kindReject       proto.Kind = 0xa5
)

// The messages of streams. Those that a tick sends have functions of their own, which do not allocate.
type (
	opening struct {
		stream uint32
		Open
	}
	// keyframe announces a keyframe, whose bytes, public before secret, follow in part records of the same stream.
	keyframe struct {
		stream         uint32
		tick           proto.Tick
		public, secret int // bytes
	}
	final struct {
		stream uint32
		FinalTick
	}
	handed struct {
		stream uint32
		leader string
		epoch  proto.Epoch
	}
	update struct {
		stream  uint32
		epoch   proto.Epoch
		counted bool
		others  []string
	}
	stop struct {
		stream uint32
		reason string
	}
	ready struct{ stream, waiting uint32 }
	took  struct {
		stream uint32
		epoch  proto.Epoch
	}
	reject struct {
		stream uint32
		ownership.Rejection
	}
	// signal is a record that consists of its kind: probation, need keyframe or noted.
	signal struct{ stream uint32 }
)

// fields copies what it reads.
func (m *opening) fields(c *codec) {
	number(c, &m.stream)
	c.room(&m.Room)
	text(c, &m.Game, proto.MaxGameName)
	c.bytes(&m.Options, proto.MaxOptions)
	c.bytes(&m.Schema, maxSchema)
	c.epoch(&m.Epoch)
	number(c, &m.Process)
	c.names(&m.Others)
	if c.flag(&m.HasBase); m.HasBase {
		c.tick(&m.Base)
		c.epoch(&m.BaseEpoch)
	}
}

func (m *keyframe) fields(c *codec) {
	number(c, &m.stream)
	c.tick(&m.tick)
	integer(c, &m.public, MaxKeyframe)
	integer(c, &m.secret, MaxKeyframe)
	if m.public+m.secret > MaxKeyframe {
		c.fail(fmt.Errorf("%d bytes, at most %d are allowed: %w", m.public+m.secret, MaxKeyframe, proto.ErrRange))
	}
}

// fields leaves deltas and samples that alias the body.
func (m *final) fields(c *codec) {
	number(c, &m.stream)
	c.tick(&m.Tick)
	c.epoch(&m.Epoch)
	c.span(&m.Due, time.Microsecond)
	c.flag(&m.Stay)
	c.names(&m.Others)
	c.slice(&m.Public, MaxRecord)
	c.slice(&m.Secret, MaxRecord)
	for i := 0; c.more(i, len(m.Pending)); i++ {
		if c.reads {
			m.Pending = append(m.Pending, SeatInput{})
		}
		octet(c, &m.Pending[i].Seat, proto.MaxSeats-1)
		c.input(&m.Pending[i].Input)
	}
}

func (m *handed) fields(c *codec) {
	number(c, &m.stream)
	c.name(&m.leader)
	c.epoch(&m.epoch)
}

func (m *update) fields(c *codec) {
	number(c, &m.stream)
	c.epoch(&m.epoch)
	c.flag(&m.counted)
	c.names(&m.others)
}

func (m *signal) fields(c *codec) { number(c, &m.stream) }

func (m *stop) fields(c *codec) {
	number(c, &m.stream)
	c.reason(&m.reason)
}

func (m *ready) fields(c *codec) {
	number(c, &m.stream)
	number(c, &m.waiting)
}

func (m *took) fields(c *codec) {
	number(c, &m.stream)
	c.epoch(&m.epoch)
}

func (m *reject) fields(c *codec) {
	number(c, &m.stream)
	octet(c, &m.Code, math.MaxUint8)
	c.epoch(&m.Epoch)
	c.name(&m.Leader)
	c.reason(&m.Text)
}

// appendKeyframe appends the announcement and all parts.
func appendKeyframe(b []byte, stream uint32, tick proto.Tick, public, secret []byte) []byte {
	b = append(b, encode(kindKeyframe, &keyframe{stream, tick, len(public), len(secret)})...)
	for _, all := range [2][]byte{public, secret} {
		for len(all) > 0 {
			n := min(len(all), maxPart)
			b = appendHead(b, kindPart, stream, n)
			b = append(b, all[:n]...)
			all = all[n:]
		}
	}
	return b
}

// parsePart returns a piece that aliases b.
func parsePart(b []byte) (stream uint32, piece []byte, err error) {
	c := codec{b: b, reads: true}
	number(&c, &stream)
	piece = c.rest()
	return stream, piece, c.end(kindPart)
}

// tickSize bounds what a tick record takes besides its two deltas: kind, length, stream, tick, length of the public one.
const tickSize = 1 + 5 + 5 + 2 + 5

// appendTick does not allocate when b has room.
func appendTick(b []byte, stream uint32, tick proto.Tick, public, secret []byte) []byte {
	b = appendHead(b, kindTick, stream, 2+uvarintLen(len(public))+len(public)+len(secret))
	b = binary.LittleEndian.AppendUint16(b, uint16(tick))
	b = binary.AppendUvarint(b, uint64(len(public)))
	b = append(b, public...)
	return append(b, secret...)
}

// parseTick returns the tick's low bits, and deltas that alias b.
func parseTick(b []byte) (stream uint32, low uint16, public, secret []byte, err error) {
	c := codec{b: b, reads: true}
	number(&c, &stream)
	if b := c.next(2); b != nil {
		low = binary.LittleEndian.Uint16(b)
	}
	c.slice(&public, MaxRecord)
	secret = c.rest()
	return stream, low, public, secret, c.end(kindTick)
}

// appendAck does not allocate when b has room.
func appendAck(b []byte, stream uint32, tick proto.Tick) []byte {
	b = appendHead(b, kindAck, stream, uvarintLen(int(tick)))
	return binary.AppendUvarint(b, uint64(tick))
}

func parseAck(b []byte) (stream uint32, tick proto.Tick, err error) {
	c := codec{b: b, reads: true}
	number(&c, &stream)
	c.tick(&tick)
	return stream, tick, c.end(kindAck)
}

// appendHead begins a record of a stream, of which n bytes follow.
func appendHead(b []byte, k proto.Kind, stream uint32, n int) []byte {
	b = append(b, byte(k))
	b = binary.AppendUvarint(b, uint64(uvarintLen(int(stream))+n))
	return binary.AppendUvarint(b, uint64(stream))
}

func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }
