package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/proto"
)

// bubble runs f against a Server over net.Pipe with a clock of its own.
func bubble(t *testing.T, set func(*Config), f func(t *testing.T, s *setup)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := overPipes(t, set)
		f(t, s)
		s.stop()
	})
}

func input(first proto.Seq) []byte {
	return proto.Input{First: first, Count: 1, Samples: []byte{1}}.Append(nil)
}

func custom(s string) []byte { return proto.Custom{Payload: []byte(s)}.Append(nil) }

func TestRecordsReachTheOccupant(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c := s.connect()
		c.message(proto.AppendRecord(nil, 0x7f, []byte("from the future")), helloRecord, input(1))
		g := <-s.admission.entered
		c.message(input(2), proto.AppendRecord(nil, 0x20, nil), custom("a"))
		c.message()
		c.message(custom("b"), proto.Leave{}.Append(nil), custom("too late"))
		c.closeFrame(proto.CloseLeft)
		if got := g.noted(); got != "input:1 input:2 custom:a custom:b leave" {
			t.Errorf("occupant noted %q", got)
		}
		if n := s.closedBy(proto.CloseLeft); n != 1 {
			t.Errorf("closed as left: %d", n)
		}
		m := s.server.config.Metrics
		if n := testutil.ToFloat64(m.RecvBytes); int(n) != c.sent {
			t.Errorf("received %v bytes, the client sent %d", n, c.sent)
		}
		if n := testutil.ToFloat64(m.SentBytes); int(n) != c.received {
			t.Errorf("sent %v bytes, the client received %d", n, c.received)
		}
	})
}

func TestPing(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, _ := s.enter()
		c.message(proto.Ping{Micros: 42}.Append(nil))
		k, body := c.record()
		p, err := proto.ParsePong(body)
		if k != proto.KindPong || err != nil || p.Micros != 42 || p.Server != uint64(time.Now().UnixMicro()) {
			t.Errorf("%#x %+v %v", k, p, err)
		}
		c.send(masked(finBit|0x9, []byte("echo me")))
		if f := c.frame(); f.op != 0xa || string(f.payload) != "echo me" {
			t.Errorf("ping answered with %+v", f)
		}
	})
}

// bad is what a client does wrong, and what it is told.
var bad = []struct {
	name  string
	hello bool // said before
	send  []byte
	code  proto.CloseCode
	text  string
}{
	{"input before hello", false, masked(0x82, input(1)), proto.CloseNoHello, "record 0x2 came before hello"},
	{"first message is empty", false, masked(0x82, nil), proto.CloseNoHello, "say hello first"},
	{"first message is unknown", false, masked(0x82, []byte{0x7f, 0}), proto.CloseNoHello, "say hello first"},
	{"hello is cut", false, masked(0x82, helloRecord[:6]), proto.CloseMalformed, "cut short"},
	{"hello of later versions", false, masked(0x82, proto.Hello{Versions: proto.Versions{Newest: 9, Oldest: 8}, Ticket: "t"}.Append(nil)),
		proto.CloseVersion, "it speaks version 1, the client 8 to 9"},
	{"second hello", true, masked(0x82, helloRecord), proto.CloseMalformed, "second hello"},
	{"text", true, masked(0x81, []byte("hi")), proto.CloseMalformed, "text"},
	{"input is cut", true, masked(0x82, []byte{byte(proto.KindInput), 1, 1}), proto.CloseMalformed, "input"},
	{"record is cut", true, masked(0x82, []byte{byte(proto.KindInput), 9, 1}), proto.CloseMalformed, "cut short"},
	{"ping with trailing bytes", true, masked(0x82, append([]byte{byte(proto.KindPing), 9}, make([]byte, 9)...)),
		proto.CloseMalformed, "ping"},
	{"too large", true, masked(0x82, make([]byte, proto.MaxClientMessage+1))[:14],
		proto.CloseTooLarge, "over 8192 bytes"},
	{"too large in parts", true, append(masked(0x02, make([]byte, proto.MaxClientMessage)), masked(0x80, []byte{1})...),
		proto.CloseTooLarge, "over 8192 bytes"},
	{"unmasked", true, []byte{0x82, 0x01, 0x00}, proto.CloseMalformed, "RFC 6455"},
	{"reserved bit", true, masked(0xc2, []byte{1}), proto.CloseMalformed, "RFC 6455"},
	{"reserved opcode", true, masked(0x83, []byte{1}), proto.CloseMalformed, "RFC 6455"},
	{"continuation of nothing", true, masked(0x80, []byte{1}), proto.CloseMalformed, "RFC 6455"},
	{"long ping", true, masked(0x89, make([]byte, 126)), proto.CloseMalformed, "RFC 6455"},
	{"length of 2^64-1", true, []byte{0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0},
		proto.CloseMalformed, "impossible"},
	{"length of 2^64-1 before hello", false, []byte{0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0},
		proto.CloseMalformed, "impossible"},
	{"panic in the room", true, masked(0x82, custom("panic")), proto.CloseInternal, "server failed"},
}

