package state

import (
	"encoding/binary"

	"github.com/ringside-go/ringside/proto"
)

// TableSize is what one table adds to the keyframe of a client, its own part included.
type TableSize struct {
	Table string
	Rows  int
	Bytes int
}

// Size measures the keyframe of a client with the largest own part, in bytes. It encodes all of it.
func (s *Store) Size() (total int, tables []TableSize) {
	index := make(map[*table]int)
	add := func(t *table, bytes int) {
		i, ok := index[t]
		if !ok {
			i = len(tables)
			index[t] = i
			tables = append(tables, TableSize{Table: t.name, Rows: t.was.count()})
		}
		tables[i].Bytes += bytes
		total += bytes
	}
	for _, t := range s.sections[sectionPublic] {
		s.scratch = t.appendKeyframe(s.scratch[:0])
		add(t, len(s.scratch))
	}
	largest, seat := 0, proto.Seat(0)
	for i := range proto.Seat(proto.MaxSeats) {
		if len(s.sections[sectionOwn]) == 0 {
			break
		}
		if s.scratch = s.AppendOwnKeyframe(s.scratch[:0], i); len(s.scratch) > largest {
			largest, seat = len(s.scratch), i
		}
	}
	for _, t := range s.sections[sectionOwn] {
		s.scratch = s.appendOwnTable(s.scratch[:0], t, seat)
		add(t, len(s.scratch))
	}
	return total, tables
}

// MaxSize is what Size can give if every table has all its rows, or a little more.
func (s *Store) MaxSize() (total int) {
	for section, part := range map[int]Part{sectionPublic: Public, sectionOwn: Owner} {
		for _, t := range s.sections[section] {
			if t.kind == KindEvents {
				continue
			}
			row := t.groups[part].maxRecord(t)
			total += t.max*row + t.max/8 + binary.MaxVarintLen64
		}
	}
	return total
}

// maxRecord is the most bytes of a full record with its displacements.
func (g *group) maxRecord(t *table) (n int) {
	for _, i := range g.cols {
		if c := &t.cols[i]; c.Type == TypeString {
			n += 1 + int(c.Size)
		} else {
			n += c.width
		}
	}
	return n + len(g.preds)*binary.MaxVarintLen64
}
