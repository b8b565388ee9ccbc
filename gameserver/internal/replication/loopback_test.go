package replication

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// tapped is the real network; it keeps what is written to the connections that it dials.
type tapped struct {
	network.Real
	mu   sync.Mutex
	wire bytes.Buffer
}

func (n *tapped) DialContext(ctx context.Context, addr string) (net.Conn, error) {
	nc, err := n.Real.DialContext(ctx, addr)
	return tap{nc, n}, err
}

type tap struct {
	net.Conn
	n *tapped
}

func (c tap) Write(p []byte) (int, error) {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	c.n.wire.Write(p)
	return c.Conn.Write(p)
}

// Over real sockets, 30 rooms with queries between them arrive complete; with certificates the wire shows nothing of them.
func TestLoopback(t *testing.T) {
	for name, clear := range map[string]bool{"in the clear": true, "over TLS": false} {
		t.Run(name, func(t *testing.T) {
			s := newStandby()
			c := config(t, "b")
			if clear {
				c.Certs = nil
			}
			b, _ := start(t, c, s)
			wire := &tapped{}
			c = config(t, "a")
			c.Network = wire
			if clear {
				c.Certs = nil
			}
			a, _ := start(t, c, nothing)
			const rooms, ticks = 30, 200
			var streams [rooms]*Stream
			var events [rooms]*journal
			for i := range streams {
				events[i] = &journal{}
				o := Open{Room: proto.RoomID(fmt.Sprint("r", i)), Game: "arena"}
				streams[i] = a.Open("b", b.Addr().String(), o, leaderJournal{events[i]})
				streams[i].QueueKeyframe(0, bytes.Repeat([]byte("k"), 1000*i), []byte("hidden cards"))
			}
			for tick := proto.Tick(1); tick <= ticks; tick++ {
				for _, f := range streams {
					if !f.QueueTick(tick, []byte("p"), []byte("hidden move")) {
						t.Fatal("not queued")
					}
				}
				a.Flush()
				if tick%50 == 0 {
					if _, err := a.Query(t.Context(), "b", b.Addr().String(), ownership.Query{Room: "r1"}); err != nil {
						t.Fatal(err)
					}
				}
			}
			last := fmt.Sprintf("acked %d", ticks)
			for i, e := range events {
				for limit := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // the acks come over sockets
					if line, _ := e.last(); line == last {
						break
					} else if time.Now().After(limit) {
						t.Fatalf("room %d: the last of its stream is %q", i, line)
					}
				}
				lines := s.of(proto.RoomID(fmt.Sprint("r", i))).all()
				if len(lines) != ticks+1 || lines[ticks] != fmt.Sprintf("tick %d p+hidden move", ticks) {
					t.Errorf("room %d: %d calls, the last %q", i, len(lines), lines[len(lines)-1])
				}
			}
			wire.mu.Lock()
			defer wire.mu.Unlock()
			if shown := bytes.Contains(wire.wire.Bytes(), []byte("hidden move")); shown != clear {
				t.Errorf("the wire shows hidden state: %v", shown)
			}
		})
	}
}
