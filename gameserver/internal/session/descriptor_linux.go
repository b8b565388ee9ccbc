package session

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
)

// descriptor is a network.Descriptor whose kernel notes when segments arrive (SO_TIMESTAMPNS), so that it is known how long what is
// read had been waiting.
type descriptor int

// descriptors says that there are descriptors on this system.
const descriptors = true

// newDescriptor makes another descriptor of conn's socket. The caller closes conn.
func newDescriptor(conn *net.TCPConn) (descriptor, error) {
	if err := setOption(conn, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return 0, err
	}
	d, err := network.Duplicate(conn)
	return descriptor(d), err
}

func (d descriptor) number() int { return int(d) }

// conn makes a connection of the socket, which Go's poller knows again. d is closed, and is not to be used again, even
// after an error.
func (d descriptor) conn() (net.Conn, error) {
	_ = unix.SetsockoptInt(int(d), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 0)
	f := os.NewFile(uintptr(d), "client")
	defer f.Close()
	return net.FileConn(f)
}

// incoming is what one Poll needs, and may be used by others after it.
type incoming struct {
	bytes   [pollBuffer]byte
	sealed  [pollBuffer]byte // TLS records
	reads   int              // how many more calls of receive may make a system call
	control [8]uint64        // one control message: a time
	part    unix.Iovec
	message unix.Msghdr
}

func newIncoming() any { return new(incoming) }

// receive implements pollable with one system call.
func (d descriptor) receive(b *incoming, p []byte) (n int, more bool, waited time.Duration, err error) {
	if b.reads == 0 {
		return 0, false, 0, nil
	}
	b.reads--
	m := &b.message
	b.part.Base = &p[0]
	b.part.SetLen(len(p))
	m.Iov, m.Control = &b.part, (*byte)(unsafe.Pointer(&b.control))
	m.SetIovlen(1)
	for {
		m.SetControllen(int(unsafe.Sizeof(b.control)))
		got, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(d), uintptr(unsafe.Pointer(m)), unix.MSG_DONTWAIT)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return 0, false, 0, nil
		case errno != 0:
			return 0, false, 0, os.NewSyscallError("recvmsg", errno)
		case got == 0:
			return 0, false, 0, io.EOF
		default:
			return int(got), int(got) == len(p), b.waited(), nil
		}
	}
}

// waited is how long the bytes just received had been there: 0 if the kernel did not say, as for those that arrived
// before it was asked to. The clock may have been set meanwhile; no tick is longer than a second.
func (b *incoming) waited() time.Duration {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b.control))
	if int(b.message.Controllen) < unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))) ||
		h.Level != unix.SOL_SOCKET || h.Type != unix.SO_TIMESTAMPNS {
		return 0
	}
	t := (*unix.Timespec)(unsafe.Add(unsafe.Pointer(h), unix.CmsgLen(0)))
	return min(time.Second, max(0, time.Since(time.Unix(t.Unix()))))
}

// unsent implements pollable.
func (d descriptor) unsent() int { return 0 }

// send implements pollable with one system call.
func (d descriptor) send(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return network.Descriptor(d).Send(b)
}

// limitUnsent makes the kernel take no more once unsentLimit bytes wait for the client's window or for the network.
func limitUnsent(conn *net.TCPConn) error {
	return setOption(conn, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentLimit)
}

func setOption(conn *net.TCPConn, level, option, value int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, value) })
	return errors.Join(err, os.NewSyscallError("set an option of a socket", failed))
}
