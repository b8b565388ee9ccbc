package goclient

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Inputs numbers a player's input samples of type T, keeps them until they are processed and sends them. Its methods
// may be called from any goroutine. While the client is coming back they keep samples and send nothing.
type Inputs[T any] struct {
	c     *Client
	codec *state.Codec[T]
	ring  [proto.InputWindow]T // by number; guarded by c.mu
}

// encoder is Inputs of any type.
type encoder interface {
	// appendSamples appends samples first to last, as an input message carries them.
	appendSamples(b []byte, first, last proto.Seq) []byte
	// fits fails with ErrSchema when a room's input has other fields.
	fits(s *state.Schema) error
}

// NewInputs makes the inputs of c, once, before Run. T is the room's input struct, or one of the same fields and tags;
// else it fails with ErrSchema. Many clients may share a codec.
func NewInputs[T any](c *Client, codec *state.Codec[T]) (*Inputs[T], error) {
	in := &Inputs[T]{c: c, codec: codec}
	if err := in.fits(c.schema); err != nil {
		return nil, fmt.Errorf("goclient: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.encoder = in
	return in, nil
}

// Send adds a sample and sends all that are not sent yet: call it once a tick. It returns the sample's number. It fails
// with ErrWindow or ErrClosed; a sample that was taken is sent again after a loss, until it is processed.
func (in *Inputs[T]) Send(v T) (proto.Seq, error) {
	in.c.mu.Lock()
	defer in.c.mu.Unlock()
	seq, err := in.add(v)
	if err == nil {
		in.c.flush(in.c.now())
	}
	return seq, err
}

// Add adds a sample to be sent with the next Send: for more samples than ticks.
func (in *Inputs[T]) Add(v T) (proto.Seq, error) {
	in.c.mu.Lock()
	defer in.c.mu.Unlock()
	return in.add(v)
}

func (in *Inputs[T]) add(v T) (proto.Seq, error) {
	o := &in.c.outbox
	if in.c.closing {
		return 0, ErrClosed
	}
	if o.newest-o.processed >= proto.InputWindow {
		return 0, fmt.Errorf("goclient: %w: %d to %d are waiting", ErrWindow, o.processed+1, o.newest)
	}
	o.newest++
	in.codec.Quantise(&v)
	in.ring[o.newest%proto.InputWindow] = v
	o.added[o.newest%proto.InputWindow] = in.c.now()
	return o.newest, nil
}

func (in *Inputs[T]) fits(s *state.Schema) error {
	if have, want := in.codec.Schema().Fields, s.Input.Fields; !slices.Equal(have, want) {
		return fmt.Errorf("inputs: %w: the fields here are %+v, those of the room's input %+v", ErrSchema, have, want)
	}
	return nil
}

func (in *Inputs[T]) appendSamples(b []byte, first, last proto.Seq) []byte {
	var zero T
	base := &zero
	for seq := first; last.Since(seq) >= 0; seq++ {
		v := &in.ring[seq%proto.InputWindow]
		b = in.codec.Append(b, base, v)
		base = v
	}
	return b
}

// outbox is what a client has sent and has yet to send; guarded by the client's mu. Sample numbers go
// processed <= sent <= newest, and newest - processed <= proto.InputWindow. processed is written by Run's goroutine only.
type outbox struct {
	encoder   encoder // nil until NewInputs
	processed proto.Seq
	sent      proto.Seq // on this connection
	newest    proto.Seq
	told      proto.Seq                        // newest whose acknowledgement was told; above processed when a new leader knows less
	added     [proto.InputWindow]time.Duration // when samples were added, by number
	ack       proto.Tick                       // newest tick decoded
	nextPing  time.Duration
	buffer    []byte
}

// welcome takes up where the server is. A seat that was held goes on: what it has not processed is sent again, up to
// the whole window when a new leader knows less than the last one did. A new seat begins its numbers anew. again is how
// many samples that were acknowledged are sent again, lost how many can not be.
func (o *outbox) welcome(w proto.Welcome) (again, lost proto.Seq) {
	back := proto.Seq(max(0, o.processed.Since(w.Processed)))
	switch {
	case w.Flags&proto.WelcomeResumed == 0:
		o.newest, o.told = w.Processed, w.Processed
	case w.Processed.Since(o.newest) > 0:
		o.newest = w.Processed // a seat that another client of this player had
	case o.newest-w.Processed > proto.InputWindow:
		lost = back
		o.newest, o.told = w.Processed, w.Processed
	default:
		again = back
	}
	o.processed, o.sent = w.Processed, w.Processed
	if o.processed.Since(o.told) > 0 {
		o.told = o.processed
	}
	return again, lost
}

// flush sends what there is to send. The caller holds c.mu. A failed write closes the connection, which Run's goroutine
// notices.
func (c *Client) flush(now time.Duration) {
	if !c.ready {
		return
	}
	if b := c.outbox.pack(now); len(b) > 0 {
		_ = c.link.write(b)
	}
}

// pack makes one message of the samples that are not sent yet, and of a ping if one is due. It is valid until the next
// call, and empty when there is nothing.
func (o *outbox) pack(now time.Duration) []byte {
	b := o.buffer[:0]
	for o.sent != o.newest {
		first := o.sent + 1
		last := o.sent + proto.Seq(min(o.newest.Since(o.sent), proto.MaxSamples))
		var at int
		b, at = proto.Input{First: first, Ack: o.ack, Count: int(last - o.sent)}.Begin(b)
		b = proto.EndRecord(o.encoder.appendSamples(b, first, last), at)
		o.sent = last
	}
	if now >= o.nextPing {
		o.nextPing = now + pingInterval
		b = proto.Ping{Micros: uint64(now.Microseconds())}.Append(b)
	}
	o.buffer = b
	return b
}

// acknowledge notes that the server has processed all samples up to the one with these low bits, and tells the latency
// of each.
func (c *Client) acknowledge(low uint16) {
	now := c.now()
	c.mu.Lock()
	o := &c.outbox
	o.ack = c.Tick()
	seq := proto.UnwrapSeq(o.processed, low)
	newest := o.newest
	switch {
	case seq.Since(o.processed) < 0:
		was := o.processed
		c.mu.Unlock()
		_ = c.violate(ProcessedBack, "%d after %d", seq, was)
		return
	case seq.Since(newest) > 0:
		c.mu.Unlock()
		_ = c.violate(ProcessedAhead, "%d, the newest sample is %d", seq, newest)
		return
	}
	for o.processed != seq {
		o.processed++
		if o.processed.Since(o.told) <= 0 {
			continue
		}
		o.told = o.processed
		done, latency := o.processed, now-o.added[o.processed%proto.InputWindow]
		c.stats.acked.Add(1)
		if f := c.config.Events.Acked; f != nil {
			c.mu.Unlock()
			f(c, done, latency)
			c.mu.Lock()
		}
	}
	if o.processed.Since(o.sent) > 0 {
		o.sent = o.processed
	}
	c.mu.Unlock()
}
