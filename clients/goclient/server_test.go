package goclient

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test for something that another goroutine does; nothing waits for it to pass.
const patience = 10 * time.Second

// world is the state of the test rooms, sample its input.
type world struct {
	Things state.Table[thing] `state:"max=4"`
	Clock  state.Value[clock]
}

type thing struct {
	X    float32 `state:"range=0..64,step=1/16"`
	Ammo uint8   `state:"owner"`
}

type clock struct {
	Left uint16 `state:""`
}

type sample struct {
	Move int8 `state:""`
	Fire bool `state:""`
}

// room makes what a server sends of a room. Its methods are for one goroutine at a time.
type room struct {
	codec     *state.Codec[sample]
	world     *world
	store     *state.Store
	epoch     proto.Epoch
	processed proto.Seq
	fallbacks []string
	server    string     // in place of the epoch's
	version   uint8      // of the protocol
	seat      proto.Seat // of the client
}

// testInstance is the instance of the rooms here.
const testInstance proto.Instance = 0xa7

func newRoom(t testing.TB) *room {
	t.Helper()
	codec, err := state.NewCodec[sample]()
	if err != nil {
		t.Fatal(err)
	}
	r := &room{codec: codec, world: &world{}, epoch: proto.Epoch{Instance: testInstance, Counter: 1, Server: "gs-0"}, version: 1, seat: 1}
	if r.store, err = state.Open(codec.Schema(), r.world); err != nil {
		t.Fatal(err)
	}
	id, row := r.world.Things.Add()
	row.Ammo = 9
	r.world.Things.SetOwner(id, 1)
	r.store.Commit(100)
	return r
}

// welcome lets a client in on its seat: one message, without its last record where a test wants to add others.
func (r *room) welcome(flags proto.WelcomeFlags) []byte {
	server := cmp.Or(r.server, r.epoch.Server)
	seat, token := r.seat, []byte("token-of-"+server)
	if flags&proto.WelcomeSpectator != 0 {
		seat, token = proto.NoSeat, nil
	}
	b := proto.Welcome{
		Version: r.version, Flags: flags, Room: "r-1", Game: "test", Alias: "jo", Seat: seat, TickRate: 20, Tick: r.store.Tick(),
		Processed: r.processed, Epoch: r.epoch, Server: server, Resume: token,
		Fallbacks: r.fallbacks, Schema: r.store.Schema().Append(nil),
	}.Append(nil)
	return append(b, r.keyframe(seat)...)
}

func (r *room) keyframe(seat proto.Seat) []byte {
	var b []byte
	if seat != proto.NoSeat {
		b = proto.Own{Full: true, Processed: uint16(r.processed), Slack: proto.NoSlack,
			Private: r.store.AppendOwnKeyframe(nil, seat)}.Append(b)
	}
	return proto.Keyframe{Tick: r.store.Tick(), Body: r.store.AppendKeyframe(nil)}.Append(b)
}

// step goes on by one tick, in which the thing moves and shoots.
func (r *room) step() {
	r.store.Begin()
	tick := r.store.Tick() + 1
	row := r.world.Things.Get(0)
	row.X = float32(tick%64) / 2
	row.Ammo--
	r.world.Clock.Get().Left = uint16(tick)
	r.store.Commit(tick)
}

// frame is the last step's message.
func (r *room) frame(seat proto.Seat, slack uint8) []byte {
	var b []byte
	if seat != proto.NoSeat {
		b = proto.Own{Processed: uint16(r.processed), Slack: slack, Private: r.store.AppendOwnDelta(nil, seat)}.Append(b)
	}
	b = proto.Delta{Tick: uint16(r.store.Tick()), Body: r.store.AppendDelta(nil)}.Append(b)
	return proto.Check{Tick: r.store.Tick(), Hash: r.store.Hash()}.Append(b)
}

// tick is a step and its message for seat 1.
func (r *room) tick() []byte {
	r.step()
	return r.frame(1, 7)
}

// peer is the server's end of one connection.
type peer struct {
	t    *testing.T
	ws   *gws.Conn
	path string
	in   chan []byte // messages; closed with the connection
}

func (p *peer) send(b []byte) {
	if err := p.ws.WriteMessage(gws.OpcodeBinary, b); err != nil {
		p.t.Errorf("server: %v", err)
	}
}

// refuse sends an error record and closes with its code.
func (p *peer) refuse(e proto.Error) {
	p.send(e.Append(nil))
	_ = p.ws.WriteClose(uint16(e.Code), nil)
}

func (p *peer) cut() { _ = p.ws.NetConn().Close() }

// hello reads the first message.
func (p *peer) hello() proto.Hello {
	h, err := proto.ParseHello(p.record(proto.KindHello))
	if err != nil {
		p.t.Errorf("server: %v", err)
	}
	return h
}

// enter reads the hello and lets the client in.
func (p *peer) enter(r *room, flags proto.WelcomeFlags) proto.Hello {
	h := p.hello()
	p.send(r.welcome(flags))
	return h
}

