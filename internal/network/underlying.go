package network

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// Underlying is the connection beneath one of crypto/tls. While it is attached to a stream, it passes calls on, and they may
// wait. While it is detached, no call waits: its owner feeds it what has come, and it sends what goes and keeps the rest.
//
// It relies on this of crypto/tls: a Read that ends with a temporary net.Error loses nothing and may be repeated, and every
// error of a Write is for ever. So Read answers ErrWouldBlock, and Write takes all that it is given, up to maxUnsent.
//
// A Read gives bytes of one record at most. Hence crypto/tls holds nothing of the record behind the one that it reads, and all
// that has come and is not decrypted yet is known here.
//
// Its methods are called by one goroutine at a time while it is detached; while it is attached, one may read and one write.
type Underlying struct {
	conn   net.Conn // attached to; nil: detached
	stream net.Conn // conn, with cheaper reads and writes where there are any
	send   func(b []byte) (int, error)

	in      []byte // came, and is not taken by crypto/tls yet
	header  [recordHeader]byte
	begun   int // bytes of header that were taken
	left    int // bytes of the record behind its header that were not
	records int

	out []byte // was written and is not sent yet
}

const (
	recordHeader = 5 // type, version, length
	// maxUnsent bounds what a detached Underlying keeps: what its owner writes at once, and answers to key updates.
	maxUnsent = 64 << 10
)

// ErrWouldBlock says that nothing more can be read now. It is a temporary net.Error.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "network: nothing more has come" }
func (wouldBlock) Timeout() bool   { return false }
func (wouldBlock) Temporary() bool { return true }

var errUnsent = errors.New("network: the other side does not take the answers to its TLS messages")

// Underlie returns an Underlying that is attached to conn, from which the bytes of read have been read already.
func Underlie(conn net.Conn, read []byte) *Underlying {
	u := new(Underlying)
	u.Attach(conn, read)
	return u
}

// Attach goes on with conn. The bytes of read were read from it, and come behind those that are pending.
func (u *Underlying) Attach(conn net.Conn, read []byte) {
	u.conn, u.stream, u.send = conn, Raw(conn), nil
	u.in = append(bytes.Clone(u.in), read...)
}

// Detach goes on without the connection that it returns. send sends without waiting and returns how many bytes went; 0 is no error.
func (u *Underlying) Detach(send func(b []byte) (int, error)) net.Conn {
	conn := u.conn
	u.conn, u.stream, u.send = nil, nil, send
	return conn
}

// Feed gives a detached Underlying what has come. Nothing may be pending. b must not change until it was taken, or u is
// attached again.
func (u *Underlying) Feed(b []byte) { u.in = b }

// Pending is how many bytes have come and are not taken yet.
func (u *Underlying) Pending() int { return len(u.in) }

// Records is how many records have begun to be taken.
func (u *Underlying) Records() int { return u.records }

// Unsent is how many bytes were written and are not sent.
func (u *Underlying) Unsent() int { return len(u.out) }

// NetConn is what u is attached to; nil if it is detached.
func (u *Underlying) NetConn() net.Conn { return u.conn }

func (u *Underlying) Read(p []byte) (int, error) {
	if len(u.in) == 0 {
		return u.receive(p)
	}
	n := u.take(u.in[:min(len(p), len(u.in))])
	copy(p, u.in[:n])
	if u.in = u.in[n:]; len(u.in) == 0 {
		u.in = nil
	}
	return n, nil
}

// receive reads into p and keeps what is behind the record.
func (u *Underlying) receive(p []byte) (int, error) {
	if u.conn == nil {
		return 0, ErrWouldBlock
	}
	got, err := u.stream.Read(p)
	n := u.take(p[:got])
	if n < got {
		u.in, err = bytes.Clone(p[n:got]), nil // an error comes again
	}
	return n, err
}

// take counts the first bytes of b that are of one record.
func (u *Underlying) take(b []byte) (n int) {
	if u.left == 0 {
		n = copy(u.header[u.begun:], b)
		if u.begun += n; u.begun < recordHeader {
			return n
		}
		u.begun, u.left = 0, int(u.header[3])<<8|int(u.header[4])
		u.records++
	}
	rest := min(len(b)-n, u.left)
	u.left -= rest
	return n + rest
}

// Write of a detached Underlying sends what goes and keeps the rest.
func (u *Underlying) Write(b []byte) (int, error) {
	if u.conn != nil {
		if len(u.out) > 0 {
			kept := u.out
			u.out = nil
			if _, err := u.stream.Write(kept); err != nil {
				return 0, err
			}
		}
		return u.stream.Write(b)
	}
	sent := 0
	if len(u.out) == 0 {
		var err error
		if sent, err = u.send(b); err != nil {
			return sent, err
		}
	}
	if rest := b[sent:]; len(rest) > 0 {
		if len(u.out)+len(rest) > maxUnsent {
			return sent, errUnsent
		}
		u.out = append(u.out, rest...)
	}
	return len(b), nil
}

// Flush of a detached Underlying sends what goes of the bytes that it keeps.
func (u *Underlying) Flush() error {
	if len(u.out) == 0 {
		return nil
	}
	n, err := u.send(u.out)
	if u.out = u.out[n:]; len(u.out) == 0 {
		u.out = nil
	}
	return err
}

// Close closes the stream that u is attached to.
func (u *Underlying) Close() error {
	if u.conn == nil {
		return net.ErrClosed
	}
	return u.conn.Close()
}

// LocalAddr is the stream's; nil if u is detached.
func (u *Underlying) LocalAddr() net.Addr {
	if u.conn == nil {
		return nil
	}
	return u.conn.LocalAddr()
}

// RemoteAddr is the stream's; nil if u is detached.
func (u *Underlying) RemoteAddr() net.Addr {
	if u.conn == nil {
		return nil
	}
	return u.conn.RemoteAddr()
}

// SetDeadline sets the stream's; a detached Underlying never waits and needs none.
func (u *Underlying) SetDeadline(t time.Time) error { return u.deadline(net.Conn.SetDeadline, t) }

// SetReadDeadline is as SetDeadline.
func (u *Underlying) SetReadDeadline(t time.Time) error {
	return u.deadline(net.Conn.SetReadDeadline, t)
}

// SetWriteDeadline is as SetDeadline.
func (u *Underlying) SetWriteDeadline(t time.Time) error {
	return u.deadline(net.Conn.SetWriteDeadline, t)
}

func (u *Underlying) deadline(set func(net.Conn, time.Time) error, t time.Time) error {
	if u.conn == nil {
		return nil
	}
	return set(u.conn, t)
}

// TCP is the TCP connection beneath conn; nil: there is none.
func TCP(conn net.Conn) *net.TCPConn {
	for {
		switch c := conn.(type) {
		case *net.TCPConn:
			return c
		case interface{ NetConn() net.Conn }: // TLS, and what Raw returns
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// TLSListener is tls.NewListener with an Underlying beneath each connection.
func TLSListener(l net.Listener, config *tls.Config) net.Listener { return &tlsListener{l, config} }

type tlsListener struct {
	net.Listener
	config *tls.Config
}

func (l *tlsListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(Underlie(c, nil), l.config), nil
}
