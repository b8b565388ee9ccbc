package replication

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// refusalInterval is the minimum time between two log lines about failed handshakes. A stranger can make thousands a second.
const refusalInterval = time.Minute

// refusals counts the failed handshakes of accepted connections, and logs few of them. Its methods may be called from any
// goroutine and do not block.
type refusals struct {
	tell func(reason string) // nil: nobody
	log  *slog.Logger

	mu     sync.Mutex
	logged time.Time // the last line
	since  int       // failed since then
}

// count counts one for a reason: those of network.Pending, timeout (nothing came in time), closed (by the other side) and
// refused.
func (r *refusals) count(reason string) {
	if r.tell != nil {
		r.tell(reason)
	}
}

// note counts a handshake that failed with err.
func (r *refusals) note(from net.Addr, err error) {
	var timeout net.Error
	switch {
	case errors.Is(err, net.ErrClosed): // network.Pending has counted it, or the links stop
		return
	case errors.As(err, &timeout) && timeout.Timeout():
		r.count("timeout")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.count("closed")
	default:
		r.count("refused")
	}
	r.mu.Lock()
	r.since++
	n, due := r.since, time.Since(r.logged) >= refusalInterval
	if due {
		r.logged, r.since = time.Now(), 0
	}
	r.mu.Unlock()
	if due {
		r.log.Warn("replication: a handshake failed; those of the next minute are counted only", "from", from, "error", err, "failed", n)
	}
}
