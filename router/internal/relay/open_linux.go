package relay

import (
	"os"

	"golang.org/x/sys/unix"
)

// bellSlot is what events of a loop's bell have for a slot.
const bellSlot = -1

// open makes the loop's descriptors, once.
func (l *loop) open() (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gate != nil {
		return nil
	}
	var made []int
	defer func() {
		if err != nil {
			for _, fd := range made {
				_ = unix.Close(fd)
			}
		}
	}()
	for _, create := range []func() (int, error){
		func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) },
		func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) },
		func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) },
	} {
		fd, err := create()
		if err != nil {
			return os.NewSyscallError("make a loop", err)
		}
		made = append(made, fd)
	}
	gate, fd, bell := made[0], made[1], made[2]
	if err = unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, bell, &unix.EpollEvent{Events: unix.EPOLLIN | edgeTriggered, Fd: bellSlot}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	if err = unix.EpollCtl(gate, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	_ = unix.SetNonblock(gate, true) // so that Go's poller takes it
	l.gate, l.gateFD, l.fd, l.bell = os.NewFile(uintptr(gate), "epoll"), gate, fd, bell
	close(l.opened)
	return nil
}

// arm has gate tell once that there are events, or that there have been.
func (l *loop) arm() {
	_ = unix.EpollCtl(l.gateFD, unix.EPOLL_CTL_MOD, l.fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT})
}

// stop ends the loop's run.
func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gate != nil {
		_ = l.gate.Close()
	}
}

// close closes what is left. The loop has ended.
func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gate != nil {
		_, _ = unix.Close(l.fd), unix.Close(l.bell)
	}
}
