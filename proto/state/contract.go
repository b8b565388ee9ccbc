package state

// CONTRACT STUB: owned by the proto/state helper, who replaces this file by real ones with these signatures.

import (
	"iter"

	"github.com/ringside-go/ringside/proto"
)

// RowID is a row's slot in its table, 0 to the table's max-1. Add takes the lowest free slot, so that a rebuilt table
// hands out the same ids.
type RowID uint16

// Table[T] holds rows of T by id. Pointers to rows stay valid until the row is removed. Not for concurrent use.
// Bound by Open; the zero Table is not usable before. Field tag on the game's struct: `state:"max=16"` (default 64),
// `state:"max=8,hidden"`, `state:"max=8,owner"` (even the row's existence is private/hidden).
type Table[T any] struct{ _ [0]T }

func (t *Table[T]) Add() (RowID, *T)                { panic("stub") } // nil when the table is full
func (t *Table[T]) Put(id RowID) *T                 { panic("stub") } // adds row id (zeroed) or replaces it by a zero row; nil out of range
func (t *Table[T]) Get(id RowID) *T                 { panic("stub") } // nil when there is none
func (t *Table[T]) Remove(id RowID)                 { panic("stub") }
func (t *Table[T]) Len() int                        { panic("stub") }
func (t *Table[T]) Cap() int                        { panic("stub") }
func (t *Table[T]) All() iter.Seq2[RowID, *T]       { panic("stub") } // by id; the loop body may remove rows
func (t *Table[T]) Owner(id RowID) proto.Seat       { panic("stub") }
func (t *Table[T]) SetOwner(id RowID, s proto.Seat) { panic("stub") }

// Past gives row id as it was at the end of tick: only fields tagged `rewind` are filled. ok is false when the row did not live
// then, or tick is older than the history (RewindTicks) or newer than the last commit.
func (t *Table[T]) Past(tick proto.Tick, id RowID) (row T, ok bool) { panic("stub") }

// Value[T] is a table with the single row 0, which always lives.
type Value[T any] struct{ _ [0]T }

func (v *Value[T]) Get() *T { panic("stub") }

// Events[T] holds rows that live one tick: emitted during a tick, sent with its delta, gone before the next tick.
type Events[T any] struct{ _ [0]T }

func (e *Events[T]) Emit(row T) bool         { panic("stub") } // false when max is reached
func (e *Events[T]) All() iter.Seq2[int, *T] { panic("stub") }

// Inputs[T] marks the input struct in a game; see Store.Inputs.
// (lives in package game; the codec for samples is Codec[T].)

// Codec[T] encodes samples of T as deltas to the sample before.
type Codec[T any] struct{ _ [0]T }

func NewCodec[T any]() (*Codec[T], error)                                  { panic("stub") }
func (c *Codec[T]) Schema() *RowSchema                                     { panic("stub") }
func (c *Codec[T]) Quantise(v *T)                                          { panic("stub") } // in place, as the other end will see it
func (c *Codec[T]) Append(b []byte, base, v *T) []byte                     { panic("stub") } // v's difference to base
func (c *Codec[T]) Parse(b []byte, base *T, v *T) (rest []byte, err error) { panic("stub") }

// Schema describes all tables; it is what a welcome carries.
type Schema struct {
	Tables []TableSchema
	Input  RowSchema
}
type TableSchema struct {
	Name string
	Kind TableKind
	Part Part
	Max  int
	Row  RowSchema
}
type TableKind uint8

const (
	KindTable TableKind = iota
	KindValue
	KindEvents
)

type RowSchema struct{ Fields []Field }

// Part says who gets a field or table.
type Part uint8

const (
	Public Part = iota
	Owner
	Hidden
)

type Field struct {
	Name string
	Type Type
	Part Part
	// quantisation etc.
	Min, Max, Step float64
	Bits           uint8
	Linear, Rewind bool
}
type Type uint8

func (s *Schema) Append(b []byte) []byte    { panic("stub") } // hidden tables and fields included? no: public and owner parts only
func (s *Schema) Fingerprint() uint64       { panic("stub") } // over the full schema incl. hidden parts
func ParseSchema(b []byte) (*Schema, error) { panic("stub") }

// Store is the tables of one room: what a room's leader commits and what every follower applies to.
type Store struct{}

// Open binds all Table, Value and Events fields of the structs that the pointers point to, in order. A table's name is the field's
// name in lower case. input may be nil.
func Open(input *RowSchema, structs ...any) (*Store, error) { panic("stub") }

// NewReplica is a store without Go structs, for clients: public part and the own private part of seat.
func NewReplica(s *Schema) *Store { panic("stub") }

func (s *Store) Schema() *Schema  { panic("stub") }
func (s *Store) Tick() proto.Tick { panic("stub") } // tick of the last commit or applied frame

// Commit ends tick: quantises all rows in place, finds what changed since the commit before, keeps the history. After it the
// Append functions give this tick's frames, any number of times, until events are cleared and the next tick begins with Begin.
func (s *Store) Commit(tick proto.Tick) { panic("stub") }
func (s *Store) Begin()                 { panic("stub") } // clears events

func (s *Store) AppendDelta(b []byte) []byte                        { panic("stub") } // public part
func (s *Store) AppendOwnDelta(b []byte, seat proto.Seat) []byte    { panic("stub") }
func (s *Store) AppendSecretDelta(b []byte) []byte                  { panic("stub") } // owners, owner and hidden fields: for standbys
func (s *Store) AppendKeyframe(b []byte) []byte                     { panic("stub") }
func (s *Store) AppendOwnKeyframe(b []byte, seat proto.Seat) []byte { panic("stub") }
func (s *Store) AppendSecretKeyframe(b []byte) []byte               { panic("stub") } // also the rewind history

func (s *Store) ApplyDelta(tick proto.Tick, public []byte) error    { panic("stub") }
func (s *Store) ApplyOwnDelta(own []byte) error                     { panic("stub") } // after ApplyDelta of the same tick
func (s *Store) ApplySecretDelta(secret []byte) error               { panic("stub") }
func (s *Store) ApplyKeyframe(tick proto.Tick, public []byte) error { panic("stub") }
func (s *Store) ApplyOwnKeyframe(own []byte) error                  { panic("stub") }
func (s *Store) ApplySecretKeyframe(secret []byte) error            { panic("stub") }

func (s *Store) Hash() uint32       { panic("stub") } // of the public part; the same on every follower
func (s *Store) SecretHash() uint32 { panic("stub") } // of everything

// Rows[T] is a typed, read-only look at a table of any store by T's field names; T may have fewer fields than the table.
type Rows[T any] struct{ _ [0]T }

func RowsOf[T any](s *Store, table string) (*Rows[T], error) { panic("stub") }
func (r *Rows[T]) Get(id RowID) (T, bool)                    { panic("stub") }
func (r *Rows[T]) All() iter.Seq2[RowID, T]                  { panic("stub") }
func (r *Rows[T]) Len() int                                  { panic("stub") }
