package room

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// testClient is a client that decodes all that it is sent and notes what a real one would reject.
type testClient struct {
	mu        sync.Mutex
	stuck     bool // its outbox is over its bound and does not drain
	broken    []string
	welcomes  []proto.Welcome
	store     *state.Store
	ticks     []proto.Tick // of frames and keyframes
	times     []time.Time  // when each of them came
	keyframes []proto.Tick
	checks    int
	own       proto.Own // the last
	customs   []string
	outcomes  []proto.Outcome
	heardAt   []proto.Tick // the tick seen when each outcome came
	prepares  []proto.Moved
	moves     []proto.Moved
	notices   []proto.Notice
	polls     int
	polled    func() // called by Poll
	framed    func() // called by QueueFrame
	failing   bool   // QueueFrame panics
	flushes   int
	closes    []proto.CloseCode
	text      string // of the last close
}

func (f *testClient) QueueFrame(own, shared []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failing {
		panic("a client fails")
	}
	if f.framed != nil {
		f.framed()
	}
	if f.stuck {
		return false
	}
	f.message(own, shared)
	return true
}

func (f *testClient) QueueKeyframe(own, shared []byte) bool { return f.QueueFrame(own, shared) }

func (f *testClient) QueueEvent(records []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.message(records, nil)
	return true
}

func (f *testClient) Poll(*network.Poller) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.polls++
	if f.polled != nil {
		f.polled()
	}
}

func (f *testClient) Flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushes++
}

func (f *testClient) Close(code proto.CloseCode, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closes = append(f.closes, code)
	f.text = text
}

func (f *testClient) breaks(format string, args ...any) {
	f.broken = append(f.broken, fmt.Sprintf(format, args...))
}

// message applies one message; an own record counts after the frame of its message.
func (f *testClient) message(own, shared []byte) {
	if len(f.closes) > 0 {
		f.breaks("a message after the close")
	}
	var private *proto.Own
	for rest := slices.Concat(own, shared); len(rest) > 0; {
		kind, body, next, err := proto.NextRecord(rest)
		if err != nil {
			f.breaks("record: %v", err)
			return
		}
		rest = next
		if kind == proto.KindOwn || kind == proto.KindOwnKeyframe {
			o, err := proto.ParseOwn(kind, body)
			if err != nil {
				f.breaks("own: %v", err)
			}
			private = &o
		} else if err := f.record(kind, body); err != nil {
			f.breaks("record %#x: %v", kind, err)
		}
	}
	if private == nil {
		return
	}
	apply := f.store.ApplyOwnDelta
	if private.Full {
		apply = f.store.ApplyOwnKeyframe
	}
	if err := apply(private.Private); err != nil {
		f.breaks("own part: %v", err)
	}
	f.own = *private
	f.own.Private = nil
}

func (f *testClient) record(kind proto.Kind, body []byte) error {
	switch kind {
	case proto.KindWelcome:
		w, err := proto.ParseWelcome(body)
		if err != nil {
			return err
		}
		schema, err := state.ParseSchema(w.Schema)
		if err != nil {
			return err
		}
		f.welcomes = append(f.welcomes, w)
		f.store = state.NewReplica(schema)
		return nil
	case proto.KindKeyframe:
		k, err := proto.ParseKeyframe(body)
		if err != nil {
			return err
		}
		f.ticks, f.keyframes = append(f.ticks, k.Tick), append(f.keyframes, k.Tick)
		f.times = append(f.times, time.Now())
		return f.store.ApplyKeyframe(k.Tick, k.Body)
	case proto.KindDelta:
		d, err := proto.ParseDelta(body)
		if err != nil {
			return err
		}
		last := f.ticks[len(f.ticks)-1]
		tick := proto.UnwrapTick(last, d.Tick)
		if tick != last+1 {
			return fmt.Errorf("delta of tick %d after tick %d", tick, last)
		}
		f.ticks, f.times = append(f.ticks, tick), append(f.times, time.Now())
		return f.store.ApplyDelta(tick, d.Body)
	case proto.KindCheck:
		c, err := proto.ParseCheck(body)
		if err != nil {
			return err
		}
		f.checks++
		if c.Hash != f.store.Hash() {
			return fmt.Errorf("state after tick %d has hash %#x, the server's %#x", c.Tick, f.store.Hash(), c.Hash)
		}
		return nil
	case proto.KindCustom:
		c, err := proto.ParseCustom(body)
		f.customs = append(f.customs, string(c.Payload))
		return err
	case proto.KindOutcome:
		o, err := proto.ParseOutcome(body)
		f.outcomes, f.heardAt = append(f.outcomes, o), append(f.heardAt, f.ticks[len(f.ticks)-1])
		return err
	case proto.KindPrepare:
		p, err := proto.ParsePrepare(body)
		f.prepares = append(f.prepares, p.Moved)
		return err
	case proto.KindMoved:
		m, err := proto.ParseMoved(body)
		f.moves = append(f.moves, m)
		return err
	case proto.KindNotice:
		n, err := proto.ParseNotice(body)
		f.notices = append(f.notices, n)
		return err
	}
	return fmt.Errorf("unexpected")
}

// check fails t with whatever was broken so far, and gives the testClient for reading until the test ends.
func (f *testClient) check(t *testing.T) *testClient {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.broken {
		t.Error(b)
	}
	f.broken = nil
	return f
}

// x is the position of seat, as f sees it.
func (f *testClient) x(t *testing.T, seat proto.Seat) (row testRow) {
	t.Helper()
	rows, err := state.RowsOf[testRow](f.store, "rows")
	if err != nil {
		t.Fatal(err)
	}
	row, _ = rows.Get(state.RowID(seat))
	return row
}

func (f *testClient) stick(stuck bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stuck = stuck
}

// wantCloses fails t unless f was closed with exactly these codes.
func (f *testClient) wantCloses(t *testing.T, want ...proto.CloseCode) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.closes, want) {
		t.Errorf("closed with %v, want %v", f.closes, want)
	}
}
