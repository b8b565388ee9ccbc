package game

import (
	"fmt"
	"reflect"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Inputs is a field of a game: it declares the struct T that a client sends one sample of per tick, and gives the
// samples of the tick. The fields of T have state tags like a table's, without owner and hidden, and hold what the tags
// allow.
//
// Samples that no tick has taken yet are not state. A client sends them again when it was moved to another server.
type Inputs[T any] struct {
	codec *state.Codec[T]
	lanes []lane[T]
	zero  T // the sample that a message's first one is the difference to
	base  T // scratch
	value T
}

// Sample is what a player wanted in one tick of their own.
type Sample[T any] struct {
	// Seq is its number; a player's samples are numbered from 1 without gaps.
	Seq proto.Seq
	// Ack is the tick that the player saw when their client sent this: the newest that it had decoded, or one a little
	// before, as the client draws it; the newest where the client does not say. It is below the tick being computed, and the client's word
	// as far as the connection's measured round trip allows (proto.AckTolerance): bound what a slow connection can gain.
	Ack   Tick
	Value T
}

// lane is one seat's samples. A tick takes the first ones; none is kept that a tick has taken, and their number is
// bounded by proto.InputWindow, over which a message is refused.
type lane[T any] struct {
	queued []Sample[T]
	taken  int  // by the tick being computed
	behind Tick // how far an Ack may be behind that tick; 0: any number of ticks
}

// inputs is Inputs[T] for a Simulation, which does not know T.
type inputs interface {
	bind(seats int) (*state.RowSchema, error)
	queue(seat Seat, processed proto.Seq, in proto.Input) error
	bound(seat Seat, behind Tick)
	take(seat Seat, at Tick) int
	drop()
	reset(seat Seat)
	pending(seat Seat) []proto.Input
}

// Of gives seat's samples of this tick in order, at most proto.MaxSamplesPerTick. Usually it is one; it is none when
// the network was late, and several after that. They are valid until the tick ends.
func (in *Inputs[T]) Of(seat Seat) []Sample[T] {
	if int(seat) >= len(in.lanes) {
		return nil
	}
	l := &in.lanes[seat]
	return l.queued[:l.taken:l.taken]
}

func (in *Inputs[T]) bind(seats int) (*state.RowSchema, error) {
	codec, err := state.NewCodec[T]()
	if err != nil {
		return nil, err
	}
	in.codec, in.lanes = codec, make([]lane[T], seats)
	codec.Quantise(&in.zero)
	return codec.Schema(), nil
}

func (in *Inputs[T]) queue(seat Seat, processed proto.Seq, m proto.Input) error {
	l := &in.lanes[seat]
	next := processed + proto.Seq(len(l.queued)) + 1
	first, last := m.First, m.First+proto.Seq(m.Count)-1
	switch {
	case m.Count < 1 || m.Count > proto.MaxSamples:
		return fmt.Errorf("%w: %d samples from number %d; send 1 to %d", ErrSample, m.Count, m.First, proto.MaxSamples)
	case first.Since(next) > 0:
		return fmt.Errorf("%w: it begins at sample %d, but %d is next; send what was not processed again", ErrFuture, first, next)
	case last.Since(processed) > proto.InputWindow:
		return fmt.Errorf("%w: it ends at sample %d and %d is processed; at most %d ahead are allowed", ErrFuture,
			last, processed, proto.InputWindow)
	}
	had, rest := len(l.queued), m.Samples
	var err error
	in.base = in.zero
	for n := first; last.Since(n) >= 0; n++ {
		if rest, err = in.codec.Parse(rest, &in.base, &in.value); err != nil {
			l.queued = l.queued[:had]
			return fmt.Errorf("%w: sample %d: %w", ErrSample, n, err)
		}
		in.base = in.value
		if n.Since(next) >= 0 {
			l.queued = append(l.queued, Sample[T]{n, m.Ack, in.value})
		}
	}
	if len(rest) > 0 {
		l.queued = l.queued[:had]
		return fmt.Errorf("%w: %d bytes are left after sample %d", ErrSample, len(rest), last)
	}
	return nil
}

func (in *Inputs[T]) bound(seat Seat, behind Tick) { in.lanes[seat].behind = behind }

// take gives the first queued samples of seat to the tick at, and says how many. What an Ack may claim counts from that tick:
// who sends samples ahead of time gains nothing by their wait.
func (in *Inputs[T]) take(seat Seat, at Tick) int {
	l := &in.lanes[seat]
	l.taken = min(len(l.queued), proto.MaxSamplesPerTick)
	if oldest := at - l.behind; l.behind != 0 {
		for i := range l.queued[:l.taken] {
			if s := &l.queued[i]; s.Ack != 0 && s.Ack.Since(oldest) < 0 {
				s.Ack = oldest
			}
		}
	}
	return l.taken
}

// keptSamples is for how many samples a lane keeps room when it is empty. A seat has more after its network, or this server, stood
// still for a while.
const keptSamples = 8

// drop forgets what the tick took.
func (in *Inputs[T]) drop() {
	for i := range in.lanes {
		l := &in.lanes[i]
		l.queued = l.queued[:copy(l.queued, l.queued[l.taken:])]
		l.taken = 0
		if len(l.queued) == 0 && cap(l.queued) > keptSamples {
			l.queued = nil
		}
	}
}

func (in *Inputs[T]) reset(seat Seat) {
	in.lanes[seat] = lane[T]{queued: in.lanes[seat].queued[:0]}
}

// pending encodes the queue as messages, one for each run of samples with the same Ack.
func (in *Inputs[T]) pending(seat Seat) []proto.Input {
	var all []proto.Input
	for _, s := range in.lanes[seat].queued {
		if n := len(all); n == 0 || all[n-1].Ack != s.Ack || all[n-1].Count == proto.MaxSamples {
			all, in.base = append(all, proto.Input{First: s.Seq, Ack: s.Ack}), in.zero
		}
		m := &all[len(all)-1]
		in.value = s.Value
		m.Samples = in.codec.Append(m.Samples, &in.base, &in.value)
		m.Count++
		in.base = s.Value
	}
	return all
}

// findInputs looks for the Inputs field in a game's struct, also inside structs in it. nil: it has none.
func findInputs(v reflect.Value) (inputs, error) {
	var found inputs
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type.Kind() != reflect.Struct {
			if err := checkLoose(field); err != nil {
				return nil, err
			}
			continue
		}
		if isProperties(field.Type) {
			continue
		}
		var in inputs
		var err error
		switch p := v.Field(i).Addr(); {
		case !isInputs(field.Type):
			in, err = findInputs(p.Elem())
		case !p.CanInterface():
			err = fmt.Errorf("field %s is not exported; begin its name with a capital letter", field.Name)
		case field.Tag.Get("state") != "":
			err = fmt.Errorf("field %s has the tag %s; an Inputs takes none, the fields of its struct do", field.Name, stateTag(field))
		default:
			in = p.Interface().(inputs)
		}
		if err != nil {
			return nil, err
		}
		if in != nil && found != nil {
			return nil, fmt.Errorf("field %s is a second Inputs; put everything a player sends into one struct", field.Name)
		}
		if in != nil {
			found = in
		}
	}
	return found, nil
}

func isInputs(t reflect.Type) bool { return reflect.PointerTo(t).Implements(reflect.TypeFor[inputs]()) }

func stateTag(f reflect.StructField) string { return fmt.Sprintf("state:%q", f.Tag.Get("state")) }

// checkLoose refuses a field that is no struct and looks as if it was meant for a table, or for Inputs. state.Open finds what holds
// tables.
func checkLoose(f reflect.StructField) error {
	t, outer := f.Type, f.Type.Kind()
	for k := outer; k == reflect.Pointer || k == reflect.Array || k == reflect.Slice || k == reflect.Map; k = t.Kind() {
		t = t.Elem()
	}
	switch _, tagged := f.Tag.Lookup("state"); {
	case isInputs(t) && outer == reflect.Pointer:
		return fmt.Errorf("field %s is a pointer to Inputs; give the field the struct itself", f.Name)
	case isInputs(t):
		return fmt.Errorf("field %s has several Inputs; a game has one, whose struct has all that a player sends", f.Name)
	case tagged && t.Kind() != reflect.Struct:
		return fmt.Errorf("field %s has the tag %s and is in no table, so it would be lost when the room moves; put it into the struct "+
			"of a game.Value", f.Name, stateTag(f))
	}
	return nil
}
