package membership

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// The state is what members exchange when one joins, every few seconds, and when one was forgotten:
//
//	standing u8 | complete u8 | known: count uvarint, each: node | metadata | gossip address | reason | age in ms, uvarint
//	            | forgotten: count uvarint, each: name | boot                  (texts: length uvarint, bytes)
//
// Standing and members travel together, so that a newcomer joins a quorum and learns in one step whom that counts. Only a complete
// state admits: memberlist does not tell a newcomer of a member that it suspects, and that one may lead rooms. Between members that
// have met, the gone ones do.
type state struct {
	standing  Standing
	complete  bool // known holds the present members too
	known     []knownNode
	forgotten map[ServerName]string
}

// knownNode is one member; without a reason it is present.
type knownNode struct {
	node   string
	member Member
	gossip netip.AddrPort
	reason Reason
	age    time.Duration
}

var errState = errors.New("membership state is cut short")

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes a message apart; after an error all it gives is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || r.err != nil {
		r.err = errState
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.number()
	if r.err != nil || n > uint64(len(r.b)) {
		r.err = errState
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (s *state) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(s.standing))
	complete := uint64(0)
	if s.complete {
		complete = 1
	}
	b = binary.AppendUvarint(b, complete)
	b = binary.AppendUvarint(b, uint64(len(s.known)))
	for _, g := range s.known {
		b = appendText(b, g.node)
		b = appendText(b, string(appendMetadata(nil, &g.member)))
		b = appendText(b, g.gossip.String())
		b = appendText(b, string(g.reason))
		b = binary.AppendUvarint(b, uint64(max(g.age.Milliseconds(), 0)))
	}
	b = binary.AppendUvarint(b, uint64(len(s.forgotten)))
	for name, boot := range s.forgotten {
		b = appendText(appendText(b, string(name)), boot)
	}
	return b
}

func parseState(b []byte) (s state, err error) {
	r := &reader{b: b}
	s.standing, s.complete, s.forgotten = Standing(r.number()), r.number() == 1, make(map[ServerName]string)
	for range r.number() {
		g := knownNode{node: r.text()}
		meta, address := r.text(), r.text()
		g.reason, g.age = Reason(r.text()), time.Duration(min(r.number(), maxNumber/1_000_000))*time.Millisecond
		if r.err != nil {
			return s, r.err
		}
		if g.member, err = parseMetadata([]byte(meta)); err != nil {
			return s, err
		}
		if g.gossip, err = netip.ParseAddrPort(address); err != nil {
			return s, err
		}
		if g.node != nodeName(&g.member) || !printable(string(g.reason), true) {
			return s, errState
		}
		s.known = append(s.known, g)
	}
	for range r.number() {
		name, boot := r.text(), r.text()
		if r.err != nil {
			break
		}
		if m := (Member{Name: ServerName(name), Boot: boot}); m.wellFormed() != nil {
			return s, errState
		}
		s.forgotten[ServerName(name)] = boot
	}
	return s, r.err
}

// state is what this process tells the others; complete: to one that joins.
func (r *roster) state(complete bool) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := state{standing: r.standing(), complete: complete, forgotten: r.forgotten}
	now := time.Now()
	for node, o := range r.others {
		switch {
		case !o.gossip.IsValid():
		case o.reason != "":
			s.known = append(s.known, knownNode{node, o.Member, o.gossip, o.reason, now.Sub(o.since)})
		case complete:
			s.known = append(s.known, knownNode{node: node, member: o.Member, gossip: o.gossip})
		}
	}
	return s.append(nil)
}

// farewell is the state in which this process is gone. Called once, at its end.
func (r *roster) farewell(node string, gossip netip.AddrPort) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := state{known: []knownNode{{node: node, member: r.self, gossip: gossip, reason: Left}}}
	return s.append([]byte{kindState})
}

// merge takes over what another member tells: proofs, forgotten members and, while this process depends on the others,
// the members that they know and their quorum. It makes a view of it.
func (r *roster) merge(s state) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, boot := range s.forgotten {
		r.hearForgotten(name, boot)
	}
	dependent := !r.admitted || !r.probation.IsZero()
	joins := !r.admitted && s.standing == HasQuorum && s.complete
	now := time.Now()
	for _, g := range s.known {
		last, known := r.others[g.node]
		switch {
		case g.member.Name == r.self.Name:
			if joins && g.reason != "" && !g.reason.proven() && g.member.Boot != r.self.Boot {
				r.probation = time.Time{} // all parts count this name
			}
		case known && g.reason.proven() && !last.reason.proven():
			last.leave(g.reason, now)
			r.others[g.node] = last
		case !known && dependent && r.forgotten[g.member.Name] != g.member.Boot:
			o := other{Member: g.member, gossip: g.gossip, reason: g.reason, since: now.Add(-g.age), lost: true, answer: silent}
			if o.reason == "" { // gossip has not told of it: a round of probes says whether it is there
				o.suspected = true
				if r.admitted {
					r.meet(&o, now)
				}
			}
			r.others[g.node] = o
		}
	}
	if joins {
		if former, ok := r.counted(r.self.Name); ok && former.probation.IsZero() {
			r.probation = time.Time{} // as above; gossip takes the former process for alive
		}
		r.admitted, r.joining, r.stable = true, true, true
	}
	r.refreshLocked(false)
}
