package simnet

import (
	"maps"
	"net/netip"
	"time"
)

// maxResend bounds how long after a path has opened a stream goes on: TCP tries again at doubling intervals, so what was
// cut for long is tried late.
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

// Heal opens all that was cut. Streams go on with what was held back, after as long as the cut has lasted at most.
func (n *Net) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	cuts := n.cuts
	n.cuts = make(map[path]time.Time)
	for f := range n.held {
		if since, ok := cuts[f.path]; ok {
			f.pause = min(time.Since(since), maxResend)
		}
	}
	n.release()
}

// SetLink makes the directions from each of from to each of to behave as l from now on.
func (n *Net) SetLink(from, to []string, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.each(from, to, func(p path) { n.links[p] = l })
}

// ResetLinks takes all SetLinks back.
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

// release lets everything try again that waits for a path.
func (n *Net) release() {
	close(n.opened)
	n.opened = make(chan struct{})
	for f := range maps.Clone(n.held) {
		f.resume()
	}
}

// Crash ends the process: its kernel closes its connections, by a reset or by an end of the stream, as the seed has it,
// and refuses dials to its ports. All that the process has open fails with net.ErrClosed.
func (h *Host) Crash() { h.die(false) }

// Lose ends the whole machine: nobody hears of it, and dials to it wait, until Host starts a new process there.
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

// Pause keeps the process from the network, as if it had been stopped: its reads, writes, accepts and dials wait, while
// its kernel goes on taking what arrives. What the process does besides goes on.
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
