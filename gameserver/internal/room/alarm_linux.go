package room

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// overdue is after how long a worker that should be awake is woken by a timer of Go. The runtime looks at those whenever it changes
// the goroutine, but at descriptors only where no goroutine is ready, or after 10 ms.
const overdue = 500 * time.Microsecond

// kernelAlarm uses a timer of the kernel, which Go's poller watches: it is exact to a tenth of a millisecond.
type kernelAlarm struct {
	file *os.File
	fd   int
	raw  syscall.RawConn
	rung atomic.Bool
}

func newKernelAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	a := &kernelAlarm{file: os.NewFile(uintptr(fd), "timer"), fd: fd}
	if a.raw, err = a.file.SyscallConn(); err == nil {
		err = a.file.SetReadDeadline(time.Time{}) // fails where Go's poller does not take it
	}
	if err != nil {
		_ = a.file.Close()
		return nil, err
	}
	return a, nil
}

func (a *kernelAlarm) sleep(d time.Duration) {
	setTimer(uintptr(a.fd), d)
	_ = a.file.SetReadDeadline(time.Now().Add(d + overdue))
	if !a.rung.Load() { // a ring before set was lost; one after it ends the read
		_ = a.raw.Read(expired)
	}
	a.rung.Store(false)
}

func (a *kernelAlarm) ring() {
	a.rung.Store(true)
	_ = a.raw.Control(func(fd uintptr) { setTimer(fd, 0) }) // not once it is closed
}

// setTimer makes the timer expire after d.
func setTimer(fd uintptr, d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))} // 0 would stop it
	_, _, _ = unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// expired reports whether the timer has.
func expired(fd uintptr) bool {
	var times uint64
	_, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&times)), unsafe.Sizeof(times))
	return errno != unix.EAGAIN
}

func (a *kernelAlarm) close() { _ = a.file.Close() }
