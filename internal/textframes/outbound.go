package textframes

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// translator is what a connection's messages are translated with. toClient and toServer may be called from a goroutine each.
type translator struct {
	// Of toClient.
	replica   *state.Store
	text      *state.Text
	own       *proto.Own // stands before the frame that it is applied after
	out       []byte
	processed proto.Seq // as the client was told last

	records []byte // of toServer

	mu      sync.Mutex
	samples *state.Samples // nil before the welcome
	next    proto.Seq      // number of the next sample
}

// toClient gives the text of a server's message, a list of its records. It is empty where nothing of it is for the client. The result is valid until the
// next call.
func (t *translator) toClient(b []byte) ([]byte, error) {
	out := append(t.out[:0], '[')
	t.own = nil
	for len(b) > 0 {
		kind, body, rest, err := proto.NextRecord(b)
		if err != nil {
			return nil, err
		}
		b = rest
		before := len(out)
		if len(out) > 1 {
			out = append(out, ',')
		}
		begin := len(out)
		if out, err = t.append(out, kind, body); err != nil {
			return nil, fmt.Errorf("text frames: %v: %w", kind, err)
		}
		if len(out) == begin {
			out = out[:before]
		}
	}
	if t.out = out[:0]; cap(out) > keptBuffer {
		t.out = nil
	}
	if len(out) == 1 {
		return nil, nil
	}
	return append(out, ']'), nil
}

// append appends the text of a record, or nothing where there is none: a check is for those who read deltas, and what is unknown is skipped.
func (t *translator) append(b []byte, kind proto.Kind, body []byte) ([]byte, error) {
	switch kind {
	case proto.KindWelcome:
		m, err := proto.ParseWelcome(body)
		if err != nil {
			return nil, err
		}
		return t.welcome(b, m)
	case proto.KindOwn, proto.KindOwnKeyframe:
		m, err := proto.ParseOwn(kind, body)
		t.own = &m
		return b, err
	case proto.KindKeyframe:
		m, err := proto.ParseKeyframe(body)
		if err != nil {
			return nil, err
		}
		return t.frame(b, kind, m.Tick, m.Body)
	case proto.KindDelta:
		m, err := proto.ParseDelta(body)
		if err != nil || t.replica == nil {
			return nil, errors.Join(err, t.unwelcome())
		}
		return t.frame(b, kind, proto.UnwrapTick(t.replica.Tick(), m.Tick), m.Body)
	}
	return appendPlain(b, kind, body)
}

func (t *translator) unwelcome() error {
	if t.replica == nil {
		return errors.New("it came before the welcome")
	}
	return nil
}

func (t *translator) welcome(b []byte, m proto.Welcome) ([]byte, error) {
	schema, err := state.ParseSchema(m.Schema)
	if err != nil {
		return nil, err
	}
	samples, err := state.NewSamples(&schema.Input)
	if err != nil {
		return nil, err
	}
	t.replica = state.NewReplica(schema)
	t.text = state.NewText(t.replica)
	t.processed = m.Processed
	t.mu.Lock()
	t.samples, t.next = samples, m.Processed+1
	t.mu.Unlock()
	return appendObject(b, fields{
		"kind": proto.KindWelcome.String(), "version": m.Version, "flags": m.Flags, "seat": m.Seat, "tick_rate": m.TickRate, "tick": m.Tick,
		"processed": m.Processed, "epoch": epoch(m.Epoch), "server": m.Server, "room": m.Room, "game": m.Game, "alias": m.Alias,
		"resume": hex.EncodeToString(m.Resume), "fallbacks": append([]string{}, m.Fallbacks...), "schema": schema,
	}), nil
}

// frame appends a keyframe or delta, with the player's own part in it, and then the rest of the own record that stood before it.
func (t *translator) frame(b []byte, kind proto.Kind, tick proto.Tick, body []byte) ([]byte, error) {
	if err := t.unwelcome(); err != nil {
		return nil, err
	}
	full := kind == proto.KindKeyframe
	apply, applyOwn := t.replica.ApplyDelta, t.replica.ApplyOwnDelta
	if full {
		apply, applyOwn = t.replica.ApplyKeyframe, t.replica.ApplyOwnKeyframe
	}
	if err := apply(tick, body); err != nil {
		return nil, err
	}
	own := t.own
	if t.own = nil; own != nil {
		if own.Full != full {
			return nil, errors.New("one of it and the own record is a keyframe, the other a delta")
		}
		if err := applyOwn(own.Private); err != nil {
			return nil, err
		}
	}
	b = strconv.AppendUint(append(append(append(b, `{"kind":"`...), kind.String()...), `","tick":`...), uint64(tick), 10)
	b = append(t.text.Append(b, full), '}')
	if own != nil {
		t.processed = proto.UnwrapSeq(t.processed, own.Processed)
		b = strconv.AppendUint(append(b, `,{"kind":"own","processed":`...), uint64(t.processed), 10)
		if own.Slack != proto.NoSlack {
			b = strconv.AppendUint(append(b, `,"slack":`...), uint64(own.Slack), 10)
		}
		b = append(b, '}')
	}
	return b, nil
}

// appendPlain appends the records that have to do with no state, with their fields as frames.json names them.
func appendPlain(b []byte, kind proto.Kind, body []byte) ([]byte, error) {
	switch kind {
	case proto.KindMoved, proto.KindPrepare:
		m, err := proto.ParseMoved(body)
		return appendObject(b, fields{"kind": kind.String(), "url": m.URL, "server": m.Server, "ticket": m.Ticket, "epoch": epoch(m.Epoch), "within_ms": m.WithinMs}), err
	case proto.KindOutcome:
		m, err := proto.ParseOutcome(body)
		results := []fields{}
		for _, r := range m.Results {
			results = append(results, fields{"seat": r.Seat, "alias": r.Alias, "place": r.Place, "score": r.Score})
		}
		return appendObject(b, payload(fields{"kind": kind.String(), "match": m.Match, "tick": m.Tick, "results": results}, "data", m.Data)), err
	case proto.KindCustom:
		m, err := proto.ParseCustom(body)
		return appendObject(b, payload(fields{"kind": kind.String()}, "payload", m.Payload)), err
	case proto.KindPong:
		m, err := proto.ParsePong(body)
		return appendObject(b, fields{"kind": kind.String(), "micros": decimal(m.Micros), "server": decimal(m.Server)}), err
	case proto.KindError:
		m, err := proto.ParseError(body)
		return appendError(b, m), err
	case proto.KindNotice:
		m, err := proto.ParseNotice(body)
		return appendObject(b, fields{"kind": kind.String(), "code": m.Code, "text": m.Text}), err
	}
	return b, nil
}

func appendError(b []byte, m proto.Error) []byte {
	return appendObject(b, fields{"kind": proto.KindError.String(), "code": m.Code, "retry_ms": m.RetryMs, "text": m.Text})
}

type fields map[string]any

func appendObject(b []byte, f fields) []byte {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // all of them have a text
	}
	return append(b, text...)
}

func epoch(e proto.Epoch) fields {
	return fields{"instance": e.Instance, "counter": e.Counter, "server": e.Server}
}

// payload adds bytes as the field text, where they are one, or in hexadecimal digits under their own name.
func payload(f fields, name string, b []byte) fields {
	if utf8.Valid(b) {
		f["text"] = string(b)
	} else {
		f[name] = hex.EncodeToString(b)
	}
	return f
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
