package membership

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

// Streams of a stranger who has not the key cost neither memory nor the members their view, as many as may come. memberlist
// reads all of a stream before it knows whether the sender has the key.
func TestStrangersStreamsCostNoMemory(t *testing.T) {
	var mu sync.Mutex
	refused := map[string]int{}
	key := bytes.Repeat([]byte{1}, 32)
	ca := testConfig("a")
	ca.Key = key
	ca.Refused = func(reason string) {
		mu.Lock()
		defer mu.Unlock()
		refused[reason]++
	}
	a := run(t, ca)
	cb := testConfig("b", a.Addr())
	cb.Key = key
	b := run(t, cb)
	b.await(t, "both", sees("a", "b"))

	before := inUse()
	const streams, size = 60, 19 << 20
	var strangers sync.WaitGroup
	peak := make(chan uint64, 1)
	stop := make(chan struct{})
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, inUse())
			}
		}
	}()
	for range streams {
		strangers.Go(func() {
			c, err := net.Dial("tcp", a.Addr())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(limit))
			const encrypted = 10 // memberlist's kind of a message
			head := binary.BigEndian.AppendUint32([]byte{encrypted}, size)
			if _, err := c.Write(head); err != nil {
				return
			}
			chunk := make([]byte, 64<<10)
			for range (size - 1) / len(chunk) { // and never the last byte
				if _, err := c.Write(chunk); err != nil {
					return // closed at a limit
				}
			}
		})
	}
	strangers.Wait()
	close(stop)
	if most := <-peak; most > before+64<<20 {
		t.Errorf("%d streams of %d MB took %d MB of memory", streams, size>>20, (most-before)>>20)
	}
	mu.Lock()
	defer mu.Unlock()
	if refused[refusedBytes] == 0 {
		t.Errorf("refused %v, want some for their bytes", refused)
	}
	if !sees("a", "b")(a.View()) || !sees("a", "b")(b.View()) {
		t.Error("the members have lost each other")
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// A stream that brings little is not closed for one that brings much.
func TestInboundClosesTheGreediest(t *testing.T) {
	in := newInbound(Config{})
	open := func() (*inboundStream, net.Conn) {
		x, y := net.Pipe()
		t.Cleanup(func() { x.Close(); y.Close() })
		return in.add(x).(*inboundStream), x
	}
	small, _ := open()
	big, _ := open()
	if !in.count(small, 100<<10) || !in.count(big, maxInboundBytes-100<<10) {
		t.Fatal("closed below the limit")
	}
	if !in.count(small, 100<<10) {
		t.Error("the small stream is closed in place of the large one")
	}
	if in.count(big, 1) {
		t.Error("the large stream goes on")
	}
	if _, err := big.Read(make([]byte, 1)); err == nil {
		t.Error("the large stream can still be read")
	}
	_ = small.Close()
	_ = small.Close()
	if in.bytes != 0 || len(in.open) != 0 {
		t.Errorf("%d bytes of %d streams are counted after all are closed", in.bytes, len(in.open))
	}
}
