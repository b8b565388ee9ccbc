package registry

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// answer is what another server says to a query, after a while perhaps.
type answer func(ctx context.Context, q ownership.Query) (ownership.Answer, error)

func says(a ownership.Answer) answer {
	return func(context.Context, ownership.Query) (ownership.Answer, error) { return a, nil }
}

func fails(err error) answer {
	return func(context.Context, ownership.Query) (ownership.Answer, error) { return ownership.Answer{}, err }
}

func silent(ctx context.Context, _ ownership.Query) (ownership.Answer, error) {
	<-ctx.Done()
	return ownership.Answer{}, replication.ErrTimeout
}

// boot is the process of the fakes' servers.
const boot = 7

// testLinks is the links of one server to others that are made up. A server without an answer has nothing of any room.
type testLinks struct {
	mu      sync.Mutex
	answers map[string]answer // by server
	relayed map[string]answer // by server: what it says through others
	asked   []string          // servers, in order; "via>server" through another
	queries []ownership.Query
	streams []*testStream // in the order in which they were opened
	prompt  bool          // standbys acknowledge everything at once
}

func newTestLinks() *testLinks {
	return &testLinks{answers: map[string]answer{}, relayed: map[string]answer{}}
}

func (l *testLinks) Process() uint64 { return 1 }

func (l *testLinks) Query(ctx context.Context, server, addr string, q ownership.Query) (ownership.Answer, error) {
	if addr != "peer-of-"+server {
		panic("server " + server + " is asked at " + addr)
	}
	return l.ask(ctx, l.answers, server, server, q)
}

func (l *testLinks) QueryThrough(ctx context.Context, via, viaAddr, target string, q ownership.Query) (ownership.Answer, error) {
	if viaAddr != "peer-of-"+via {
		panic("server " + via + " is asked at " + viaAddr)
	}
	return l.ask(ctx, l.relayed, via+">"+target, target, q)
}

func (l *testLinks) ask(ctx context.Context, by map[string]answer, name, server string, q ownership.Query) (ownership.Answer, error) {
	l.mu.Lock()
	l.asked = append(l.asked, name)
	l.queries = append(l.queries, q)
	f := by[server]
	l.mu.Unlock()
	if f == nil {
		f = says(ownership.Answer{})
	}
	a, err := f(ctx, q)
	if a.Process == (ownership.Process{}) {
		a.Process = ownership.Process{Server: server, Boot: boot}
	}
	return a, err
}

// set changes what server says.
func (l *testLinks) set(server string, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[server] = a
}

// through changes what server says when it is asked through others.
func (l *testLinks) through(server string, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.relayed[server] = a
}

// whom gives the servers that were asked since the last call, sorted.
func (l *testLinks) whom() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	slices.Sort(asked)
	return asked
}

func (l *testLinks) Open(server, addr string, o replication.Open, ev replication.StreamEvents) Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &testStream{server: server, open: o, events: ev, prompt: l.prompt}
	l.streams = append(l.streams, s)
	if s.prompt && o.HasBase {
		go ev.Acked(o.Base)
	}
	return s
}

// to gives the streams of a room to server, in the order in which they were opened.
func (l *testLinks) to(server string, id proto.RoomID) (all []*testStream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if s.server == server && s.open.Room == id {
			all = append(all, s)
		}
	}
	return all
}

// last is the newest stream of a room to server; nil: there is none.
func (l *testLinks) last(server string, id proto.RoomID) *testStream {
	if all := l.to(server, id); len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// testStream is a stream to a standby that does nothing until a test speaks for it, through events.
type testStream struct {
	server string
	open   replication.Open
	events replication.StreamEvents

	mu        sync.Mutex
	keyframes []proto.Tick
	ticks     []proto.Tick
	finals    []replication.FinalTick
	handed    []string
	updates   [][]string // others
	counted   bool       // of the last
	epochs    []proto.Epoch
	probation int
	stopped   []string
	dismissed []string
	prompt    bool
}

func (s *testStream) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *testStream) QueueKeyframe(tick proto.Tick, _, _ []byte) bool {
	s.note(func() { s.keyframes = append(s.keyframes, tick) })
	if s.prompt {
		s.events.Acked(tick)
	}
	return true
}

