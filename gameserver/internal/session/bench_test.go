package session

import (
	"runtime"
	"testing"
)

// BenchmarkQueueFlush sends a frame of 192 bytes once the one before it is in the kernel: mostly the system call, and at
// times the wait for a client on the same machine.
func BenchmarkQueueFlush(b *testing.B) {
	s := overTCP(b, nil)
	c, g := s.enter()
	c.discard()
	own, shared := make([]byte, 12), make([]byte, 180)
	b.ReportAllocs()
	for b.Loop() {
		for !idle(g.conn) {
			runtime.Gosched()
		}
		if !g.conn.QueueFrame(own, shared) {
			b.Fatal("a drained outbox refused a frame")
		}
		g.conn.Flush()
	}
}

// nowhere takes everything, to measure what sending costs beside the system call.
type nowhere struct{}

func (nowhere) sendNow(b []byte) (int, error)      { return len(b), nil }
func (nowhere) sendRest(func(takeFunc) bool) error { return nil }

func BenchmarkQueueFlushNowhere(b *testing.B) {
	s := overTCP(b, nil)
	_, g := s.enter()
	g.conn.mu.Lock()
	g.conn.writer = nowhere{}
	g.conn.mu.Unlock()
	own, shared := make([]byte, 12), make([]byte, 180)
	b.ReportAllocs()
	for b.Loop() {
		g.conn.QueueFrame(own, shared)
		g.conn.Flush()
	}
}

// BenchmarkConnection reports the memory that an entered client costs which has sent and received a little. It includes
// the benchmark's own end of the socket, about 0.5 KB.
func BenchmarkConnection(b *testing.B) {
	for b.Loop() {
		const n = 2000
		s := overTCP(b, nil)
		before := inUse()
		conns := make([]*client, n)
		for i := range conns {
			c, g := s.enter()
			conns[i] = &client{t: b, conn: c.conn}
			for range 3 {
				eventually(b, "drained", func() bool { return idle(g.conn) })
				g.conn.QueueKeyframe(make([]byte, 2000), nil)
				g.conn.Flush()
				c.message(input(1))
				c.frame()
			}
		}
		b.ReportMetric(float64(inUse()-before)/n, "B/conn")
		s.stop()
		runtime.KeepAlive(conns)
	}
}

func BenchmarkPolledConnection(b *testing.B) { BenchmarkConnection(b) }

// BenchmarkPolledTLSConnection includes the benchmark's own end of TLS, which is about as large as the server's.
func BenchmarkPolledTLSConnection(b *testing.B) { BenchmarkConnection(b) }

// inUse is the bytes of heap and stacks that are live.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
