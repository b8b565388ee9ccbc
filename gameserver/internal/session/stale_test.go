package session

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// throttled reads so many bytes a second.
type throttled struct {
	io.Reader
	rate int
}

func (r throttled) Read(b []byte) (int, error) {
	b = b[:min(len(b), 50)]
	n, err := r.Reader.Read(b)
	time.Sleep(time.Duration(n) * time.Second / time.Duration(r.rate))
	return n, err
}

// A client that takes half of what it is sent gets keyframes instead of old ticks: nothing that it reads is much older than staleAge.
// One that is as slow, and is sent less, gets every tick.
func TestThrottledClientReadsNoOldTicks(t *testing.T) {
	for name, c := range map[string]struct {
		size      int           // bytes of a tick, of which there are 20 a second
		keyframe  int           // and of a keyframe
		most      time.Duration // age of what is read
		keyframes int           // at least
		all       bool          // every tick comes
	}{
		// A keyframe waits for what the transport holds, which may take a second, and deltas behind it may be twice as old.
		"too slow":                 {200, 200, 2*staleAge + 500*time.Millisecond, 10, false},
		"fast enough":              {40, 200, 500 * time.Millisecond, 1, true},
		"slow for a keyframe only": {40, 4000, 3 * time.Second, 1, true},
		"too slow for both":        {200, 9000, 6 * time.Second, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, s *setup) {
				client, g := s.enter()
				client.in = bufio.NewReaderSize(throttled{client.conn, 2000}, 16)
				room, start := &feed{conn: g.conn}, time.Now()
				var mu sync.Mutex
				var slack time.Duration
				if secured(t) { // a record is read when it has come as a whole, and was made before
					slack = 500 * time.Millisecond
				}
				queued := map[[2]uint32]time.Time{}
				var reader, writer sync.WaitGroup
				reader.Go(func() {
					var f follower
					for {
						m, err := client.readFrame()
						if err != nil {
							if f.base < uint32(c.keyframes) || c.all && f.base > 1 {
								t.Errorf("%d keyframes came", f.base)
							}
							return
						}
						if m.op != opBinary || m.payload[0] != 'k' && m.payload[0] != 'd' {
							continue
						}
						f.take(t, m.payload)
						mu.Lock()
						at := queued[[2]uint32{binary.BigEndian.Uint32(m.payload[1:]), binary.BigEndian.Uint32(m.payload[5:])}]
						mu.Unlock()
						if age := time.Since(at); age > c.most+slack {
							t.Errorf("%c of %v is read %v late", m.payload[0], at.Sub(start), age)
						}
					}
				})
				for time.Since(start) < time.Minute {
					size := c.size
					if room.stale || room.base == 0 {
						size = c.keyframe
					}
					mu.Lock()
					room.tick(size)
					if !room.stale {
						queued[[2]uint32{room.base, room.index}] = time.Now()
					}
					mu.Unlock()
					if time.Since(start)%time.Second == 0 {
						writer.Go(func() { client.message(proto.Ping{}.Append(nil)) })
					}
					time.Sleep(50 * time.Millisecond)
				}
				_ = client.conn.Close()
				synctest.Wait()
				reader.Wait()
				writer.Wait()
			})
		})
	}
}