func TestBadInput(t *testing.T) {
	for _, b := range bad {
		t.Run(b.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, s *setup) {
				other, unharmed := s.enter()
				c := s.connect()
				var g *testOccupant
				if b.hello {
					c.message(helloRecord)
					g = <-s.admission.entered
				}
				go func() { _, _ = c.conn.Write(b.send) }() // the server may close before it has read all
				if text := c.closed(b.code); !strings.Contains(text, b.text) {
					t.Errorf("text is %q, want %q", text, b.text)
				}
				if err := c.end(); err != io.EOF {
					t.Errorf("reading ends with %v", err)
				}
				_ = c.conn.Close() // TLS says that it ends before the socket is closed
				synctest.Wait()
				if g != nil && g.noted() != "lost" {
					t.Errorf("occupant noted %q", g.noted())
				}
				if s.closedBy(b.code) != 1 || s.server.Connections() != 1 {
					t.Errorf("closed %d, connections left %d", s.closedBy(b.code), s.server.Connections())
				}
				other.message(input(1))
				synctest.Wait()
				if unharmed.noted() != "input:1" {
					t.Errorf("the other client's occupant noted %q", unharmed.noted())
				}
			})
		})
	}
}

func TestFrameCutShort(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		b := masked(0x82, input(1))
		c.send(b[:len(b)-1])
		_ = c.conn.Close()
		synctest.Wait()
		if g.noted() != "lost" || s.server.Connections() != 0 {
			t.Errorf("occupant noted %q, connections %d", g.noted(), s.server.Connections())
		}
	})
}

func TestClientCloses(t *testing.T) {
	for _, payload := range []string{"", "\x03\xe8bye", "\x0f\xa0left"} {
		bubble(t, nil, func(t *testing.T, s *setup) {
			c, g := s.enter()
			c.send(masked(finBit|opClose, []byte(payload)))
			want := payload[:min(len(payload), 2)]
			if f := c.frame(); f.op != opClose || string(f.payload) != want {
				t.Errorf("close %q was answered with %+v", payload, f)
			}
			_ = c.end()
			_ = c.conn.Close()
			synctest.Wait()
			if g.noted() != "lost" || s.server.Connections() != 0 {
				t.Errorf("occupant noted %q, connections %d", g.noted(), s.server.Connections())
			}
		})
	}
}

func TestHelloTimeout(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		begin := time.Now()
		c := s.connect()
		time.Sleep(3 * time.Second)
		c.send(masked(0x89, nil)) // being busy is no hello
		c.frame()
		c.closed(proto.CloseNoHello)
		if took := time.Since(begin); took != proto.HelloTimeout {
			t.Errorf("closed after %v", took)
		}
	})
}

// A thousand connections that never say hello: beyond the limit the oldest of them are closed. A client that says hello
// meanwhile is served, and all of them are gone after the time for a hello.
func TestThousandSilentConnections(t *testing.T) {
	const most = 100
	l := roomy
	l.Unentered = most
	bubble(t, func(c *Config) { c.Gate = gate(l) }, func(t *testing.T, s *setup) {
		good, _ := s.enter()
		var all []*client
		for range 1000 {
			all = append(all, s.connect())
		}
		s.enter()
		synctest.Wait()
		if n := s.server.Connections(); n != most+1 { // one went for the last to come, which entered
			t.Fatalf("%d connections, want %d", n, most+1)
		}
		left := all[1000-most+1:]
		for _, c := range all[:1000-most+1] {
			if _, err := c.readFrame(); err == nil {
				t.Fatal("a connection that should have been closed got a frame")
			}
		}
		for _, c := range left {
			c.closed(proto.CloseNoHello)
			_ = c.conn.Close()
		}
		synctest.Wait()
		if s.server.Connections() != 2 || s.closedBy(proto.CloseNoHello) != most-1 {
			t.Errorf("%d connections left, %d closed", s.server.Connections(), s.closedBy(proto.CloseNoHello))
		}
		good.message(proto.Ping{}.Append(nil))
		good.record()
		s.enter()
	})
}

func TestSilence(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, g := s.enter()
		c.ping()
		begin := time.Now()
		for range 7 { // 7 s apart: never silent for long, past several deadlines
			time.Sleep(7 * time.Second)
			c.send([]byte{0x8a}) // half a frame is a sign of life too
			c.send(masked(0x8a, nil)[1:])
		}
		c.closed(proto.CloseSilent)
		if took := time.Since(begin); took != 49*time.Second+proto.SilenceTimeout {
			t.Errorf("closed after %v", took)
		}
		_ = c.conn.Close()
		synctest.Wait()
		if g.noted() != "lost" {
			t.Errorf("occupant noted %q", g.noted())
		}
	})
}

