package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// target is whom a link was dialled to. A server that came back at another address is another target.
type target struct{ server, addr string }

// link is a dialled connection and the requests that wait for answers on it.
type link struct {
	ready chan struct{} // closed when the dial has ended; then either conn or err is set and stays
	conn  *conn
	err   error

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan Answer // at most maxInFlight; beyond, a request is refused with ErrBusy
}

// Claim asks server, at host:port addr, what it has of room; it dials when there is no link yet. It blocks until the
// answer is there or ctx ends, and may be called from any goroutine. Errors are those of errors.go.
func (l *Links) Claim(ctx context.Context, server, addr string, room proto.RoomID) (Answer, error) {
	a, err := l.ask(ctx, target{server, addr}, room)
	if errors.Is(err, ErrBroken) {
		// The process may have ended a moment ago: dialling again tells.
		a, err = l.ask(ctx, target{server, addr}, room)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("claim %s of %s at %s: %w", room, server, addr, err)
	}
	return a, nil
}

func (l *Links) ask(ctx context.Context, to target, room proto.RoomID) (Answer, error) {
	k, err := l.link(to)
	if err != nil {
		return Answer{}, err
	}
	select {
	case <-k.ready:
	case <-ctx.Done():
		return Answer{}, ended(ctx)
	}
	if k.err != nil {
		return Answer{}, k.err
	}
	id, got, err := k.wait()
	if err != nil {
		return Answer{}, err
	}
	defer k.forget(id)
	err = k.conn.send(claim{id, room}.append(nil))
	if errors.Is(err, ErrBusy) {
		return Answer{}, err
	}
	if err == nil {
		select {
		case a := <-got:
			return a, nil
		case <-ctx.Done():
			return Answer{}, ended(ctx)
		case <-k.conn.closed:
			err = k.conn.err
		}
	}
	l.drop(to, k)
	return Answer{}, fmt.Errorf("%w: %w", ErrBroken, err)
}

func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return ctx.Err()
}

// link gives the link to a target, which may still be dialling.
func (l *Links) link(to target) (*link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, ErrStopped
	}
	if k := l.out[to]; k != nil {
		return k, nil
	}
	k := &link{ready: make(chan struct{}), waiting: make(map[uint64]chan Answer)}
	l.out[to] = k
	l.wg.Go(func() { l.hold(to, k) })
	return k, nil
}

// hold is a dialled link's life.
func (l *Links) hold(to target, k *link) {
	log := l.log.With("peer", to.server, "addr", to.addr)
	c, err := l.dial(to)
	if err != nil {
		l.drop(to, k)
		k.err = dialError(err)
		close(k.ready)
		log.Info("peer: no link", "error", k.err)
		return
	}
	defer l.disown(c.nc)
	log.Debug("peer: linked")
	l.compare(c.peer)
	k.conn = c
	close(k.ready)
	err = c.run(k.handle)
	l.drop(to, k)
	log.Info("peer: link ended", "error", err)
}

// drop makes the next request to a target dial anew.
func (l *Links) drop(to target, k *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out[to] == k {
		delete(l.out, to)
	}
}

// dial gives a connection whose handshake is done and which is owned.
func (l *Links) dial(to target) (*conn, error) {
	deadline := time.Now().Add(dialTimeout)
	ctx, cancel := context.WithDeadline(l.ctx, deadline)
	defer cancel()
	nc, err := l.network.DialContext(ctx, to.addr)
	if err != nil {
		return nil, err
	}
	if !l.own(nc) {
		return nil, ErrStopped
	}
	r := bufio.NewReader(nc)
	var h hello
	if len(l.id.key) == 0 && !loopback(nc.RemoteAddr()) {
		err = fmt.Errorf("%w: %s is not a loopback address; set a cluster key", ErrRefused, nc.RemoteAddr())
	} else {
		h, err = l.id.dial(nc, r, to.server, deadline)
	}
	if err != nil {
		l.disown(nc)
		return nil, err
	}
	return newConn(nc, r, h, PingInterval), nil
}

// dialError sorts what ended a dial or a handshake into this package's errors.
func dialError(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrRefused), errors.Is(err, ErrStopped):
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrGone, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

func (k *link) wait() (id uint64, got chan Answer, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiting) >= maxInFlight {
		return 0, nil, ErrBusy
	}
	k.next++
	got = make(chan Answer, 1)
	k.waiting[k.next] = got
	return k.next, got, nil
}

func (k *link) forget(id uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.waiting, id)
}

// handle takes what the acceptor sends. An answer that nobody waits for any more is dropped.
func (k *link) handle(kind proto.Kind, body []byte) error {
	if kind != kindAnswer {
		return nil
	}
	m, err := parseAnswer(body)
	if err != nil {
		return err
	}
	k.mu.Lock()
	got := k.waiting[m.ID]
	delete(k.waiting, m.ID)
	k.mu.Unlock()
	if got != nil {
		got <- m.Answer
	}
	return nil
}
