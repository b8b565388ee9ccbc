package room

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// sleepy is a client whose socket the room's poller watches.
type sleepy struct {
	testClient
	socket int
	watch  network.Watch
	woken  int
}

func (s *sleepy) Poll(p *network.Poller) {
	if !s.watch.Asleep() {
		s.woken++
		_, _ = unix.Read(s.socket, make([]byte, 16))
		p.Sleep(&s.watch, s.socket)
	}
}

// Each tick begins with a look at which of the quiet clients have sent something. The end of the room ends the watching.
func TestRoomWakesQuietClients(t *testing.T) {
	withPool(t, testConfig(), func(h *harness) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fds[0])
		defer unix.Close(fds[1])
		r, c := h.start(20, 2), &sleepy{socket: fds[0]}
		if _, err := r.QueueJoin(Join{Player: "ann", Client: c}); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Second)
		if c.woken != 1 || !c.watch.Asleep() {
			t.Fatalf("a client that says nothing was woken %d times", c.woken)
		}
		_, _ = unix.Write(fds[1], []byte("x"))
		h.pass(50 * time.Millisecond)
		if c.woken != 2 {
			t.Errorf("it was woken %d times when it had sent something", c.woken)
		}
		r.QueueStop(proto.CloseEnded, "")
		h.pass(50 * time.Millisecond)
		if c.watch.Asleep() {
			t.Error("the room has ended and its poller is open")
		}
	})
}
