package textframes

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/ringside-go/ringside/proto"
)

// toServer gives the records of a client's message, which is a record or a list of them. The error is a *proto.Refusal. The result is valid until the next call.
func (t *translator) toServer(text []byte) ([]byte, error) {
	message, err := parse(text)
	if err != nil {
		return nil, malformed("a message is not the JSON that it should be: %v", err)
	}
	list, ok := message.([]any)
	if !ok {
		list = []any{message}
	}
	t.records = t.records[:0]
	for _, v := range list {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, malformed(`a message is no record; send {"kind":"hello",…} or a list of such`)
		}
		r := record{fields: object}
		kind := r.text("kind")
		if t.records, err = t.record(t.records, kind, &r); err == nil {
			err = r.end()
		}
		var refusal *proto.Refusal
		switch {
		case errors.As(err, &refusal):
			return nil, err
		case err != nil:
			return nil, malformed("%.12s: %v", kind, err)
		}
	}
	return t.records, nil
}

func malformed(format string, args ...any) error {
	return proto.Refuse(proto.CloseMalformed, format, args...)
}

// record appends the record of r. What is missing in r has the value zero.
func (t *translator) record(b []byte, kind string, r *record) ([]byte, error) {
	switch kind {
	case proto.KindHello.String():
		return t.hello(b, r)
	case proto.KindInput.String():
		return t.input(b, r)
	case proto.KindPing.String():
		return proto.Ping{Micros: r.number("micros", 64)}.Append(b), nil
	case proto.KindLeave.String():
		return proto.Leave{Reason: r.text("reason")}.Append(b), nil
	case proto.KindCustom.String():
		return proto.Custom{Payload: r.payload("payload")}.Append(b), nil
	}
	return nil, malformed("kind is %.32q; send hello, input, ping, leave or custom", kind)
}

func (t *translator) hello(b []byte, r *record) ([]byte, error) {
	versions, epoch := r.object("versions"), r.object("epoch")
	m := proto.Hello{
		Versions: proto.Spoken(), Flags: proto.HelloFlags(r.number("flags", 8)), Fingerprint: r.number("fingerprint", 64),
		LastTick: proto.Tick(r.number("last_tick", 32)), Ticket: r.text("ticket"), Resume: r.hex("resume"),
		Epoch: proto.Epoch{Counter: uint32(epoch.number("counter", 32)), Server: epoch.text("server")},
	}
	if versions.fields != nil {
		m.Versions = proto.Versions{Newest: uint8(versions.number("newest", 8)), Oldest: uint8(versions.number("oldest", 8))}
	}
	if text := epoch.text("instance"); text != "" {
		if err := m.Epoch.Instance.UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
	}
	if m.Versions.Newest < proto.Version || m.Versions.Oldest > proto.Version {
		return nil, proto.Refuse(proto.CloseVersion, "text frames speak version %d here, the client %v; leave versions out", proto.Version, m.Versions)
	}
	m.Versions = proto.Versions{Newest: proto.Version, Oldest: proto.Version} // what is translated
	if err := errors.Join(versions.end(), epoch.end()); err != nil {
		return nil, err
	}
	return m.Append(b), nil
}

// input encodes samples, numbered behind the last one where the client does not say.
func (t *translator) input(b []byte, r *record) ([]byte, error) {
	list, _ := r.take("samples").([]any)
	if len(list) < 1 || len(list) > proto.MaxSamples {
		return nil, fmt.Errorf("it has %d samples; send a list of 1 to %d", len(list), proto.MaxSamples)
	}
	first, ack := proto.Seq(r.number("first", 32)), proto.Tick(r.number("ack", 32))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.samples == nil {
		return nil, errors.New("it came before the welcome; wait for that")
	}
	if first == 0 {
		first = t.next
	}
	b, at := proto.Input{First: first, Ack: ack, Count: len(list)}.Begin(b)
	t.samples.Begin()
	for _, v := range list {
		fields, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New(`a sample is no object; send {"field":value,…}`)
		}
		var err error
		if b, err = t.samples.Append(b, fields); err != nil {
			return nil, err
		}
	}
	t.next = first + proto.Seq(len(list))
	return proto.EndRecord(b, at), nil
}

// record is an object whose fields are taken one by one. The first failure sticks.
type record struct {
	fields map[string]any
	err    error
}

func (r *record) take(name string) any {
	v := r.fields[name]
	delete(r.fields, name)
	return v
}

func (r *record) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// end gives what is wrong; a field that was not taken is.
func (r *record) end() error {
	for name := range r.fields {
		r.fail("it has no field %.32q", name)
	}
	return r.err
}

func (r *record) text(name string) string {
	v := r.take(name)
	s, ok := v.(string)
	if !ok && v != nil {
		r.fail("%s is not a string", name)
	}
	return s
}

// number is a number of so many bits, which may be in a string.
func (r *record) number(name string, bits int) uint64 {
	var text string
	switch v := r.take(name).(type) {
	case nil:
		return 0
	case json.Number:
		text = string(v)
	case string:
		text = v
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		r.fail("%s is not a whole number of %d bits", name, bits)
	}
	return n
}

func (r *record) hex(name string) []byte {
	b, err := hex.DecodeString(r.text(name))
	if err != nil {
		r.fail("%s is not in hexadecimal digits", name)
	}
	return b
}

// payload is bytes in hexadecimal digits, or else the field text as it is.
func (r *record) payload(name string) []byte {
	if _, plain := r.fields["text"]; plain {
		return []byte(r.text("text"))
	}
	return r.hex(name)
}

func (r *record) object(name string) *record {
	v := r.take(name)
	fields, ok := v.(map[string]any)
	if !ok && v != nil {
		r.fail("%s is not an object", name)
	}
	return &record{fields: fields}
}
