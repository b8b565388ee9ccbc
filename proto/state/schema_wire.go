package state

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/ringside-go/ringside/proto"
)

// schemaFormat is a schema's first byte: how the rest of it is written.
const schemaFormat = 1

// Flags of a field on the wire.
const (
	flagPart   = 0b11
	flagLinear = 1 << 2
	flagRanged = 1 << 3
	flagRewind = 1 << 4 // only between servers
	flagArray  = 1 << 5
)

// Append appends the schema as clients may know it, without hidden tables and fields. It describes itself: a client
// needs no generated code.
func (s *Schema) Append(b []byte) []byte { return s.visible().append(b) }

// Fingerprint is the FNV-1a hash of Append's bytes: clients and servers whose fingerprints agree read each other.
func (s *Schema) Fingerprint() uint64 { return fingerprint(s.visible()) }

// AppendPeer appends the whole schema, hidden parts included, for other servers.
func (s *Schema) AppendPeer(b []byte) []byte { return s.append(b) }

// PeerFingerprint is the FNV-1a hash of AppendPeer's bytes.
func (s *Schema) PeerFingerprint() uint64 { return fingerprint(s) }

func fingerprint(s *Schema) uint64 {
	h := fnv.New64a()
	h.Write(s.append(nil))
	return h.Sum64()
}

func (s *Schema) append(b []byte) []byte {
	b = append(b, schemaFormat, byte(len(s.Tables)))
	for i := range s.Tables {
		t := &s.Tables[i]
		b = appendName(b, t.Name)
		b = append(b, byte(t.Kind)|byte(t.Part)<<4)
		b = binary.AppendUvarint(b, uint64(t.Max))
		b = t.Row.append(b)
	}
	return s.Input.append(b)
}

func (r *RowSchema) append(b []byte) []byte {
	b = append(b, byte(len(r.Fields)))
	for i := range r.Fields {
		f := &r.Fields[i]
		flags := byte(f.Part)
		if f.Linear {
			flags |= flagLinear
		}
		if f.Rewind {
			flags |= flagRewind
		}
		if f.Type.integer() && f.Min != f.Max {
			flags |= flagRanged
		}
		if f.Count > 0 {
			flags |= flagArray
		}
		b = appendName(b, f.Name)
		b = append(b, byte(f.Type), flags)
		switch {
		case flags&flagRanged != 0:
			b = binary.AppendVarint(b, int64(f.Min))
			b = binary.AppendVarint(b, int64(f.Max))
		case f.Type == TypeFixed:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.Min))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.Step))
			b = binary.AppendUvarint(b, f.steps())
		case f.Type == TypeAngle:
			b = append(b, f.Bits)
		case f.Type == TypeString:
			b = append(b, f.Size)
		}
		if f.Count > 0 {
			b = append(b, f.Count)
		}
	}
	return b
}

func appendName(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

// ParseSchema reads what Append wrote. The result passes every check that Open makes, so NewReplica can take it.
func ParseSchema(b []byte) (*Schema, error) {
	s, err := ParsePeerSchema(b)
	if err != nil {
		return nil, err
	}
	for _, t := range s.Tables {
		if t.Part == Hidden {
			return nil, fmt.Errorf("state: schema: table %q is hidden: %w", t.Name, proto.ErrRange)
		}
		for _, f := range t.Row.Fields {
			if f.Part == Hidden || f.Rewind {
				return nil, fmt.Errorf("state: schema: table %q: field %q is for servers only: %w", t.Name, f.Name, proto.ErrRange)
			}
		}
	}
	return s, nil
}

// ParsePeerSchema reads what AppendPeer wrote. The result passes every check that Open makes, so NewMirror can take it.
func ParsePeerSchema(b []byte) (*Schema, error) {
	r := reader{b: b}
	if v := r.byte(); r.err == nil && v != schemaFormat {
		return nil, fmt.Errorf("state: schema is of format %d, this program reads %d: %w", v, schemaFormat, proto.ErrRange)
	}
	s := &Schema{}
	for range int(r.byte()) {
		if len(s.Tables) == MaxTables {
			return nil, fmt.Errorf("state: schema has more than %d tables: %w", MaxTables, proto.ErrRange)
		}
		t := TableSchema{Name: r.name()}
		k := r.byte()
		t.Kind, t.Part = TableKind(k&0xf), Part(k>>4)
		t.Max = int(min(r.uvarint(), MaxRows+1))
		if err := r.row(&t.Row); err != nil {
			return nil, fmt.Errorf("state: schema: table %q: %w", t.Name, err)
		}
		s.Tables = append(s.Tables, t)
	}
	if err := r.row(&s.Input); err != nil {
		return nil, fmt.Errorf("state: schema: input: %w", err)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("state: schema: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.Input.checkSample(); err != nil {
		return nil, err
	}
	return s, nil
}

func (r *reader) name() string {
	n := int(r.byte())
	if n > MaxNameLen {
		r.fail(proto.ErrRange)
	}
	return string(r.take(n))
}

func (r *reader) row(row *RowSchema) error {
	n := int(r.byte())
	if n > MaxFields {
		return fmt.Errorf("%d fields, at most %d are allowed: %w", n, MaxFields, proto.ErrRange)
	}
	for range n {
		f := Field{Name: r.name()}
		if err := r.field(&f); err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
		row.Fields = append(row.Fields, f)
	}
	return r.err
}

func (r *reader) field(f *Field) error {
	f.Type = Type(r.byte())
	flags := r.byte()
	f.Part, f.Linear, f.Rewind = Part(flags&flagPart), flags&flagLinear != 0, flags&flagRewind != 0
	ranged := flags&flagRanged != 0
	if flags >= flagArray<<1 || f.Part > Hidden || ranged && !f.Type.integer() {
		r.fail(proto.ErrRange)
	}
	switch {
	case ranged:
		lo, hi := r.varint(), r.varint()
		f.Min, f.Max = float64(lo), float64(hi)
		if lo >= hi || int64(f.Min) != lo || int64(f.Max) != hi {
			r.fail(proto.ErrRange)
		}
	case f.Type == TypeFixed:
		f.Min = math.Float64frombits(r.fixed(8))
		f.Step = math.Float64frombits(r.fixed(8))
		f.Max = f.Min + float64(float64(r.uvarint())*f.Step)
	case f.Type == TypeAngle:
		f.Bits = r.byte()
	case f.Type == TypeString:
		f.Size = r.byte()
	}
	if flags&flagArray != 0 {
		if f.Count = r.byte(); f.Count == 0 {
			r.fail(proto.ErrRange)
		}
	}
	if r.err == nil {
		_, r.err = newSpec(f)
	}
	return r.err
}
