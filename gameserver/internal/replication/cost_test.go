package replication

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A room's tick for a standby: public delta of a room of 8 in a fight, and what goes along hidden.
const (
	publicBytes = 220
	secretBytes = 60
)

type deaf struct{}

func (deaf) Acked(proto.Tick)                           {}
func (deaf) Ready(int)                                  {}
func (deaf) Took(proto.Epoch)                           {}
func (deaf) Refused(Refusal)                            {}
func (deaf) Lost(error)                                 {}
func (deaf) Keyframe(proto.Tick, []byte, []byte) error  { return nil }
func (deaf) Tick(_ proto.Tick, public, _ []byte) error  { return nil }
func (deaf) Final(FinalTick)                            {}
func (deaf) Stop(string)                                {}
func (deaf) Follow(string, Open, Back) (Copy, error)    { return deaf{}, nil }
func (deaf) Holding(string, proto.RoomID) (none Answer) { return none }

// newFeeds gives n feeds that have their keyframes on a link that is nobody's: the caller takes what is written.
func newFeeds(n int) (*Links, *link, []*Feed) {
	l, k := &Links{log: slog.New(slog.DiscardHandler)}, newLink()
	feeds := make([]*Feed, n)
	for i := range feeds {
		feeds[i] = &Feed{links: l, link: k, open: testOpen, events: deaf{}, stream: uint32(i + 1)}
		k.feeds[feeds[i].stream] = feeds[i]
		k.carry(1)
		feeds[i].QueueKeyframe(0, nil, nil)
	}
	for _, more := k.take(nil); more; {
		_, more = k.take(nil)
	}
	return l, k, feeds
}

// TestTickAllocations: from QueueTick to the write, and from the read to the acks and back, a tick allocates nothing.
func TestTickAllocations(t *testing.T) {
	l, k, feeds := newFeeds(20)
	public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
	wire := &bytes.Buffer{}
	w, r := sealedPair(t, wire, wire)
	a := newAcceptor(deaf{})
	reader := bufio.NewReaderSize(r, readBuffer)
	for _, f := range feeds {
		if err := feedAll(t, a, appendFollow(nil, f.stream, &testOpen), appendKeyframe(nil, f.stream, 0, nil, nil)); err != nil {
			t.Fatal(err)
		}
	}
	tick := proto.Tick(0)
	var out, buf, acks []byte
	once := func() {
		tick++
		for _, f := range feeds {
			if !f.QueueTick(tick, public, secret) {
				t.Fatal("not queued")
			}
		}
		l.Flush()
		<-k.ticks
		out, _ = k.take(out)
		if _, err := w.Write(out); err != nil {
			t.Fatal(err)
		}
		for range feeds {
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

// BenchmarkQueueTick is what a standby costs the tick worker for each tick of a room.
func BenchmarkQueueTick(b *testing.B) {
	_, k, feeds := newFeeds(100)
	public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
	var out []byte
	i, tick := 0, proto.Tick(1)
	for b.Loop() {
		feeds[i].QueueTick(tick, public, secret)
		if i++; i == len(feeds) {
			i, tick = 0, tick+1
			out, _ = k.take(out)
		}
	}
}

// BenchmarkSend is what the leader spends to queue and write a pass of ticks, for each room's tick, on real loopback, where
// the other side's kernel work is within the write.
func BenchmarkSend(b *testing.B) {
	for _, key := range []string{"", "0123456789abcdef"} {
		for _, rooms := range []int{1, 4, 16, 64} {
			b.Run(fmt.Sprintf("sealed=%v/rooms=%d", key != "", rooms), func(b *testing.B) {
				l, k, feeds := newFeeds(rooms)
				public, secret := make([]byte, publicBytes), make([]byte, secretBytes)
				nc, stop := drain(b)
				defer stop()
				var w io.Writer = nc
				if key != "" {
					s, err := newSealed(nc, nil, []byte(key), roleDial, roleAccept, nil, nil)
					if err != nil {
						b.Fatal(err)
					}
					w = s
				}
				var out []byte
				tick := proto.Tick(0)
				for b.Loop() {
					tick++
					for _, f := range feeds {
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

// drain gives a connection whose other end is read and thrown away.
func drain(b *testing.B) (net.Conn, func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := listener.Accept()
		if err == nil {
			io.Copy(io.Discard, struct{ io.Reader }{nc})
			nc.Close()
		}
	}()
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return nc, func() {
		nc.Close()
		listener.Close()
		<-done
	}
}
