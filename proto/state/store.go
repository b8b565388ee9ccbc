package state

import (
	"hash/crc32"

	"github.com/ringside-go/ringside/proto"
)

// Store is the tables of one room: what a leader commits, and what every follower applies to. Not for concurrent use.
type Store struct {
	schema   Schema
	tables   []*table
	sections [3][]*table // tables with something public, own and secret
	replica  bool
	tick     proto.Tick
	ring     ring
	in       reader
	set      bitset // scratch, as is the next
	scratch  []byte
	spent    [MaxTables]int // by index of sections[sectionPublic], see DeltaBytes
}

// self is the seat whose own part a replica holds, whichever seat it has in the room.
const self proto.Seat = 0

// Sections of a frame, as indexes of Store.sections.
const (
	sectionPublic = iota
	sectionOwn
	sectionSecret
)

// NewReplica makes a store without Go structs, for clients: the public part, and one seat's own part. s must have come
// from ParseSchema or Store.Schema.
func NewReplica(s *Schema) *Store {
	r := bare(s.visible())
	r.replica = true
	return r
}

// bare makes a store without Go structs, which can only follow.
func bare(s *Schema) *Store {
	r := &Store{schema: *s}
	for i := range r.schema.Tables {
		t := &r.schema.Tables[i]
		l, err := newLayout(&t.Row)
		if err != nil {
			panic(err) // ParseSchema and Open make the same check
		}
		r.tables = append(r.tables, newTable(t, l, nil))
	}
	r.index()
	return r
}

// index sorts the tables into the sections of a frame.
func (s *Store) index() {
	for _, t := range s.tables {
		has := func(p Part) bool { return len(t.groups[p].cols) > 0 }
		add := func(section int) { s.sections[section] = append(s.sections[section], t) }
		if t.part == Public && (t.kind != KindValue || has(Public)) {
			add(sectionPublic)
		}
		if t.part == Owner || has(Owner) {
			add(sectionOwn)
		}
		if t.part != Public || t.kind == KindTable || has(Owner) || has(Hidden) {
			add(sectionSecret)
		}
	}
}

// Schema describes the store's tables; a replica's is without hidden ones. The caller must not change it.
func (s *Store) Schema() *Schema { return &s.schema }

// Tick is the tick of the last commit or applied frame.
func (s *Store) Tick() proto.Tick { return s.tick }

// Begin starts a tick: the events of the tick before are gone.
func (s *Store) Begin() {
	for _, t := range s.tables {
		if t.kind == KindEvents {
			t.dropEvents()
		}
	}
}

// Hash is the CRC-32 (IEEE) of the public keyframe: equal on the leader and on every follower.
func (s *Store) Hash() uint32 {
	s.scratch = s.AppendKeyframe(s.scratch[:0])
	return crc32.ChecksumIEEE(s.scratch)
}

// SecretHash is the CRC-32 of the public keyframe and the secret keyframe behind it: all that a server holds.
func (s *Store) SecretHash() uint32 {
	s.scratch = s.AppendSecretKeyframe(s.AppendKeyframe(s.scratch[:0]))
	return crc32.ChecksumIEEE(s.scratch)
}
