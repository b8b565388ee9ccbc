package session

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
)

// What a client does not take waits in its outbox, where it is dropped for a keyframe, and not in the kernel.
func TestKernelHoldsLittleThatIsUnsent(t *testing.T) {
	s := overTCP(t, nil)
	c, g := s.enter()
	c.narrow()
	room := &feed{conn: g.conn}
	const frame = 1000
	eventually(t, "overflow", func() bool {
		room.tick(frame)
		return s.drops() > 0
	})
	raw, err := network.TCP(g.conn.conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	unsent := 0
	if err := raw.Control(func(fd uintptr) { unsent, err = unix.IoctlGetInt(int(fd), 0x894b) }); err != nil { // SIOCOUTQNSD
		t.Fatal(err)
	}
	if unsent > sendBuffer { // it counts whole segments, which are of 32 KB on a loopback interface; without the limit it holds twice sendBuffer
		t.Errorf("the kernel holds %d bytes that are not sent", unsent)
	}
}
