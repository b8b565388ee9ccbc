package replication

import (
	"encoding/binary"
	"fmt"
	"math/bits"

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

func appendOpen(b []byte, stream uint32, o *Open) []byte {
	b, at := beginStream(b, kindOpen, stream)
	b = appendString(b, string(o.Room))
	b = appendString(b, string(o.Game))
	b = appendString(b, string(o.Options))
	b = appendString(b, string(o.Schema))
	b = appendEpoch(b, o.Epoch)
	b = binary.AppendUvarint(b, o.Process)
	b = appendNames(b, o.Others)
	b = append(b, flagOf(o.HasBase))
	if o.HasBase {
		b = binary.AppendUvarint(b, uint64(o.Base))
		b = appendEpoch(b, o.BaseEpoch)
	}
	return proto.EndRecord(b, at)
}

// parseOpen copies what it returns.
func parseOpen(b []byte) (stream uint32, o Open, err error) {
	r := reader{b: b}
	stream = r.u32()
	o.Room = r.room()
	o.Game = proto.GameName(r.string(proto.MaxGameName))
	if options := r.string(proto.MaxOptions); options != "" {
		o.Options = []byte(options)
	}
	o.Schema = []byte(r.string(maxSchema))
	o.Epoch = r.epoch()
	o.Process = r.u64()
	o.Others = r.names()
	if o.HasBase = r.flag(); o.HasBase {
		o.Base = proto.Tick(r.u32())
		o.BaseEpoch = r.epoch()
	}
	return stream, o, r.end("open")
}

// keyframe announces a keyframe, whose bytes, public before secret, follow in part records of the same stream.
type keyframe struct {
	tick           proto.Tick
	public, secret int // bytes
}

// appendKeyframe appends the announcement and all parts.
func appendKeyframe(b []byte, stream uint32, tick proto.Tick, public, secret []byte) []byte {
	b, at := beginStream(b, kindKeyframe, stream)
	b = binary.AppendUvarint(b, uint64(tick))
	b = binary.AppendUvarint(b, uint64(len(public)))
	b = binary.AppendUvarint(b, uint64(len(secret)))
	b = proto.EndRecord(b, at)
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

func parseKeyframe(b []byte) (stream uint32, k keyframe, err error) {
	r := reader{b: b}
	stream = r.u32()
	k.tick = proto.Tick(r.u32())
	k.public = int(r.uvarint(MaxKeyframe))
	k.secret = int(r.uvarint(MaxKeyframe))
	if r.err == nil && k.public+k.secret > MaxKeyframe {
		r.fail(fmt.Errorf("%d bytes, at most %d are allowed: %w", k.public+k.secret, MaxKeyframe, proto.ErrRange))
	}
	return stream, k, r.end("keyframe")
}

// parsePart returns a piece that aliases b.
func parsePart(b []byte) (stream uint32, piece []byte, err error) {
	r := reader{b: b}
	stream = r.u32()
	return stream, r.rest(), r.end("part")
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
	r := reader{b: b}
	stream = r.u32()
	low = binary.LittleEndian.Uint16(r.bytes(2))
	public = r.slice()
	return stream, low, public, r.rest(), r.end("tick")
}

func appendFinal(b []byte, stream uint32, f *FinalTick) []byte {
	b, at := beginStream(b, kindFinal, stream)
	b = binary.AppendUvarint(b, uint64(f.Tick))
	b = appendEpoch(b, f.Epoch)
	b = binary.AppendUvarint(b, uint64(max(f.Due, 0).Microseconds()))
	b = append(b, flagOf(f.Stay))
	b = appendNames(b, f.Others)
	b = appendSlice(b, f.Public)
	b = appendSlice(b, f.Secret)
	for i := range f.Pending {
		b = append(b, byte(f.Pending[i].Seat))
		b = f.Pending[i].Input.Append(b)
	}
	return proto.EndRecord(b, at)
}

// parseFinal returns deltas and samples that alias b.
func parseFinal(b []byte) (stream uint32, f FinalTick, err error) {
	r := reader{b: b}
	stream = r.u32()
	f.Tick = proto.Tick(r.u32())
	f.Epoch = r.epoch()
	f.Due = microseconds(r.u32())
	f.Stay = r.flag()
	f.Others = r.names()
	f.Public = r.slice()
	f.Secret = r.slice()
	for len(r.b) > 0 && r.err == nil {
		in := SeatInput{Seat: proto.Seat(r.bytes(1)[0])}
		if in.Seat >= proto.MaxSeats {
			r.fail(fmt.Errorf("seat %d: %w", in.Seat, proto.ErrRange))
		}
		in.Input = r.input()
		f.Pending = append(f.Pending, in)
	}
	return stream, f, r.end("final")
}

func appendHanded(b []byte, stream uint32, leader string, e proto.Epoch) []byte {
	b, at := beginStream(b, kindHanded, stream)
	b = appendString(b, leader)
	return proto.EndRecord(appendEpoch(b, e), at)
}

func parseHanded(b []byte) (stream uint32, leader string, e proto.Epoch, err error) {
	r := reader{b: b}
	stream = r.u32()
	leader = r.string(maxName)
	e = r.epoch()
	return stream, leader, e, r.end("handed")
}

func appendUpdate(b []byte, stream uint32, e proto.Epoch, others []string) []byte {
	b, at := beginStream(b, kindUpdate, stream)
	b = appendEpoch(b, e)
	return proto.EndRecord(appendNames(b, others), at)
}

func parseUpdate(b []byte) (stream uint32, e proto.Epoch, others []string, err error) {
	r := reader{b: b}
	stream = r.u32()
	e = r.epoch()
	others = r.names()
	return stream, e, others, r.end("update")
}

// appendEmpty appends a record that consists of its kind: probation, need keyframe or noted.
func appendEmpty(b []byte, k proto.Kind, stream uint32) []byte {
	b, at := beginStream(b, k, stream)
	return proto.EndRecord(b, at)
}

func parseEmpty(b []byte, what string) (stream uint32, err error) {
	r := reader{b: b}
	stream = r.u32()
	return stream, r.end(what)
}

func appendStop(b []byte, stream uint32, reason string) []byte {
	b, at := beginStream(b, kindStop, stream)
	return proto.EndRecord(appendString(b, cut(reason)), at)
}

func parseStop(b []byte) (stream uint32, reason string, err error) {
	r := reader{b: b}
	stream = r.u32()
	return stream, r.string(maxReason), r.end("stop")
}

// appendNumber appends an ack (number is the tick) or a ready (number of clients that wait). It does not allocate when b has
// room.
func appendNumber(b []byte, k proto.Kind, stream, number uint32) []byte {
	b, at := beginStream(b, k, stream)
	return proto.EndRecord(binary.AppendUvarint(b, uint64(number)), at)
}

func parseNumber(b []byte, what string) (stream, number uint32, err error) {
	r := reader{b: b}
	stream = r.u32()
	return stream, r.u32(), r.end(what)
}

func appendTook(b []byte, stream uint32, e proto.Epoch) []byte {
	b, at := beginStream(b, kindTook, stream)
	return proto.EndRecord(appendEpoch(b, e), at)
}

func parseTook(b []byte) (stream uint32, e proto.Epoch, err error) {
	r := reader{b: b}
	stream = r.u32()
	return stream, r.epoch(), r.end("took")
}

func appendReject(b []byte, stream uint32, m *ownership.Rejection) []byte {
	b, at := beginStream(b, kindReject, stream)
	b = append(b, byte(m.Code))
	b = appendEpoch(b, m.Epoch)
	b = appendString(b, m.Leader)
	return proto.EndRecord(appendString(b, cut(m.Text)), at)
}

func parseReject(b []byte) (stream uint32, m ownership.Rejection, err error) {
	r := reader{b: b}
	stream = r.u32()
	m.Code = ownership.RejectCode(r.bytes(1)[0])
	m.Epoch = r.epoch()
	m.Leader = r.string(maxName)
	m.Text = r.string(maxReason)
	return stream, m, r.end("reject")
}

func beginStream(b []byte, k proto.Kind, stream uint32) (_ []byte, at int) {
	b, at = proto.BeginRecord(b, k)
	return binary.AppendUvarint(b, uint64(stream)), at
}

// appendHead is beginStream for a record of which n bytes follow.
func appendHead(b []byte, k proto.Kind, stream uint32, n int) []byte {
	b = append(b, byte(k))
	b = binary.AppendUvarint(b, uint64(uvarintLen(int(stream))+n))
	return binary.AppendUvarint(b, uint64(stream))
}

func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }

// cut shortens a text for people to what a record takes.
func cut(s string) string { return s[:min(len(s), maxReason)] }
