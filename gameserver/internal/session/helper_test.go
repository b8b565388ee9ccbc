package session

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testAdmission lets everybody in and notes what their occupants were given.
type testAdmission struct {
	enter   func(ctx context.Context, room proto.RoomID, hello proto.Hello, c *Conn) (Occupant, error)
	entered chan *testOccupant

	mu        sync.Mutex
	occupants []*testOccupant // all, for tick
	poller    network.Poller
}

// tick does what a room does for its clients in every tick.
func (h *testAdmission) tick() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.poller.Wait()
	for _, g := range h.occupants {
		g.conn.Poll(&h.poller)
		g.conn.Flush()
	}
}

// run ticks often, until ctx ends.
func (h *testAdmission) run(ctx context.Context) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
			h.tick()
		case <-ctx.Done():
		}
	}
}

type testOccupant struct {
	conn  *Conn
	room  proto.RoomID
	hello proto.Hello

	mu        sync.Mutex
	notes     []string
	arrived   time.Time // of the last input
	roundTrip time.Duration
	input     func(proto.Input) error
}

func (h *testAdmission) Enter(ctx context.Context, room proto.RoomID, hello proto.Hello, c *Conn) (Occupant, error) {
	if h.enter != nil {
		return h.enter(ctx, room, hello, c)
	}
	g := &testOccupant{conn: c, room: room, hello: hello}
	h.mu.Lock()
	h.occupants = append(h.occupants, g)
	h.mu.Unlock()
	h.entered <- g
	return g, nil
}

func (g *testOccupant) note(s string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, s)
}

func (g *testOccupant) noted() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.notes, " ")
}

func (g *testOccupant) QueueInput(in proto.Input, arrived time.Time, roundTrip time.Duration) error {
	if g.input != nil {
		return g.input(in)
	}
	g.note(fmt.Sprintf("input:%d", in.First))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arrived, g.roundTrip = arrived, roundTrip
	return nil
}

func (g *testOccupant) QueueCustom(payload []byte) error {
	if string(payload) == "panic" {
		panic("custom")
	}
	g.note("custom:" + string(payload))
	return nil
}
func (g *testOccupant) QueueLeave() { g.note("leave") }
func (g *testOccupant) QueueLost()  { g.note("lost") }

// setup is a running Server behind a running http.Server.
type setup struct {
	t         testing.TB
	server    *Server
	admission *testAdmission
	dial      func() net.Conn
	stop      func() // ends Run and waits for it; a call while another waits does not go well in a bubble
}

func testConfig(set func(*Config)) Config {
	c := DefaultConfig()
	c.Poll = false
	c.Logger = slog.New(slog.DiscardHandler)
	c.Gate = gate(roomy)
	if set != nil {
		set(&c)
	}
	return c
}

// roomy are limits that no test reaches by accident.
var roomy = edge.Limits{Connections: 20_000, Entered: 20_000, Unentered: 10_000, Idle: 10_000, Streams: 1, AddressShare: 1}

func gate(l edge.Limits) *edge.Gate {
	g, err := edge.New(edge.Config{Limits: l, Metrics: &obs.NewServerMetrics(nil).Shared})
	if err != nil {
		panic(err)
	}
	return g
}

func start(t testing.TB, l net.Listener, dial func() net.Conn, set func(*Config)) *setup {
	t.Helper()
	h := &testAdmission{entered: make(chan *testOccupant, 10_000)}
	s, err := New(testConfig(set), h)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/rooms/{room}/connect", s)
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	s.config.Gate.Attach(web)
	if !overStreams(t) {
		l = s.config.Gate.Listener(l)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	closeLink := func() {}
	switch {
	case secured(t):
		l, dial = network.TLSListener(l, testTLS()), dialTLS(dial)
	case overStreams(t):
		listener := l
		l, dial, closeLink = overLink(t, l, dial)
		l = s.config.Gate.Listener(l)
		_ = listener.Close()
	}
	wg.Go(func() { _ = web.Serve(l) })
	wg.Go(func() { _ = s.Run(ctx) })
	stop := sync.OnceFunc(func() {
		cancel()
		_ = web.Close()
		wg.Wait()
		closeLink()
	})
	t.Cleanup(stop)
	return &setup{t: t, server: s, admission: h, dial: dial, stop: stop}
}

// overPipes serves net.Pipes, for synctest bubbles. They cannot be polled. The caller stops it within the bubble.
func overPipes(t testing.TB, set func(*Config)) *setup {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	return start(t, l, func() net.Conn {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours
	}, set)
}

// overTCP serves loopback sockets, read by goroutines, and below TestPolled and the like in ticks.
func overTCP(t testing.TB, set func(*Config)) *setup {
	s := listen(t, func(c *Config) {
		c.Poll = strings.Contains(t.Name(), "Polled")
		if set != nil {
			set(c)
		}
	})
	if s.server.config.Poll {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { s.admission.run(ctx) })
		t.Cleanup(func() {
			cancel()
			wg.Wait()
		})
	}
	return s
}

// listen serves loopback sockets. Those of clients that have entered are polled with testAdmission.tick, if set asks for it.
func listen(t testing.TB, set func(*Config)) *setup {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return start(t, l, func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}, set)
}

type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// client is a WebSocket client that does as it is told, wrong things too.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader

	sent, received int      // bytes: payloads of messages, all
	pings          [][]byte // that came
}