func (s *testStream) QueueTick(tick proto.Tick, _, _ []byte) bool {
	s.note(func() { s.ticks = append(s.ticks, tick) })
	if s.prompt {
		s.events.Acked(tick)
	}
	return true
}

func (s *testStream) QueueFinal(f replication.FinalTick) bool {
	s.note(func() { s.finals = append(s.finals, f) })
	return true
}

func (s *testStream) QueueHanded(leader string, _ proto.Epoch) {
	s.note(func() { s.handed = append(s.handed, leader) })
}

func (s *testStream) QueueUpdate(epoch proto.Epoch, counted bool, others []string) {
	s.note(func() {
		s.updates, s.epochs, s.counted = append(s.updates, others), append(s.epochs, epoch), counted
	})
}

func (s *testStream) QueueProbation() {
	s.note(func() { s.probation++ })
}
func (s *testStream) Process() uint64 { return boot }
func (s *testStream) Stop(why string) { s.note(func() { s.stopped = append(s.stopped, why) }) }
func (s *testStream) Dismiss(why string) {
	s.note(func() { s.dismissed = append(s.dismissed, why) })
}

// catchUp acknowledges the newest tick.
func (s *testStream) catchUp() {
	s.mu.Lock()
	tick := s.open.Base
	for _, t := range append(slices.Clone(s.keyframes), s.ticks...) {
		tick = max(tick, t)
	}
	s.mu.Unlock()
	s.events.Acked(tick)
}

// testBack is the way back to a leader.
type testBack struct {
	mu        sync.Mutex
	ready     []int
	keyframes int // asked for
	noted     int
	took      []proto.Epoch
	rejected  []ownership.Rejection
}

func (b *testBack) note(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// heard is how many clients waited, each time that the leader was told.
func (b *testBack) heard() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.ready)
}

func (b *testBack) Ready(n int)            { b.note(func() { b.ready = append(b.ready, n) }) }
func (b *testBack) NeedKeyframe()          { b.note(func() { b.keyframes++ }) }
func (b *testBack) Probation()             { b.note(func() { b.noted++ }) }
func (b *testBack) Took(epoch proto.Epoch) { b.note(func() { b.took = append(b.took, epoch) }) }
func (b *testBack) Reject(r ownership.Rejection) {
	b.note(func() { b.rejected = append(b.rejected, r) })
}

// testClient is a client's connection.
type testClient struct {
	mu     sync.Mutex
	frames int
	closed proto.CloseCode
	events []proto.Kind
}

func (c *testClient) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *testClient) Poll(*network.Poller)                 {}
func (c *testClient) Flush()                               {}
func (c *testClient) QueueFrame(_, _ []byte) bool          { c.note(func() { c.frames++ }); return true }
func (c *testClient) QueueKeyframe(_, _ []byte) bool       { c.note(func() { c.frames++ }); return true }
func (c *testClient) Close(code proto.CloseCode, _ string) { c.note(func() { c.closed = code }) }
func (c *testClient) QueueEvent(records []byte) bool {
	c.note(func() {
		for len(records) > 0 {
			kind, _, rest, err := proto.NextRecord(records)
			if err != nil {
				panic(err)
			}
			c.events, records = append(c.events, kind), rest
		}
	})
	return true
}

func (c *testClient) code() proto.CloseCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// testLog keeps what is logged.
type testLog struct {
	mu      sync.Mutex
	lines   []string
	records []slog.Record
	block   chan struct{} // unless nil, Handle waits until it is closed
}

func (l *testLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *testLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *testLog) WithGroup(string) slog.Handler            { return l }
func (l *testLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	block := l.block
	l.lines, l.records = append(l.lines, r.Message), append(l.records, r)
	l.mu.Unlock()
	if block != nil {
		<-block
	}
	return nil
}

// count is how many lines contain text.
func (l *testLog) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
