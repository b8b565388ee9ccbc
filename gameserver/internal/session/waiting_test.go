package session

import (
	"context"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// A client that waits for its room is neither silent nor too eager, however long it takes; its pings are answered then.
func TestWaitingForTheRoom(t *testing.T) {
	const wait = 2 * proto.SilenceTimeout
	bubble(t, nil, func(t *testing.T, s *setup) {
		s.admission.enter = func(_ context.Context, room proto.RoomID, hello proto.Hello, c *Conn) (Occupant, error) {
			if hello.Flags != proto.HelloWait {
				t.Errorf("flags %#x", hello.Flags)
			}
			time.Sleep(wait)
			return &testOccupant{conn: c}, nil
		}
		c := s.connect()
		c.message(proto.Hello{Versions: proto.Spoken(), Flags: proto.HelloWait, Resume: []byte("token")}.Append(nil))
		go func() { // its writes wait in the pipe, as they would in the socket's buffer
			for i := range uint64(3) {
				c.message(proto.Ping{Micros: i}.Append(nil))
			}
		}()
		began := time.Now()
		for i := range uint64(3) {
			k, body := c.record()
			if p, err := proto.ParsePong(body); k != proto.KindPong || err != nil || p.Micros != i {
				t.Errorf("%v %+v %v, want pong %d", k, p, err, i)
			}
		}
		if took := time.Since(began); took != wait {
			t.Errorf("the pongs came after %v, want %v", took, wait)
		}
	})
}

// A room that moves says so in events, and then closes: the records arrive before the close frame, and no error record.
func TestPrepareMovedAndClose(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		moved := proto.Moved{URL: "ws://b/v1/rooms/r/connect", Server: "gs-1", WithinMs: 2000}
		g.conn.QueueEvent(proto.Prepare{Moved: moved}.Append(nil))
		g.conn.QueueEvent(moved.Append(nil))
		g.conn.Close(proto.CloseMoved, "")
		for _, want := range []proto.Kind{proto.KindPrepare, proto.KindMoved} {
			if k, _ := c.record(); k != want {
				t.Errorf("%v, want %v", k, want)
			}
		}
		c.closeFrame(proto.CloseMoved)
	})
}

// The same for a client that waits: Admission refuses it with the place where the room is.
func TestAWaitingClientIsSentOn(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		moved := proto.Moved{URL: "ws://b/v1/rooms/r/connect", Server: "gs-1"}
		s.admission.enter = func(context.Context, proto.RoomID, proto.Hello, *Conn) (Occupant, error) {
			time.Sleep(time.Second)
			return nil, &proto.Refusal{Code: proto.CloseMoved, Moved: &moved}
		}
		c := s.connect()
		c.message(helloRecord)
		k, body := c.record()
		if m, err := proto.ParseMoved(body); k != proto.KindMoved || err != nil || m != moved {
			t.Errorf("%v %+v %v", k, m, err)
		}
		c.closeFrame(proto.CloseMoved)
	})
}
