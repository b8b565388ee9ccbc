package replication

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Sizes of a room's tick for a standby: the public delta of a room of 8 in a fight, and the hidden one.
const (
	publicBytes = 220
	secretBytes = 60
)

type quiet struct{}

func (quiet) Acked(proto.Tick)                          {}
func (quiet) Ready(int)                                 {}
func (quiet) NeedKeyframe()                             {}
func (quiet) Probation()                                {}
func (quiet) Took(proto.Epoch)                          {}
func (quiet) Rejected(ownership.Rejection)              {}
func (quiet) Lost(error)                                {}
func (quiet) Offer(string, Open, Back) (Replica, error) { return discard{}, nil }

func (quiet) Query(string, ownership.Query) (none ownership.Answer) { return none }

// discard is a replica that keeps nothing.
type discard struct{}

func (discard) Keyframe(proto.Tick, []byte, []byte) error { return nil }
func (discard) Tick(proto.Tick, []byte, []byte) error     { return nil }
func (discard) Final(FinalTick)                           {}
func (discard) Handed(string, proto.Epoch)                {}
func (discard) Updated(proto.Epoch, bool, []string)       {}
func (discard) Probation()                                {}
func (discard) Stop(string)                               {}
func (discard) Lost(error)                                {}

// newStreams returns n streams that have their keyframes on a link without a connection: the caller takes what is written.
func newStreams(n int) (*Links, *link, []*Stream) {
	l, k := &Links{log: slog.New(slog.DiscardHandler)}, newLink()
	streams := make([]*Stream, n)
	for i := range streams {
		streams[i] = &Stream{links: l, link: k, open: testOpen, events: quiet{}, number: uint32(i + 1)}
		k.streams[streams[i].number] = streams[i]
		k.carry(1)
		streams[i].QueueKeyframe(0, nil, nil)
	}
	for _, more := k.take(nil); more; {
		_, more = k.take(nil)
	}
	return l, k, streams
}

// TestTickAllocations: from QueueTick to the write, and from the read to the ack's handling, a tick allocates nothing.
func TestTickAllocations(t *testing.T) {
	l, k, streams := newStreams(20)
	public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
	wire := &bytes.Buffer{}
	a := newAcceptor(quiet{})
	reader := bufio.NewReaderSize(wire, readBuffer)
	for _, f := range streams {
		if err := feedAll(t, a, encode(kindOpen, &opening{f.number, testOpen}), appendKeyframe(nil, f.number, 0, nil, nil)); err != nil {
			t.Fatal(err)
		}
	}
	tick := proto.Tick(0)
	var out, buf, acks []byte
	once := func() {
		tick++
		for _, f := range streams {
			if !f.QueueTick(tick, public, secret) {
				t.Fatal("not queued")
			}
		}
		l.Flush()
		<-k.ticks
		out, _ = k.take(out)
		wire.Write(out)
		for range streams {
			kind, body, err := readRecord(reader, buf, MaxRecord)
			if err == nil {
				err = a.handle(kind, body)
			}
			if err != nil {
				t.Fatal(err)
			}
			buf = body[:0]
		}
		if err := a.acknowledge(); err != nil {
			t.Fatal(err)
		}
		acks, _ = a.conn.take(acks)
		for rest := acks; len(rest) > 0; {
			kind, body, more, err := proto.NextRecord(rest)
			if err == nil {
				err = k.handle(kind, body)
			}
			if err != nil {
				t.Fatal(err)
			}
			rest = more
		}
	}
	for range 5 {
		once()
	}
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("%v allocations in a round of 20 rooms", n)
	}
}

// BenchmarkQueueTick measures what a standby costs the tick worker for each tick of a room.
func BenchmarkQueueTick(b *testing.B) {
	_, k, streams := newStreams(100)
	public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
	var out []byte
	i, tick := 0, proto.Tick(1)
	for b.Loop() {
		streams[i].QueueTick(tick, public, secret)
		if i++; i == len(streams) {
			i, tick = 0, tick+1
			out, _ = k.take(out)
		}
	}
}

// BenchmarkSend measures what the leader spends, per room and tick, to queue and write one pass of ticks on real loopback.
// There the write includes the receiving kernel's work.
func BenchmarkSend(b *testing.B) {
	for _, sealed := range []bool{false, true} {
		for _, rooms := range []int{1, 4, 16, 64} {
			b.Run(fmt.Sprintf("sealed=%v/rooms=%d", sealed, rooms), func(b *testing.B) {
				l, k, streams := newStreams(rooms)
				public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
				nc, w, stop := drain(b, sealed)
				defer stop()
				var out []byte
				tick := proto.Tick(0)
				for b.Loop() {
					tick++
					for _, f := range streams {
						f.QueueTick(tick, public, secret)
					}
					l.Flush()
					<-k.ticks
					out, _ = k.take(out)
					nc.SetWriteDeadline(time.Now().Add(writeTimeout))
					if _, err := w.Write(out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rooms), "ns/room-tick")
				b.ReportMetric(float64(len(out))/float64(rooms), "B/room-tick")
			})
		}
	}
}

// drain returns a connection whose other end reads and discards, and what to write to; sealed: TLS between them.
func drain(b *testing.B, sealed bool) (net.Conn, io.Writer, func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	files := writeCA(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := listener.Accept()
		if err != nil {
			return
		}
		if sealed {
			if err := tls.Client(nc, member(b, files, role, "b").Config("")).Handshake(); err != nil {
				b.Error(err)
			}
		}
		io.Copy(io.Discard, struct{ io.Reader }{nc})
		nc.Close()
	}()
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	w := io.Writer(nc)
	if sealed {
		c := tls.Server(nc, tuned(member(b, files, role, "a").Config("")))
		if err := c.Handshake(); err != nil {
			b.Fatal(err)
		}
		w = c
	}
	return nc, w, func() {
		nc.Close()
		listener.Close()
		<-done
	}
}
