package network

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Raw returns conn with other reads and writes if it is a TCP connection, which Go keeps in non-blocking mode, and conn
// itself if not. Their system calls are not told to Go's scheduler, which has no need to hear of them, since they do not
// wait: with few processors it would take the caller's away in many a write, which delivers to another process of this
// machine within the call, and wake threads to give it back.
//
// One goroutine may read and one write at a time.
func Raw(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	socket, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	r := &rawConn{TCPConn: tcp, socket: socket}
	r.receive, r.send = r.in.receive, r.out.send
	return r
}

type rawConn struct {
	*net.TCPConn
	socket        syscall.RawConn
	in, out       transfer
	receive, send func(fd uintptr) bool // methods of in and out, bound once
}

// NetConn is the connection beneath.
func (c *rawConn) NetConn() net.Conn { return c.TCPConn }

// Plain reports whether conn is a TCP connection itself, or what Raw returns of one. A connection that wraps one, as for a client that
// speaks JSON, may read something else than what the peer sent.
func Plain(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *rawConn:
		return true
	}
	return false
}

// transfer is the argument and the result of one call.
type transfer struct {
	bytes []byte
	n     int
	err   error
}

func (c *rawConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.in.bytes = b
	err := c.socket.Read(c.receive)
	return c.in.end("read", c, err)
}

func (c *rawConn) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.out.bytes = b
	err := c.socket.Write(c.send)
	return c.out.end("write", c, err)
}

// end gives the result and makes t ready for the next call; err is why that could not go on.
func (t *transfer) end(op string, c *rawConn, err error) (int, error) {
	n := t.n
	switch {
	case err != nil || t.err == nil:
	case t.err == io.EOF:
		err = io.EOF
	default:
		err = &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: t.err}
	}
	*t = transfer{}
	return n, err
}

// receive reads once; false: nothing has come.
func (t *transfer) receive(fd uintptr) (done bool) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&t.bytes[0])), uintptr(len(t.bytes)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == unix.EAGAIN:
			return false
		case errno == unix.EINTR:
			continue
		case errno != 0:
			t.err = os.NewSyscallError("recvfrom", errno)
		case n == 0:
			t.err = io.EOF
		default:
			t.n = int(n)
		}
		noteReceive()
		return true
	}
}

// send writes what is left of the bytes; false: the socket is full.
func (t *transfer) send(fd uintptr) (done bool) {
	noteSend()
	for t.n < len(t.bytes) {
		rest := t.bytes[t.n:]
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			t.n += int(n)
		case unix.EAGAIN:
			return false
		case unix.EINTR:
		default:
			t.err = os.NewSyscallError("sendto", errno)
			return true
		}
	}
	return true
}
