package replication

import (
	"errors"
	"sync"
)

// callers knows the newest link that each server has dialled. Older links may still deliver: the network can bring what was
// sent on them seconds after their dialler has given them up. A room's old ticks must not come after those of the newer link.
//
// Size: one entry for each server name that has proved itself; a new process of the name replaces the old one.
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

// admit registers a link that h announces. It closes the one before and waits until nothing more of it will be handled: that is an older
// one, or one of another process, which has ended as a rule. If it is the newer process after all, it dials again.
// nil: h is older than a link of its process that was admitted. The caller calls leave when the link's handling has ended.
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
	if last != nil {
		last.conn.close(errSuperseded)
		<-last.gone
	}
	return next
}

func (k *caller) leave() { close(k.gone) }
