package replication

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Kinds of the records that carry queries. Each begins with the number of the query, which the dialler chose.
const (
	kindQuery      proto.Kind = 0x84
	kindAnswer     proto.Kind = 0x85
	kindRelay      proto.Kind = 0x86
	kindForwarded  proto.Kind = 0x87
	kindUnanswered proto.Kind = 0x88
)

// query asks what the acceptor has of a room.
type query struct {
	ID uint64
	ownership.Query
}

// relay asks the acceptor to forward Query to Target, which has Wait to answer.
type relay struct {
	ID     uint64
	Target string
	Wait   time.Duration // milliseconds on the wire, at most forwardTimeout
	ownership.Query
}

// forwarded is a query that Asker has sent through the dialler. It names no target: it is not forwarded again.
type forwarded struct {
	ID    uint64
	Asker string
	ownership.Query
}

// answer to the query, relay or forwarded record of the same ID.
type answer struct {
	ID uint64
	ownership.Answer
}

// unanswered is the answer to a relay record whose target has not answered.
type unanswered struct {
	ID   uint64
	Code relayCode
	Text string // for the log
}

func (m query) append(b []byte) []byte {
	b, at := proto.BeginRecord(b, kindQuery)
	b = binary.AppendUvarint(b, m.ID)
	return proto.EndRecord(appendQuery(b, &m.Query), at)
}

func parseQuery(b []byte) (m query, err error) {
	r := reader{b: b}
	m.ID = r.u64()
	m.Query = r.query()
	return m, r.end("query")
}

func (m relay) append(b []byte) []byte {
	b, at := proto.BeginRecord(b, kindRelay)
	b = binary.AppendUvarint(b, m.ID)
	b = appendString(b, m.Target)
	b = binary.AppendUvarint(b, uint64(max(m.Wait, 0).Milliseconds()))
	return proto.EndRecord(appendQuery(b, &m.Query), at)
}

func parseRelay(b []byte) (m relay, err error) {
	r := reader{b: b}
	m.ID = r.u64()
	m.Target = r.string(maxName)
	m.Wait = time.Duration(r.uvarint(uint64(forwardTimeout.Milliseconds()))) * time.Millisecond
	m.Query = r.query()
	return m, r.end("relay")
}

func (m forwarded) append(b []byte) []byte {
	b, at := proto.BeginRecord(b, kindForwarded)
	b = binary.AppendUvarint(b, m.ID)
	b = appendString(b, m.Asker)
	return proto.EndRecord(appendQuery(b, &m.Query), at)
}

func parseForwarded(b []byte) (m forwarded, err error) {
	r := reader{b: b}
	m.ID = r.u64()
	m.Asker = r.string(maxName)
	m.Query = r.query()
	return m, r.end("forwarded")
}

func appendQuery(b []byte, q *ownership.Query) []byte {
	b = appendString(b, string(q.Room))
	b = append(b, flagOf(q.Claim))
	b = binary.LittleEndian.AppendUint64(b, uint64(q.Lost))
	b = binary.LittleEndian.AppendUint64(b, uint64(q.Seeks))
	b = binary.LittleEndian.AppendUint64(b, uint64(q.Instance))
	b = appendEpoch(b, q.Withdrawn)
	return appendEpoch(b, q.Leads)
}

func (r *reader) query() (q ownership.Query) {
	q.Room = r.room()
	q.Claim = r.flag()
	q.Lost = r.instance()
	q.Seeks = r.instance()
	q.Instance = r.instance()
	q.Withdrawn = r.epoch()
	q.Leads = r.epoch()
	return q
}

// Bits of an answer's flags.
const (
	flagCounted   = 1 << 0
	flagSuspended = 1 << 1
	flagAnnounced = 1 << 2
)

func (m answer) append(b []byte) []byte {
	b, at := proto.BeginRecord(b, kindAnswer)
	b = binary.AppendUvarint(b, m.ID)
	b = appendString(b, m.Process.Server)
	b = binary.AppendUvarint(b, m.Process.Boot)
	b = append(b, byte(m.Holding), flagOf(m.Counted)*flagCounted|flagOf(m.Suspended)*flagSuspended|flagOf(m.Announced)*flagAnnounced)
	b = appendEpoch(b, m.Epoch)
	b = appendString(b, m.Leader)
	b = binary.AppendUvarint(b, uint64(m.Tick))
	b = appendSpan(b, m.Sought)
	b = appendSpan(b, m.Away)
	return proto.EndRecord(b, at)
}

func parseAnswer(b []byte) (m answer, err error) {
	r := reader{b: b}
	m.ID = r.u64()
	m.Process.Server = r.string(maxName)
	m.Process.Boot = r.u64()
	if m.Holding = ownership.Holding(r.bytes(1)[0]); !m.Holding.Valid() {
		r.fail(fmt.Errorf("holding %d: %w", m.Holding, proto.ErrRange))
	}
	flags := r.uvarint(flagCounted | flagSuspended | flagAnnounced)
	m.Counted, m.Suspended, m.Announced = flags&flagCounted != 0, flags&flagSuspended != 0, flags&flagAnnounced != 0
	m.Epoch = r.epoch()
	m.Leader = r.string(maxName)
	m.Tick = proto.Tick(r.u32())
	m.Sought = r.span()
	m.Away = r.span()
	return m, r.end("answer")
}

// appendSpan appends a duration in milliseconds.
func appendSpan(b []byte, d time.Duration) []byte {
	return binary.AppendUvarint(b, uint64(max(0, min(d.Milliseconds(), math.MaxUint32))))
}

func (r *reader) span() time.Duration { return time.Duration(r.u32()) * time.Millisecond }

func (m unanswered) append(b []byte) []byte {
	b, at := proto.BeginRecord(b, kindUnanswered)
	b = binary.AppendUvarint(b, m.ID)
	b = append(b, byte(m.Code))
	return proto.EndRecord(appendString(b, cut(m.Text)), at)
}

func parseUnanswered(b []byte) (m unanswered, err error) {
	r := reader{b: b}
	m.ID = r.u64()
	if m.Code = relayCode(r.bytes(1)[0]); m.Code >= relayCodes {
		r.fail(fmt.Errorf("code %d: %w", m.Code, proto.ErrRange))
	}
	m.Text = r.string(maxReason)
	return m, r.end("unanswered")
}
