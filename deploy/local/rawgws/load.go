package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"
)

// load is players of the reference server. Like the bots of Ringside each is a goroutine that reads, and sends an input a tick.
type load struct {
	url                string
	rooms, players, hz int
	measuring          atomic.Bool
	bytes              atomic.Int64
	states             atomic.Int64
	mu                 sync.Mutex
	waits              []time.Duration // from an input until the state that shows it
	stop               context.CancelFunc
	running            sync.WaitGroup
	conns              []*client
}

// client is one player.
type client struct {
	gws.BuiltinEventHandler
	load  *load
	conn  *gws.Conn
	id    uint8
	mu    sync.Mutex
	seq   uint32
	acked uint32
	sent  [64]time.Time // by seq
}

func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	b, l := m.Bytes(), c.load
	for p := b[headSize:]; len(p) >= playerSize; p = p[playerSize:] {
		if p[0] == c.id {
			c.ack(binary.LittleEndian.Uint32(p[8:]))
		}
	}
	if l.measuring.Load() {
		l.states.Add(1)
		l.bytes.Add(int64(len(b)))
	}
}

// ack notes that the server has applied the inputs up to seq.
func (c *client) ack(seq uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq == c.acked {
		return
	}
	c.acked = seq
	if wait := time.Since(c.sent[seq%uint32(len(c.sent))]); c.load.measuring.Load() {
		c.load.mu.Lock()
		c.load.waits = append(c.load.waits, wait)
		c.load.mu.Unlock()
	}
}

// play sends an input a tick until ctx ends.
func (c *client) play(ctx context.Context, hz int) {
	ticker := time.NewTicker(time.Second / time.Duration(hz))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.mu.Lock()
		c.seq++
		c.sent[c.seq%uint32(len(c.sent))] = time.Now()
		b := binary.LittleEndian.AppendUint32(make([]byte, 0, inputSize), c.seq)
		c.mu.Unlock()
		if c.conn.WriteMessage(gws.OpcodeBinary, append(b, byte(rand.IntN(256)), byte(rand.IntN(256)))) != nil {
			return
		}
	}
}

// start brings all players in, spread over ramp.
func (l *load) start(ctx context.Context, ramp time.Duration) error {
	ctx, l.stop = context.WithCancel(ctx)
	between := time.NewTicker(max(time.Microsecond, ramp/time.Duration(l.rooms*l.players)))
	defer between.Stop()
	for i := range l.rooms * l.players {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-between.C:
		}
		c := &client{load: l, id: uint8(i % l.players)}
		conn, _, err := gws.NewClient(c, &gws.ClientOption{Addr: fmt.Sprintf("%s/?room=%d&id=%d", l.url, i/l.players, c.id)})
		if err != nil {
			return fmt.Errorf("player %d of %d: %w", i+1, l.rooms*l.players, err)
		}
		c.conn = conn
		l.conns = append(l.conns, c)
		l.running.Go(conn.ReadLoop)
		l.running.Go(func() { c.play(ctx, l.hz) })
	}
	return nil
}

// end sends the players home.
func (l *load) end() {
	l.stop()
	for _, c := range l.conns {
		_ = c.conn.NetConn().Close()
	}
	l.running.Wait()
}

// percentile is in milliseconds.
func (l *load) percentile(q float64) float64 {
	if len(l.waits) == 0 {
		return 0
	}
	slices.Sort(l.waits)
	return l.waits[int(q*float64(len(l.waits)-1))].Seconds() * 1000
}
