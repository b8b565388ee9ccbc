package replication

import "sync/atomic"

// target is the server and address of a dialled link. A server that came back at another address is another target.
type target struct{ server, addr string }

// link is a dialled connection, the queries that wait for answers on it, and the streams of rooms that this server leads.
type link struct {
	*outbox               // its mutex guards what is below
	ready   chan struct{} // closed when the handshake is done; outbox.closed is closed if it never is
	process atomic.Uint64 // of the acceptor, from then on

	queries uint64                 // number of the last
	waiting map[uint64]chan result // at most maxInFlight; beyond, a query fails with ErrBusy
	stream  uint32                 // number of the last
	streams map[uint32]*Stream
	ended   bool // all streams were told
}

func newLink() *link {
	return &link{
		outbox: newOutbox(), ready: make(chan struct{}), waiting: make(map[uint64]chan result), streams: make(map[uint32]*Stream),
	}
}

// link returns the link to a target, which may still be dialling.
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

// hold runs a dialled link until it ends. The next query or stream dials anew.
func (l *Links) hold(to target, k *link) {
	log := l.log.With("peer", to.server, "addr", to.addr)
	c, err := l.dial(to, k.outbox)
	if err != nil {
		log.Info("replication: cannot link", "error", err)
	} else {
		log.Debug("replication: linked")
		k.process.Store(c.process)
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
