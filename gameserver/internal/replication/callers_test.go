package replication

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"
)

// What was sent on a link that its dialler gave up arrives when the network is whole again, after the link that took its
// place: it must not be taken for the news.
func TestSupersededLinkSaysNothing(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		if _, err := f.a.Claim(context.Background(), "b", addrB, "r"); err != nil {
			t.Fatal(err)
		}
		f.net.Cut([]string{ipA}, []string{ipB})
		old, lost := f.follow("r")
		old.QueueKeyframe(5, []byte("old"), nil)
		f.a.Flush()
		time.Sleep(SilenceTimeout + time.Second)
		f.expect("the leader, cut off", lost, "lost: server does not answer")
		f.net.Heal()
		next, _ := f.follow("r")
		next.QueueKeyframe(90, []byte("new"), nil)
		f.a.Flush()
		time.Sleep(30 * time.Second)
		next.QueueTick(91, []byte("tick"), nil)
		f.a.Flush()
		pass()
		f.expect("the copy", f.at.of("r"), "keyframe 90 new+", "tick 91 tick+")
		if len(f.at.opens) != 1 {
			t.Errorf("opened: %q", f.at.opens)
		}
	})
}

// A link whose handshake ends after that of a later one is refused; another process of the name is another matter.
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
	if other := admit(8, 1); other == nil || ended(third) {
		t.Errorf("another process is admitted: %v, and the first one's link is closed: %v", other != nil, ended(third))
	}
}

// Each link of a process has a number above those before it, and the handshake carries it.
func TestLinksAreNumbered(t *testing.T) {
	dialler, acceptor := newIdentity(config("a")), newIdentity(config("b"))
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
