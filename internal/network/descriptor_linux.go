package network

import (
	"io"
	"net"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Descriptor is a TCP socket in non-blocking mode that Go's poller does not know: no goroutine can wait for it, and none is woken by
// it. Its system calls are raw: they do not wait, so the scheduler need not hear of them.
type Descriptor int

// Duplicate makes another descriptor of conn's socket. The caller closes conn.
func Duplicate(conn *net.TCPConn) (Descriptor, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fd int
	var failed error
	if err = raw.Control(func(original uintptr) { fd, failed = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0) }); err == nil {
		err = os.NewSyscallError("duplicate", failed)
	}
	return Descriptor(fd), err
}

// Receive is one system call. 0 bytes and no error: nothing has come; io.EOF: the other side has ended.
func (d Descriptor) Receive(b []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(d), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return 0, nil
		case errno != 0:
			return 0, os.NewSyscallError("recvfrom", errno)
		case n == 0:
			return 0, io.EOF
		default:
			noteReceive()
			return int(n), nil
		}
	}
}

// Send is one system call: 0 and no error when the socket is full.
func (d Descriptor) Send(b []byte) (int, error) {
	noteSend()
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(d), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("sendto", errno)
		}
	}
}
