package relay

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/multiplex"
)

// Tunnel relays between a client and its server until both directions have ended, or it is closed.
type Tunnel struct {
	loop *loop
	slot int32 // in loop
	done chan struct{}

	mu       sync.Mutex // held for system calls that do not wait
	client   *end
	server   *multiplex.Stream
	up       []byte // read from the client and not taken by server
	upEnded  bool   // server was told that the client has ended
	served   bool   // the server has ended
	closed   bool
	deadline int64 // second at which it is closed, one direction having ended; 0: neither has
}

// Wait returns when both sides are closed.
func (t *Tunnel) Wait() { <-t.done }

// Close closes both sides. It may be called more than once.
func (t *Tunnel) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closeLocked()
}

func (t *Tunnel) closeLocked() {
	if t.closed {
		return
	}
	t.closed = true
	t.client.close()
	_ = t.server.Close()
	t.loop.forget(t.slot)
	close(t.done)
}

// begin starts both directions, behind what was read already.
func (t *Tunnel) begin(fromClient, fromServer []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.up, t.client.heard = bytes.Clone(fromClient), time.Now().Unix()
	t.loop.put(t.slot, t)
	if len(fromServer) > 0 && t.client.write(fromServer) != nil || t.loop.watch(t.client.socket, t.slot) != nil {
		t.closeLocked()
		return
	}
	t.server.Notify(t.told)
}

// handle acts on events of the client's socket.
func (t *Tunnel) handle(events uint32, s *scratch, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.client.note(events)
	t.relay(s, now.Unix())
}

// told acts on what the server's stream has told. The link calls it.
func (t *Tunnel) told() {
	s := t.loop.spare.Get().(*scratch)
	defer t.loop.spare.Put(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.relay(s, time.Now().Unix())
	}
}

// relay passes on what can be passed on, both ways.
func (t *Tunnel) relay(s *scratch, now int64) {
	err := t.client.flush()
	if err == nil {
		err = errors.Join(t.relayUp(s, now), t.relayDown(s, now))
	}
	if err != nil || t.upEnded && t.client.shut {
		t.closeLocked()
	}
}

// relayUp passes on what the client has sent, as long as the server takes it, and its end.
func (t *Tunnel) relayUp(s *scratch, now int64) error {
	for {
		if len(t.up) > 0 {
			n, err := t.server.Send(t.up)
			if err != nil {
				return err
			}
			if t.up = t.up[n:]; len(t.up) > 0 {
				return nil
			}
			t.up = nil
		}
		if !t.client.ready || t.client.ended {
			break
		}
		b, err := t.client.read(s)
		if len(b) > 0 {
			t.client.heard = now
			n, err := t.server.Send(b)
			if err != nil {
				return err
			}
			t.up = append(t.up, b[n:]...)
		}
		if t.client.ended = err == io.EOF; err != nil && !t.client.ended {
			return err
		}
	}
	if t.client.ended && !t.upEnded {
		t.upEnded = true
		t.linger(now)
		return t.server.CloseWrite()
	}
	return nil
}

// relayDown passes on what the server has sent, as long as the client takes it, and its end.
func (t *Tunnel) relayDown(s *scratch, now int64) error {
	for !t.served && !t.client.blocked() {
		n, err := t.server.Receive(s.plain[:])
		if t.served = err == io.EOF; err != nil && !t.served {
			return err
		}
		if n == 0 {
			break
		}
		if err := t.client.write(s.plain[:n]); err != nil {
			return err
		}
	}
	if t.served && !t.client.shut && !t.client.blocked() {
		t.client.shutdown()
		t.linger(now)
	}
	return nil
}

func (t *Tunnel) linger(now int64) {
	if t.deadline == 0 {
		t.deadline = now + int64(linger.Seconds())
	}
}

// check closes a tunnel whose time is over. The server's side has its time from the link and from the server.
func (t *Tunnel) check(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := at.Unix()
	if t.deadline > 0 && now >= t.deadline || !t.client.ended && now-t.client.heard > int64(t.loop.idle.Seconds()) {
		t.closeLocked()
	}
}
