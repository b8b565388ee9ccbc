package replication

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// target is whom a link was dialled to. A server that came back at another address is another target.
type target struct{ server, addr string }

// link is a dialled connection, the requests that wait for answers on it, and the streams of the rooms followed over it.
type link struct {
	*outbox               // its mutex guards what is below
	ready   chan struct{} // closed when the handshake is done; outbox.closed is closed if it never is

	claims  uint64                 // number of the last
	waiting map[uint64]chan Answer // at most maxInFlight; beyond, a request is refused with ErrBusy
	stream  uint32                 // number of the last
	feeds   map[uint32]*Feed
	ended   bool // all feeds were told
}

func newLink() *link {
	return &link{
		outbox: newOutbox(), ready: make(chan struct{}), waiting: make(map[uint64]chan Answer), feeds: make(map[uint32]*Feed),
	}
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
	case <-k.closed:
		return Answer{}, k.err
	case <-ctx.Done():
		return Answer{}, ended(ctx)
	}
	id, got, err := k.wait()
	if err != nil {
		return Answer{}, err
	}
	defer k.forget(id)
	if err := k.send(claim{id, room}.append(nil)); err != nil {
		return Answer{}, err
	}
	select {
	case a := <-got:
		return a, nil
	case <-k.closed:
		return Answer{}, k.err
	case <-ctx.Done():
		return Answer{}, ended(ctx)
	}
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
	if k := l.out[to]; k != nil && !k.over() {
		return k, nil
	}
	k := newLink()
	l.out[to] = k
	l.wg.Go(func() { l.hold(to, k) })
	return k, nil
}

// hold is a dialled link's life. When it has ended, the next request dials anew.
func (l *Links) hold(to target, k *link) {
	log := l.log.With("peer", to.server, "addr", to.addr)
	c, err := l.dial(to, k.outbox)
	if err != nil {
		err = dialError(err)
		log.Info("replication: no link", "error", err)
	} else {
		log.Debug("replication: linked")
		close(k.ready)
		err = c.run(k.handle, func() error { return nil })
		l.disown(c.nc)
		log.Info("replication: link ended", "error", err)
	}
	l.drop(to, k)
	k.shut(err)
	k.end(err)
}

func (l *Links) drop(to target, k *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out[to] == k {
		delete(l.out, to)
	}
}

// dial gives a connection whose handshake is done and which is owned.
func (l *Links) dial(to target, o *outbox) (*conn, error) {
	deadline := time.Now().Add(dialTimeout)
	ctx, cancel := context.WithDeadline(l.ctx, deadline)
	defer cancel()
	dialled, err := l.network.DialContext(ctx, to.addr)
	if err != nil {
		return nil, err
	}
	nc := &ear{Conn: network.Raw(dialled)}
	if !l.own(nc) {
		return nil, ErrStopped
	}
	var s secured
	if len(l.id.key) == 0 && !loopback(nc.RemoteAddr()) {
		err = fmt.Errorf("%w: %s is not a loopback address; set a cluster key", ErrRefused, nc.RemoteAddr())
	} else {
		s, err = l.id.dial(nc, to.server, deadline)
	}
	if err != nil {
		l.disown(nc)
		return nil, err
	}
	return newConn(nc, s, o), nil
}

// dialError sorts what ended a dial or a handshake into this package's errors.
func dialError(err error) error {
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrRefused):
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return reason(err)
}

func (k *link) wait() (id uint64, got chan Answer, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiting) >= maxInFlight {
		return 0, nil, ErrBusy
	}
	k.claims++
	got = make(chan Answer, 1)
	k.waiting[k.claims] = got
	return k.claims, got, nil
}

func (k *link) forget(id uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.waiting, id)
}

// handle takes what the acceptor sends.
func (k *link) handle(kind proto.Kind, body []byte) error {
	if kind == kindAnswer {
		return k.answered(body)
	}
	return k.told(kind, body)
}

// answered gives an answer to its claim; one that nobody waits for any more is dropped.
func (k *link) answered(body []byte) error {
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
