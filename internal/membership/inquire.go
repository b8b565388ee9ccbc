package membership

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// A refusal across a network proves nothing. A process that is refused therefore inquires of all other members, routers
// too, whether they reach the suspect, and takes it for Refused only if none does.
const (
	// reportTimeout is how long a witness has to report, besides two round trips.
	reportTimeout = 150 * time.Millisecond
	// witnessTimeout is how long a witness dials the suspect, besides two round trips. It is below reportTimeout, so that a
	// witness that the suspect does not answer still reports.
	witnessTimeout = 80 * time.Millisecond
	// resendInterval is how often an inquiry is sent again to those who have not reported: datagrams get lost.
	resendInterval = 50 * time.Millisecond
	// maxIncomplete is after how many inquiries in a row those who have reported decide alone.
	maxIncomplete = 2
	// inboxSize bounds the messages of other members that wait. When it is full they are dropped: inquiries are sent again,
	// and the state is exchanged every few seconds anyway.
	inboxSize = 256
)

// The messages between members. The first byte is the kind; state follows as in state.go, the others as
//
//	round uvarint | suspect's node | sender's node | reached u8 (a report only)      (texts: length uvarint, bytes)
const (
	kindInquiry = 1
	kindReport  = 2
	kindState   = 3
)

type message struct {
	kind    byte
	round   uint64
	suspect string
	from    string
	reached bool
	state   state
}

func (m *message) append(b []byte) []byte {
	b = appendText(appendText(binary.AppendUvarint(append(b, m.kind), m.round), m.suspect), m.from)
	if m.kind == kindReport {
		reached := byte(0)
		if m.reached {
			reached = 1
		}
		b = append(b, reached)
	}
	return b
}

func parseMessage(b []byte) (m message, err error) {
	if len(b) == 0 {
		return m, errState
	}
	if m.kind = b[0]; m.kind == kindState {
		m.state, err = parseState(b[1:])
		return m, err
	}
	r := &reader{b: b[1:]}
	m.round, m.suspect, m.from = r.number(), r.text(), r.text()
	if m.kind == kindReport {
		m.reached = r.number() == 1
	}
	return m, r.err
}

// inquiry is what the witnesses say of one suspect.
type inquiry struct {
	waiting map[string]other // witnesses that have not reported, by node
	reached bool
}

// newInquiry asks all members that answer, and the suspect itself, which is not waited for. Called with mu held.
func (r *roster) newInquiry(suspect string) *inquiry {
	q := &inquiry{waiting: make(map[string]other)}
	for node, o := range r.others {
		if node != suspect && o.reason == "" && !o.suspected && o.answer == answering {
			q.waiting[node] = o
		}
	}
	return q
}

// timeout is how long reports are waited for.
func (p *round) timeout() time.Duration {
	var longest time.Duration
	for _, q := range p.inquiries {
		for _, o := range q.waiting {
			longest = max(longest, o.roundTrip)
		}
	}
	return reportTimeout + 2*longest
}

// inquire sends the round's inquiries to all who have not reported.
func (g *Gossip) inquire(list *memberlist.Memberlist, p *round) {
	for suspect, q := range p.inquiries {
		b := (&message{kind: kindInquiry, round: p.number, suspect: suspect, from: g.settings.Name}).append(nil)
		for node, o := range q.waiting {
			g.send(list, node, o, b)
		}
		g.send(list, suspect, p.suspects[suspect], b)
	}
}

func (g *Gossip) send(list *memberlist.Memberlist, node string, to other, b []byte) {
	if err := list.SendBestEffort(gossipNode(node, to), b); err != nil {
		g.logger.Debug("gossip: message", "member", to.Name, "error", err)
	}
}

func gossipNode(node string, o other) *memberlist.Node {
	return &memberlist.Node{Name: node, Addr: net.IP(o.gossip.Addr().AsSlice()), Port: o.gossip.Port()}
}

// pending reports whether reports are outstanding.
func (p *round) pending() bool {
	for _, q := range p.inquiries {
		if len(q.waiting) > 0 && !q.reached {
			return true
		}
	}
	return false
}

// hear notes a report.
func (p *round) hear(m message) {
	if q := p.inquiries[m.suspect]; q != nil && m.round == p.number {
		q.reached = q.reached || m.reached
		delete(q.waiting, m.from)
	}
}

// excuse ends the wait for a witness that turned out not to answer.
func (p *round) excuse(node string) {
	for _, q := range p.inquiries {
		delete(q.waiting, node)
	}
}

// serve answers the inquiries of others and takes over their state, until ctx ends. Inquiries about one suspect share a dial.
func (g *Gossip) serve(ctx context.Context, list *memberlist.Memberlist) {
	var wg sync.WaitGroup
	defer wg.Wait()
	type outcome struct {
		suspect string
		answer  answer
	}
	asked := make(map[string][]message)
	done := make(chan outcome)
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-g.inbox:
			switch {
			case m.kind == kindState:
				g.merge(m.state)
				g.tellChanges()
			case m.suspect == g.settings.Name:
				g.report(list, m, true)
			case len(asked[m.suspect]) > 0:
				if len(asked[m.suspect]) < inboxSize {
					asked[m.suspect] = append(asked[m.suspect], m)
				}
			default:
				o, ok := g.node(m.suspect)
				if !ok {
					g.report(list, m, false)
					continue
				}
				asked[m.suspect] = []message{m}
				wg.Go(func() {
					c := check{node: m.suspect, other: o}
					g.dial(ctx, &c, witnessTimeout+2*o.roundTrip)
					select {
					case done <- outcome{m.suspect, c.answer}:
					case <-ctx.Done():
					}
				})
			}
		case d := <-done:
			for _, m := range asked[d.suspect] {
				g.report(list, m, d.answer == answering)
			}
			delete(asked, d.suspect)
			if d.answer == refusing || d.answer == ended {
				g.suspect(d.suspect)
			}
		}
	}
}

func (g *Gossip) report(list *memberlist.Memberlist, asked message, reached bool) {
	if to, ok := g.node(asked.from); ok {
		g.send(list, asked.from, to, (&message{kind: kindReport, round: asked.round, suspect: asked.suspect, from: g.settings.Name, reached: reached}).append(nil))
	}
}

// node returns the member of that node.
func (r *roster) node(node string) (other, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.others[node]
	return o, ok
}
