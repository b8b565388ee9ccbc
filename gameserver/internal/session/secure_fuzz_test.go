//go:build linux

package session

import (
	"crypto/tls"
	"net"
	"testing"
)

// FuzzPolledTLS: whatever records a client sends, cut anywhere, its connection is polled on or ends once, and another client is served.
func FuzzPolledTLS(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 2, 1, 3, 9, 0, 2})
	f.Add([]byte{4, 0, 0, 1})
	f.Add([]byte{5, 2, 7, 200, 0, 1})
	f.Add([]byte{6, 22, 0, 1, 6, 21, 0, 1})
	f.Add([]byte{0x80, 1, 0x81, 0, 0x82, 3, 0x80, 2})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s := byHand(t)
		other, unharmed := s.enterPolled()
		version := uint16(tls.VersionTLS13)
		if len(steps) > 0 && steps[0]&0x80 != 0 {
			version = tls.VersionTLS12
		}
		s.dialSealed(version)
		c, g := s.enterPolled()
		r := sealedOf(c)
		c.discard()
		var kept []byte // of a record that was cut
		for ; len(steps) >= 2; steps = steps[2:] {
			b := kept
			kept = nil
			b = append(b, r.fuzzed(steps[0]&0xf, steps[1])...)
			if cut := int(steps[0] >> 4 & 7); cut > 0 && cut < len(b) {
				b, kept = b[:len(b)-cut], b[len(b)-cut:]
			}
			if _, err := r.NetConn().Write(b); err != nil {
				break
			}
			g.conn.QueueEvent([]byte("event"))
			s.admission.tick()
		}
		_ = r.NetConn().(*net.TCPConn).SetLinger(0)
		_ = r.NetConn().Close()
		s.until("the client is gone", func() bool { return s.server.Connections() == 1 })
		if n := g.noted(); n[max(0, len(n)-4):] != "lost" && n[max(0, len(n)-5):] != "leave" {
			t.Errorf("occupant noted %q", n)
		}
		other.message(input(1))
		s.until("the other is served", func() bool { return unharmed.noted() == "input:1" })
		s.gone(other, unharmed)
	})
}

// fuzzed is what a step sends.
func (s *sealed) fuzzed(op, arg byte) []byte {
	switch op {
	case 0:
		return s.record(recordData, masked(finBit|opBinary, input(1)))
	case 1:
		frame := masked(finBit|opBinary, custom("custom"))
		cut := int(arg) % len(frame)
		return append(s.record(recordData, frame[:cut]), s.record(recordData, frame[cut:])...)
	case 2:
		if s.old {
			return s.record(recordHandshake, []byte{arg, 0, 0, 0})
		}
		return s.keyUpdate(arg)
	case 3:
		return s.record(recordAlert, []byte{alertWarning, arg})
	case 4:
		b := s.record(recordData, masked(finBit|opBinary, input(2)))
		b[int(arg)%len(b)] ^= 1
		return b
	case 5:
		return []byte{arg, 3, 3, arg, arg, arg}
	case 6:
		return s.record(arg, []byte{24, 0, 0, 1, arg})
	case 7:
		return s.record(recordData, make([]byte, int(arg)*60))
	case 8:
		return s.record(recordHandshake, []byte{24, 0, 0, arg}[:1+arg%4])
	}
	return nil
}