func TestRateLimit(t *testing.T) {
	for name, frame := range map[string][]byte{
		"messages": masked(0x82, custom("x")), "empty messages": masked(0x82, nil), "pongs": masked(0x8a, nil),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, s *setup) {
				c, _ := s.enter() // one message
				for range proto.MaxMessageBurst - 1 {
					c.send(frame)
				}
				time.Sleep(time.Second)
				for range proto.MaxMessageRate {
					c.send(frame)
				}
				go func() { _, _ = c.conn.Write(frame) }()
				c.closed(proto.CloseRate)
			})
		})
	}
}

// A message of nothing but pings costs as much as so many messages: each is answered, and polled ones within a tick.
func TestPingsAreLimited(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c, _ := s.enter()
		ping := proto.Ping{Micros: 42}.Append(nil)
		frame := masked(0x82, bytes.Repeat(ping, proto.MaxMessageBurst))
		go func() { _, _ = c.conn.Write(frame) }()
		answers := 0
		for {
			k, _ := c.record()
			if k != proto.KindPong {
				if k != proto.KindError || answers > proto.MaxMessageBurst {
					t.Errorf("after %d answers came %#x", answers, k)
				}
				return
			}
			if answers++; answers == proto.MaxMessageBurst {
				t.Fatalf("%d pings of one message were answered", answers)
			}
		}
	})
}

func TestOccupantRefusesInput(t *testing.T) {
	for code, err := range map[proto.CloseCode]error{
		proto.CloseRate:  errors.New("queue is full"),
		proto.CloseEnded: proto.Refuse(proto.CloseEnded, "over"),
	} {
		bubble(t, nil, func(t *testing.T, s *setup) {
			c, g := s.enter()
			g.input = func(proto.Input) error { return err }
			c.message(input(1))
			if text := c.closed(code); text != err.Error() {
				t.Errorf("text is %q", text)
			}
		})
	}
}

func TestEnterRefuses(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		answer := error(proto.Refuse(proto.CloseTicket, "the ticket expired %d s ago", 3))
		s.admission.enter = func(_ context.Context, _ proto.RoomID, _ proto.Hello, _ *Conn) (Occupant, error) {
			var none *testOccupant // what a failing call of a function that returns *testOccupant leaves
			return none, answer
		}
		c := s.connect()
		c.message(helloRecord)
		if text := c.closed(proto.CloseTicket); text != "the ticket expired 3 s ago" {
			t.Errorf("text is %q", text)
		}

		answer = errors.New("disk on fire")
		c = s.connect()
		c.message(helloRecord)
		if text := c.closed(proto.CloseInternal); strings.Contains(text, "disk") {
			t.Errorf("the client is told %q", text)
		}

		moved := &proto.Moved{URL: "ws://there/v1/rooms/den/connect", Server: "there"}
		answer = &proto.Refusal{Code: proto.CloseMoved, Moved: moved}
		c = s.connect()
		c.message(helloRecord)
		k, body := c.record()
		if m, err := proto.ParseMoved(body); k != proto.KindMoved || err != nil || m != *moved {
			t.Errorf("record %#x %+v %v", k, m, err)
		}
		c.closeFrame(proto.CloseMoved)
	})
}

// Admission.Enter keeps parts of the hello, whose message's buffer is used again.
func TestHelloIsAdmissionsToKeep(t *testing.T) {
	bubble(t, nil, func(t *testing.T, s *setup) {
		c := s.connect()
		c.message(proto.Hello{Versions: proto.Spoken(), Ticket: "ticket", Resume: []byte("resume-token-000")}.Append(nil))
		g := <-s.admission.entered
		for range 50 {
			c.message(custom(strings.Repeat("x", 60)))
		}
		if string(g.hello.Resume) != "resume-token-000" || g.hello.Ticket != "ticket" {
			t.Errorf("hello is now %+v", g.hello)
		}
	})
}

// Stopping ends an Enter that waits, and tells everybody.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := overPipes(t, nil)
		c, g := s.enter()
		s.admission.enter = func(ctx context.Context, _ proto.RoomID, _ proto.Hello, _ *Conn) (Occupant, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		waits := s.connect()
		waits.message(helloRecord)
		silent := s.connect()
		synctest.Wait()
		stopped := make(chan struct{})
		go func() {
			s.stop()
			close(stopped)
		}()
		for _, c := range []*client{c, waits, silent} {
			c.closed(proto.CloseStopping)
		}
		<-stopped
		if g.noted() != "lost" || s.server.Connections() != 0 || s.closedBy(proto.CloseStopping) != 3 {
			t.Errorf("occupant noted %q, %d connections, %d closed", g.noted(), s.server.Connections(),
				s.closedBy(proto.CloseStopping))
		}
		checkProblem(t, s.serve(), 503, "stopping")
	})
}