// record waits for a message that begins with a record of kind k and gives its body. Pings are skipped and not answered.
func (p *peer) record(k proto.Kind) []byte {
	limit := time.After(patience)
	for {
		select {
		case m, ok := <-p.in:
			if !ok {
				p.t.Errorf("server: the connection ended instead of a %v record", k)
				return nil
			}
			kind, body, _, err := proto.NextRecord(m)
			if err == nil && kind == k {
				return body
			}
			if kind != proto.KindPing {
				p.t.Errorf("server: a %v record (%v) instead of a %v record", kind, err, k)
				return nil
			}
		case <-limit:
			p.t.Errorf("server: no %v record came", k)
			return nil
		}
	}
}

// inputs reads an input message with all its records and decodes the samples.
func (p *peer) inputs(r *room) (first proto.Seq, samples []sample) {
	select {
	case m, ok := <-p.in:
		if !ok {
			p.t.Error("server: the connection ended instead of inputs")
			return 0, nil
		}
		for len(m) > 0 {
			k, body, rest, err := proto.NextRecord(m)
			if err != nil {
				p.t.Errorf("server: %v", err)
				return 0, nil
			}
			m = rest
			if k != proto.KindInput {
				continue
			}
			in, err := proto.ParseInput(body)
			if err != nil {
				p.t.Errorf("server: %v", err)
				return 0, nil
			}
			if first == 0 {
				first = in.First
			}
			var base sample
			b := in.Samples
			for range in.Count {
				var v sample
				if b, err = r.codec.Parse(b, &base, &v); err != nil {
					p.t.Errorf("server: %v", err)
				}
				base, samples = v, append(samples, v)
			}
		}
		if first == 0 { // only a ping
			return p.inputs(r)
		}
		return first, samples
	case <-time.After(patience):
		p.t.Error("server: no input came")
		return 0, nil
	}
}

// wait waits for the client to close the connection.
func (p *peer) wait() {
	limit := time.After(patience)
	for {
		select {
		case _, ok := <-p.in:
			if !ok {
				return
			}
		case <-limit:
			p.t.Error("server: the client did not close")
			return
		}
	}
}

// server is a router and a game server whose connections run the scripts given, in the order in which they come.
type server struct {
	*httptest.Server
	t       *testing.T
	scripts chan func(p *peer)
	router  http.HandlerFunc     // answers POST; set before the first request
	pong    func(payload []byte) // hears pongs; set before the first connection
	done    sync.WaitGroup
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, scripts: make(chan func(p *peer), 100)}
	s.router = func(w http.ResponseWriter, r *http.Request) { s.admit(w, s.URL) }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/", func(w http.ResponseWriter, r *http.Request) { s.router(w, r) })
	mux.HandleFunc("GET /v1/rooms/{room}/connect", s.connect)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.Close()
		s.done.Wait()
		if n := len(s.scripts); n > 0 {
			t.Errorf("server: %d scripts did not run", n)
		}
	})
	return s
}

// script runs f on the next connection that has none yet. The connection is closed when f returns.
func (s *server) script(f func(p *peer)) { s.scripts <- f }

func (s *server) wsURL() string {
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/v1/rooms/r-1/connect"
}

// admit answers as a router: the room is at base.
func (s *server) admit(w http.ResponseWriter, base string) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"room":"r-1","url":%q,"player":"guest-jo","guest":"secret-of-jo","ticket":"ticket-%d","server":"gs-0"}`,
		"ws"+strings.TrimPrefix(base, "http")+"/v1/rooms/r-1/connect", len(base))
}

func (s *server) connect(w http.ResponseWriter, r *http.Request) {
	var f func(p *peer)
	select {
	case f = <-s.scripts:
	default:
		problem(w, http.StatusServiceUnavailable, "no script is left")
		return
	}
	p := &peer{t: s.t, path: r.URL.Path, in: make(chan []byte, 1000)}
	ws, err := gws.NewUpgrader(listener{p: p, pong: s.pong}, &gws.ServerOption{SubProtocols: []string{proto.Subprotocol}}).Upgrade(w, r)
	if err != nil {
		s.t.Errorf("server: %v", err)
		return
	}
	p.ws = ws
	s.done.Go(ws.ReadLoop)
	s.done.Go(func() {
		defer p.cut()
		f(p)
	})
}

type listener struct {
	gws.BuiltinEventHandler
	p    *peer
	pong func(payload []byte)
}

func (l listener) OnPong(_ *gws.Conn, payload []byte) {
	if l.pong != nil {
		l.pong(payload)
	}
}

func (l listener) OnMessage(_ *gws.Conn, m *gws.Message) {
	l.p.in <- append([]byte(nil), m.Bytes()...)
	m.Close()
}

func (l listener) OnClose(*gws.Conn, error) { close(l.p.in) }

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}
