package simnet

import (
	"maps"
	"net/netip"
	"syscall"
	"time"
)

// maxResend bounds the time from the opening of a path until a held stream continues. TCP retries at doubling intervals,
// so the longer the cut, the later the retry.
const maxResend = 2 * time.Second

// Cut cuts the directions from each of from to each of to. Streams fall silent and datagrams are lost; nothing is reset.
func (n *Net) Cut(from, to []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each(from, to, func(p path) {
		if _, cut := n.cuts[p]; !cut {
			n.cuts[p] = time.Now()
		}
	})
}

// Partition cuts both directions between a and b.
func (n *Net) Partition(a, b []string) {
	n.Cut(a, b)
	n.Cut(b, a)
}

// Refuse puts a firewall between each of from and each of to, as seen by from: dials are refused, connections that from
// has dialled are reset at both ends, and datagrams are lost. Connections that to dials work: call Refuse for both
// directions to separate the two.
func (n *Net) Refuse(from, to []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each(from, to, func(p path) {
		n.errors[p] = syscall.ECONNREFUSED
		if h := n.hosts[p.from]; h != nil {
			h.resetDialled(p.to)
		}
	})
}

// resetDialled resets the connections that h has dialled to another host.
func (h *Host) resetDialled(to netip.Addr) {
	for e := range h.ends {
		if !e.dialled || e.there.Addr() != to {
			continue
		}
		for _, f := range []*flow{e.out, e.peerFlow()} {
			f.flight = f.flight[:0]
			f.send(segment{rst: true})
		}
	}
}

// FailDials makes dials from each of from to each of to fail at once with err, before anything is sent: EMFILE without
// descriptors, ENETUNREACH without a route. Connections and datagrams are not affected. ECONNREFUSED is Refuse's.
func (n *Net) FailDials(from, to []string, err syscall.Errno) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each(from, to, func(p path) { n.errors[p] = err })
}

// Heal ends every Cut, Partition, Refuse and FailDials. A held stream continues after at most the length of its cut.
func (n *Net) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.errors)
	cuts := n.cuts
	n.cuts = make(map[path]time.Time)
	n.reopen(cuts)
}

// Restore is Heal for the directions between any of a and any of b.
func (n *Net) Restore(a, b []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	cuts := make(map[path]time.Time)
	n.each(a, b, func(p path) {
		for _, p := range [2]path{p, p.back()} {
			delete(n.errors, p)
			if since, cut := n.cuts[p]; cut {
				cuts[p] = since
				delete(n.cuts, p)
			}
		}
	})
	n.reopen(cuts)
}

// reopen makes streams continue whose paths are cut no more since the times given.
func (n *Net) reopen(cuts map[path]time.Time) {
	for f := range n.held {
		if since, ok := cuts[f.path]; ok {
			f.pause = min(time.Since(since), maxResend)
		}
	}
	n.release()
}

// SetLink makes the directions from each of from to each of to behave like l from now on.
func (n *Net) SetLink(from, to []string, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each(from, to, func(p path) { n.links[p] = l })
}

// ResetLinks undoes every SetLink.
func (n *Net) ResetLinks() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.links)
}

func (n *Net) each(from, to []string, f func(path)) {
	for _, a := range from {
		for _, b := range to {
			if a != b {
				f(path{netip.MustParseAddr(a), netip.MustParseAddr(b)})
			}
		}
	}
}

// release makes everything that waits for a path try again.
func (n *Net) release() {
	close(n.opened)
	n.opened = make(chan struct{})
	for f := range maps.Clone(n.held) {
		f.resume()
	}
}

// Crash ends the process. Its kernel closes its connections, by a reset or by an end of the stream as the seed decides, and
// refuses dials to its ports. All that the process has open fails with net.ErrClosed.
func (h *Host) Crash() { h.die(false) }

// Lose ends the whole machine without a packet: dials to it wait until Host starts a new process there.
func (h *Host) Lose() { h.die(true) }

func (h *Host) die(silent bool) {
	n := h.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.dead {
		return
	}
	h.dead, h.off = true, silent
	close(h.done)
	for _, l := range h.listeners {
		l.shut(silent)
	}
	for _, p := range h.packets {
		p.shut()
	}
	for e := range maps.Clone(h.ends) {
		e.shut(silent, e.out.rng.IntN(2) == 0)
	}
}

// Pause keeps the process from the network like SIGSTOP: its reads, writes, accepts and dials wait, while its kernel
// accepts what arrives. Unlike SIGSTOP, its timers fire: the caller must stop what runs without the network.
func (h *Host) Pause() { h.setPaused(true) }

// Resume ends a Pause.
func (h *Host) Resume() { h.setPaused(false) }

func (h *Host) setPaused(paused bool) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.paused == paused {
		return
	}
	if h.paused = paused; paused {
		h.resumed = make(chan struct{})
	} else {
		close(h.resumed)
	}
	for _, l := range h.listeners {
		l.wait.Broadcast()
	}
	for _, p := range h.packets {
		p.wait.Broadcast()
	}
	for e := range h.ends {
		e.wait.Broadcast()
	}
}
