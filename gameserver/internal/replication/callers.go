package replication

import (
	"errors"
	"sync"
)

// callers knows the newest link that each server has dialled. Its older ones may still deliver: the network keeps what was
// sent before its dialler gave it up and brings it seconds later, and a room's ticks of long ago are not to follow
// those of the link that took its place.
//
// Size: one for each server name that has proved itself; a process that comes back under its name takes its old place.
type callers struct {
	mu     sync.Mutex
	newest map[string]*caller
}

// caller is an accepted link.
type caller struct {
	process, link uint64
	conn          *conn
	gone          chan struct{} // closed when nothing more of it will be handled
}

var errSuperseded = errors.New("its dialler has dialled again since")

// admit makes way for a link that h announces: an older one of the same process is closed, and nothing more of it will
// be handled once admit returns. nil: h is itself older than one that was admitted. Whoever admits a link leaves when
// its handling has ended.
func (l *callers) admit(h hello, c *conn) *caller {
	next := &caller{process: h.Process, link: h.Link, conn: c, gone: make(chan struct{})}
	l.mu.Lock()
	last := l.newest[h.Name]
	if last != nil && last.process == h.Process && last.link > h.Link {
		l.mu.Unlock()
		return nil
	}
	l.newest[h.Name] = next
	l.mu.Unlock()
	if last != nil && last.process == h.Process {
		last.conn.close(errSuperseded)
		<-last.gone
	}
	return next
}

func (k *caller) leave() { close(k.gone) }
