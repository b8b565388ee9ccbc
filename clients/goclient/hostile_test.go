package goclient

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// A frame whose length has its top bit set makes the library's reading panic: that costs the connection and no more.
func TestAHostileFrameCostsOneConnection(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.ws.NetConn().Write([]byte{0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		p.wait()
	})
	s.script(func(p *peer) {
		p.enter(r, proto.WelcomeResumed)
		p.refuse(proto.Error{Code: proto.CloseEnded})
		p.wait()
	})
	lost := make(chan error, 1)
	c := s.config()
	c.Events.Lost = func(_ *Client, err error) { lost <- err }
	run := dial(t, c, nil)
	if err := get(t, lost, "loss"); !errors.Is(err, errLost) {
		t.Errorf("lost for %v", err)
	}
	var closed *CloseError
	if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
		t.Errorf("Run returned %v", err)
	}
}

func TestATextMessageIsAViolation(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.hello()
		p.ws.WriteMessage(gws.OpcodeText, r.welcome(0))
		p.wait()
	})
	c := s.config()
	var seen []Violation
	c.Events.Violation = func(_ *Client, v Violation, _ string) { seen = append(seen, v) }
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.wait()
	})
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if len(seen) != 1 || seen[0] != BadMessage {
		t.Errorf("violations %v, want bad-message", seen)
	}
}

// A server that takes nothing holds a sender for writeTimeout and no longer.
func TestWritesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		var stats counters
		w := &wire{ours, &stats}
		go io.ReadFull(theirs, make([]byte, 3))
		if _, err := w.Write([]byte("abc")); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err := w.Write([]byte("def"))
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("error %v, want a timeout", err)
		}
		if took := time.Since(begin); took != writeTimeout {
			t.Errorf("the write took %v, want %v", took, writeTimeout)
		}
		if got := stats.bytesUp.Load(); got != 3 {
			t.Errorf("%d bytes are counted, want 3", got)
		}
	})
}
