package replication

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
)

// When a partition heals, the network delivers what was sent on a link that its dialler has given up, after the link that
// replaced it. It must not be taken for new state.
func TestSupersededLinkSaysNothing(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		if _, err := f.a.Query(f.t.Context(), "b", addrB, ownership.Query{Room: "r"}); err != nil {
			t.Fatal(err)
		}
		f.net.Cut([]string{ipA}, []string{ipB})
		old, lost := f.open("r")
		old.QueueKeyframe(5, []byte("old"), nil)
		f.a.Flush()
		time.Sleep(SilenceTimeout + time.Second)
		f.expect("the leader, cut off", lost, "lost: server does not answer")
		f.net.Heal()
		next, _ := f.open("r")
		next.QueueKeyframe(90, []byte("new"), nil)
		f.a.Flush()
		time.Sleep(30 * time.Second)
		next.QueueTick(91, []byte("tick"), nil)
		f.a.Flush()
		pass()
		f.expect("the replica", f.at.of("r"), "keyframe 90 new+", "tick 91 tick+")
		if len(f.at.opens) != 1 {
			t.Errorf("opened: %q", f.at.opens)
		}
	})
}

// A link whose handshake ends after that of a newer one is refused, unless it is from another process of the same name. That one ends the
// links of the process before: what the network still delivers of it must not be taken for the word of a leader that lives.
func TestLateLink(t *testing.T) {
	ended := func(k *caller) bool {
		select {
		case <-k.conn.closed:
			return true
		default:
			return false
		}
	}
	l := callers{newest: make(map[string]*caller)}
	admit := func(process, link uint64) *caller {
		x, y := net.Pipe()
		t.Cleanup(func() { x.Close(); y.Close() })
		k := l.admit(hello{Name: "a", Process: process, Link: link}, plain(x))
		if k != nil {
			k.leave() // nothing of it is being handled
		}
		return k
	}
	second := admit(7, 2)
	if first := admit(7, 1); first != nil || ended(second) {
		t.Errorf("a late link is admitted: %v, and the newer one is closed: %v", first != nil, ended(second))
	}
	third := admit(7, 3)
	if third == nil || !ended(second) {
		t.Errorf("a newer link is admitted: %v, and the older one is closed: %v", third != nil, ended(second))
	}
	if other := admit(8, 1); other == nil || !ended(third) {
		t.Errorf("another process is admitted: %v, and the first one's link is closed: %v", other != nil, ended(third))
	}
}

// A newer link waits until nothing more of the older one will be handled: what the older one has read already must not be
// applied after what the newer one brings.
func TestNewerLinkWaitsForTheOlderOnesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := callers{newest: make(map[string]*caller)}
		x, y := net.Pipe()
		older := l.admit(hello{Name: "a", Process: 7, Link: 1}, plain(x))
		admitted := make(chan *caller, 1)
		go func() { admitted <- l.admit(hello{Name: "a", Process: 7, Link: 2}, plain(y)) }()
		time.Sleep(time.Minute)
		select {
		case <-admitted:
			t.Fatal("the newer link is admitted while the older one is handled")
		default:
		}
		if !older.conn.over() {
			t.Error("the older link stays open")
		}
		older.leave()
		if (<-admitted) == nil {
			t.Error("the newer link is refused")
		}
		y.Close()
	})
}

// Links of a process are numbered upwards, and the handshake carries the number.
func TestLinksAreNumbered(t *testing.T) {
	dialler, acceptor := newIdentity(config(t, "a")), newIdentity(config(t, "b"))
	var links []uint64
	for range 3 {
		x, y := net.Pipe()
		done := make(chan secured, 1)
		go func() {
			s, err := acceptor.accept(y, time.Now().Add(dialTimeout))
			if err != nil {
				t.Error(err)
			}
			done <- s
		}()
		if _, err := dialler.dial(x, "b", time.Now().Add(dialTimeout)); err != nil {
			t.Fatal(err)
		}
		s := <-done
		links = append(links, s.hello.Link)
		if s.hello.Process != dialler.process || dialler.process == acceptor.process {
			t.Errorf("process %x, want %x", s.hello.Process, dialler.process)
		}
		x.Close()
		y.Close()
	}
	if !slices.Equal(links, []uint64{1, 2, 3}) {
		t.Errorf("links are numbered %v", links)
	}
}