const upgradeRequest = "GET /v1/rooms/den/connect HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n" +
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Protocol: " + proto.Subprotocol + "\r\n\r\n"

// connect dials and does the handshake.
func (s *setup) connect() *client {
	s.t.Helper()
	c := s.open()
	c.send([]byte(upgradeRequest))
	if r := c.response(); r.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("upgrade answered %s", r.Status)
	}
	return c
}

func (s *setup) open() *client {
	conn := s.dial()
	s.t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: s.t, conn: conn}
	c.in = bufio.NewReader(io.TeeReader(conn, (*counter)(&c.received)))
	return c
}

// enter connects and says hello.
func (s *setup) enter() (*client, *testOccupant) {
	s.t.Helper()
	c := s.connect()
	c.message(helloRecord)
	return c, <-s.admission.entered
}

var helloRecord = proto.Hello{Versions: proto.Spoken(), Ticket: "t"}.Append(nil)

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("client's write: %v", err)
	}
}

func (c *client) response() *http.Response {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	return r
}

// masked is a client's frame.
func masked(first byte, payload []byte) []byte {
	b := edge.AppendHeader(nil, 0, len(payload))
	b[0], b[1] = first, b[1]|0x80
	key := [4]byte{1, 2, 3, 4}
	b = append(b, key[:]...)
	for i, p := range payload {
		b = append(b, p^key[i&3])
	}
	return b
}

func (c *client) message(records ...[]byte) {
	c.t.Helper()
	b := bytes.Join(records, nil)
	c.sent += len(b)
	c.send(masked(finBit|opBinary, b))
}

// counter counts what is written to it.
type counter int

func (n *counter) Write(b []byte) (int, error) {
	*n += counter(len(b))
	return len(b), nil
}

type frame struct {
	op      byte
	payload []byte
}

// readFrame reads a server's frame; it must be whole, final and unmasked.
// readFrame gives the next frame that is no ping. Pings are kept, and not answered.
func (c *client) readFrame() (frame, error) {
	for {
		f, err := c.readAny()
		if err != nil || f.op != opPing {
			return f, err
		}
		c.pings = append(c.pings, f.payload)
	}
}

// ping reads the ping that comes next.
func (c *client) ping() {
	c.t.Helper()
	f, err := c.readAny()
	if err != nil || f.op != opPing {
		c.t.Fatalf("read %+v, %v; want a ping", f, err)
	}
	c.pings = append(c.pings, f.payload)
}

func (c *client) readAny() (frame, error) {
	var h [10]byte
	if _, err := io.ReadFull(c.in, h[:2]); err != nil {
		return frame{}, err
	}
	n := uint64(h[1])
	switch {
	case h[0]&0xf0 != finBit || h[1]&0x80 != 0:
		return frame{}, fmt.Errorf("frame begins with %x", h[:2])
	case n == 126:
		if _, err := io.ReadFull(c.in, h[2:4]); err != nil {
			return frame{}, err
		}
		n = uint64(binary.BigEndian.Uint16(h[2:]))
	case n == 127:
		if _, err := io.ReadFull(c.in, h[2:10]); err != nil {
			return frame{}, err
		}
		n = binary.BigEndian.Uint64(h[2:])
	}
	if n > proto.MaxServerMessage {
		return frame{}, fmt.Errorf("frame of %d bytes", n)
	}
	f := frame{op: h[0] & 0xf, payload: make([]byte, n)}
	_, err := io.ReadFull(c.in, f.payload)
	return f, err
}

func (c *client) frame() frame {
	c.t.Helper()
	f, err := c.readFrame()
	if err != nil {
		c.t.Fatalf("client's read: %v", err)
	}
	return f
}

// record reads a message that is one record.
func (c *client) record() (proto.Kind, []byte) {
	c.t.Helper()
	f := c.frame()
	k, body, rest, err := proto.NextRecord(f.payload)
	if f.op != opBinary || err != nil || len(rest) != 0 {
		c.t.Fatalf("frame %+v is no message of one record: %v", f, err)
	}
	return k, body
}

// closed reads an error record and a close frame of code, and then the end; it returns the text.
func (c *client) closed(code proto.CloseCode) string {
	c.t.Helper()
	k, body := c.record()
	m, err := proto.ParseError(body)
	if k != proto.KindError || err != nil || m.Code != code {
		c.t.Fatalf("record %#x %+v (%v), want an error with code %v", k, m, err, code)
	}
	if text := c.closeFrame(code); text != m.Text {
		c.t.Fatalf("close frame says %q, the error record %q", text, m.Text)
	}
	return m.Text
}

func (c *client) closeFrame(code proto.CloseCode) string {
	c.t.Helper()
	f := c.frame()
	if f.op != opClose || len(f.payload) < 2 || binary.BigEndian.Uint16(f.payload) != uint16(code) {
		c.t.Fatalf("frame %+v, want a close frame of %v", f, code)
	}
	return string(f.payload[2:])
}

// end is what reading ends with.
func (c *client) end() error {
	c.t.Helper()
	for {
		if _, err := c.in.ReadByte(); err != nil {
			return err
		}
	}
}

// eventually polls until ok, for tests over sockets.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func (s *setup) closedBy(code proto.CloseCode) int {
	return int(testutil.ToFloat64(s.server.config.Metrics.Closed.WithLabelValues(proto.CloseCodes[code].Name)))
}
