package session

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

const (
	// recordSize bounds the payload of a TLS record. What was made a record must be sent, however old it gets, so a client that takes
	// little gets small ones. A tick's frame is smaller.
	recordSize = unsentLimit
	// recordsPerMessage is how many TLS records with data a client may send for each message of proto.MaxMessageRate. Clients send one, and
	// what is between may cut it. A record without data, such as a key update, costs the tick as much as a message, and counts as one.
	recordsPerMessage = 4
)

// secure is a descriptor whose bytes are TLS records. crypto/tls never waits for it: network.Underlying says how.
type secure struct {
	descriptor
	tls     *tls.Conn
	beneath *network.Underlying
	more    bool // crypto/tls may have bytes that are decrypted
	records int  // how many were counted
	cost    int  // of those, in parts of a message
	rate    rate
}

// newSecure takes t, whose Underlying is attached to socket, over. Nothing may be reading or writing.
func newSecure(t *tls.Conn, socket *net.TCPConn) (*secure, error) {
	fd, err := newDescriptor(socket)
	if err != nil {
		return nil, err
	}
	u := t.NetConn().(*network.Underlying)
	_ = u.Detach(fd.send).Close()
	return &secure{descriptor: fd, tls: t, beneath: u, more: true, records: u.Records()}, nil
}

// receive implements pollable. An error may come with bytes that came before.
func (s *secure) receive(b *incoming, p []byte) (n int, more bool, waited time.Duration, err error) {
	if s.beneath.Pending() == 0 {
		var got int
		if got, more, waited, err = s.descriptor.receive(b, b.sealed[:]); err != nil {
			return 0, false, 0, err
		}
		switch {
		case got > 0:
			s.beneath.Feed(b.sealed[:got])
		case !s.more:
			return 0, false, 0, nil
		}
	}
	for n < len(p) {
		var got int
		got, err = s.tls.Read(p[n:])
		n += got
		if s.more = err == nil; err == network.ErrWouldBlock {
			err = nil
		}
		if !s.count(got) {
			err = &proto.Refusal{Code: proto.CloseRate}
		}
		if err != nil || !s.more {
			break
		}
		if n < len(p) && s.beneath.Pending() == 0 { // all of the record was read
			s.more = false
			break
		}
	}
	return n, more || s.more || s.beneath.Pending() > 0, waited, err
}

// count counts the records of a Read that gave n bytes; false: there are too many.
func (s *secure) count(n int) bool {
	taken, data := s.beneath.Records()-s.records, min(n, 1)
	s.records += taken
	s.cost = max(s.cost+data+recordsPerMessage*(taken-data), -recordsPerMessage)
	for ; s.cost >= recordsPerMessage; s.cost -= recordsPerMessage {
		if !s.rate.take(time.Now()) {
			return false
		}
	}
	return true
}

// send implements pollable: it takes no more bytes than make a record once all before it is sent. A client that keeps up costs one
// system call.
func (s *secure) send(b []byte) (n int, err error) {
	if err = s.beneath.Flush(); err != nil {
		return 0, err
	}
	for n < len(b) && s.beneath.Unsent() == 0 {
		taken, err := s.tls.Write(b[n:min(n+recordSize, len(b))])
		n += taken
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// unsent implements pollable.
func (s *secure) unsent() int { return s.beneath.Unsent() }

// conn implements pollable.
func (s *secure) conn() (net.Conn, error) {
	socket, err := s.descriptor.conn()
	if err != nil {
		return nil, err
	}
	s.beneath.Attach(socket, nil)
	return s.tls, nil
}
