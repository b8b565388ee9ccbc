package replication

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// newAcceptor returns the accepting side without a connection: its answers are in its outbox.
func newAcceptor(r Rooms) *acceptor {
	return &acceptor{conn: &conn{outbox: newOutbox()}, rooms: r, process: ownership.Process{Server: "b", Boot: 7}, from: "a", streams: make(map[uint32]*receiver)}
}

// feedAll gives records to a until one is an error.
func feedAll(t *testing.T, a *acceptor, records ...[]byte) error {
	t.Helper()
	for rest := slices.Concat(records...); len(rest) > 0; {
		k, body, more, err := proto.NextRecord(rest)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.handle(k, body); err != nil {
			return err
		}
		rest = more
	}
	return a.acknowledge()
}

// Records that no leader sends close the link; its replicas hear Lost once.
func TestReplicaProtocol(t *testing.T) {
	open := encode(kindOpen, &opening{1, testOpen})
	keyframe := appendKeyframe(nil, 1, 5, []byte("all"), nil)
	head, part := keyframe[:6], keyframe[6:]
	for name, c := range map[string]struct {
		records [][]byte
		want    string
	}{
		"opened twice":            {[][]byte{open}, "opened twice"},
		"tick first":              {[][]byte{appendTick(nil, 1, 1, nil, nil)}, "tick 1 (low bits) after 0"},
		"tick left out":           {[][]byte{keyframe, appendTick(nil, 1, 7, nil, nil)}, "tick 7 (low bits) after 5"},
		"tick within a keyframe":  {[][]byte{keyframe, head, appendTick(nil, 1, 6, nil, nil)}, "tick 6 (low bits) after 5"},
		"final first":             {[][]byte{encode(kindFinal, &final{1, testFinal})}, "final tick 513 after 0"},
		"tick after the final":    {[][]byte{keyframe, encode(kindFinal, &final{1, FinalTick{Tick: 6}}), appendTick(nil, 1, 7, nil, nil)}, "tick 7"},
		"part first":              {[][]byte{part}, "a part without a keyframe"},
		"part after the keyframe": {[][]byte{keyframe, part}, "a part without a keyframe"},
		"part too long":           {[][]byte{appendKeyframe(nil, 1, 5, []byte("al"), nil)[:6], part}, "a part without a keyframe"},
		"base left out":           {[][]byte{encode(kindOpen, &opening{2, testBase}), appendTick(nil, 2, 515, nil, nil)}, "tick 515 (low bits) after 513"},
		"bytes that are no tick":  {[][]byte{proto.AppendRecord(nil, kindTick, []byte{1})}, "cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStandby()
			a := newAcceptor(s)
			err := feedAll(t, a, append([][]byte{open}, c.records...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			a.end(ErrBroken)
			a.end(ErrBroken)
			lines := s.of("r1").all()
			if n := strings.Count(strings.Join(lines, " "), "lost"); n != 1 || lines[len(lines)-1] != "lost: "+ErrBroken.Error() {
				t.Errorf("the replica heard %v", lines)
			}
		})
	}
	// Records on their way to a stream that has ended here are skipped, and records of unknown kind too.
	a := newAcceptor(newStandby())
	if err := feedAll(t, a, keyframe, appendTick(nil, 1, 6, nil, nil), encode(kindFinal, &final{1, testFinal}), encode(kindHanded, &handed{1, "c", testEpoch}),
		encode(kindUpdate, &update{1, testEpoch, true, nil}), encode(kindProbation, &signal{1}), encode(kindStop, &stop{1, ""}), proto.AppendRecord(nil, 0xff, nil)); err != nil {
		t.Error(err)
	}
}

// A tick record carries the low 16 bits of its tick; the receiver continues where they wrap.
func TestTickNumbersWrap(t *testing.T) {
	s := newStandby()
	a := newAcceptor(s)
	err := feedAll(t, a, encode(kindOpen, &opening{1, testOpen}), appendKeyframe(nil, 1, 65534, nil, nil),
		appendTick(nil, 1, 65535, nil, nil), appendTick(nil, 1, 65536, nil, nil), appendTick(nil, 1, 65537, nil, nil))
	if lines := s.of("r1").all(); err != nil || lines[len(lines)-1] != "tick 65537 +" {
		t.Error(lines, err)
	}
}

// model is what a room of the leader has queued on its stream.
type model struct {
	stream  *Stream
	room    proto.RoomID
	tick    proto.Tick
	fed     bool
	updates uint32
	queued  []string // what the replica may see
}

// Whatever the rooms of a link queue: a replica sees a keyframe, then ticks without a gap, as they were queued, and the newest
// in the end. Updates are never lost and keep their place, whatever keyframes replace.
func TestStreamsKeepTheirOrder(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			rooms := make([]*model, 4)
			for i := range rooms {
				m := &model{room: proto.RoomID(fmt.Sprint("r", run, "-", i))}
				m.stream, _ = f.open(m.room)
				rooms[i] = m
			}
			for range rapid.IntRange(1, 60).Draw(t, "steps") {
				m := rooms[rapid.IntRange(0, len(rooms)-1).Draw(t, "room")]
				switch rapid.IntRange(0, 9).Draw(t, "what") {
				case 0:
					m.keyframe(make([]byte, rapid.IntRange(0, 3*bulkPiece).Draw(t, "keyframe")))
				case 1:
					time.Sleep(time.Duration(rapid.IntRange(1, 3000).Draw(t, "µs")) * time.Microsecond)
				case 2:
					f.a.Flush()
				case 3:
					m.updates++
					m.stream.QueueUpdate(proto.Epoch{Counter: m.updates}, true, nil)
					m.queued = append(m.queued, fmt.Sprintf("updated to %v, counted true, others []", proto.Epoch{Counter: m.updates}))
				default:
					m.step(make([]byte, rapid.IntRange(0, 2000).Draw(t, "delta")))
				}
			}
			for _, m := range rooms {
				m.tick++
				if !m.stream.QueueKeyframe(m.tick, []byte("end"), nil) {
					t.Fatal("no keyframe is taken")
				}
				m.queued = append(m.queued, fmt.Sprintf("keyframe %d end+", m.tick))
			}
			f.a.Flush()
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			for _, m := range rooms {
				m.check(t, f.at.of(m.room).all())
				m.stream.Stop("")
			}
		})
	})
}

func (m *model) keyframe(state []byte) {
	m.tick++
	m.fed = m.stream.QueueKeyframe(m.tick, state, nil)
	m.queued = append(m.queued, fmt.Sprintf("keyframe %d %s", m.tick, brief(state, nil)))
}

func (m *model) step(delta []byte) {
	m.tick++
	if m.fed {
		m.fed = m.stream.QueueTick(m.tick, nil, delta)
		m.queued = append(m.queued, fmt.Sprintf("tick %d %s", m.tick, brief(nil, delta)))
	}
}

// check compares what the replica has seen with what was queued: keyframes that newer ones replaced may be missing, with the
// ticks behind them.
func (m *model) check(t *rapid.T, seen []string) {
	at := 0
	for _, line := range seen {
		next := slices.Index(m.queued[at:], line)
		if next < 0 || next > 0 && strings.HasPrefix(line, "tick") || slices.ContainsFunc(m.queued[at:at+next], isUpdate) {
			t.Fatalf("%s: %q does not follow\nqueued %s\nseen %s", m.room, line, strings.Join(m.queued, "\n"), strings.Join(seen, "\n"))
		}
		at += next + 1
	}
	if at != len(m.queued) {
		t.Fatalf("%s: the replica ends with %q", m.room, seen[len(seen)-1])
	}
}

// isUpdate reports whether a line of a journal is one of an update.
func isUpdate(line string) bool { return strings.HasPrefix(line, "updated") }

// Streams, replicas, flushes and queries on one link at once, while it breaks repeatedly: every stream that was not
// stopped hears one last event, and every replica too.
func TestManyAtOnce(t *testing.T) {
	s := newStandby()
	conf := config(t, "b")
	b, stopB := start(t, conf, s)
	conf = config(t, "a")
	a, stopA := start(t, conf, nothing)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var events []*journal
	for i := range 8 {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		wg.Go(func() {
			for n := range 60 {
				e := &journal{}
				room := proto.RoomID(fmt.Sprint("r", i, "-", n))
				stream := a.Open("b", b.Addr().String(), Open{Room: room, Game: "arena"}, leaderJournal{e})
				stream.QueueKeyframe(0, make([]byte, rng.IntN(100<<10)), nil)
				for tick := range proto.Tick(rng.IntN(30)) {
					stream.QueueTick(tick+1, []byte("p"), []byte("s"))
					a.Flush()
				}
				switch rng.IntN(4) {
				case 0:
					stream.Stop("")
					continue
				case 1:
					a.Query(t.Context(), "b", b.Addr().String(), ownership.Query{Room: room})
				case 2:
					if back := s.back(room); back != nil {
						back.Took(proto.Epoch{})
					}
				case 3:
					a.mu.Lock()
					for nc := range a.open {
						nc.Close()
					}
					a.mu.Unlock()
				}
				mu.Lock()
				events = append(events, e)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	stopA()
	stopB()
	for _, e := range events {
		ends := slices.DeleteFunc(e.all(), func(line string) bool { return strings.HasPrefix(line, "acked") })
		if len(ends) != 1 {
			t.Errorf("a stream heard %v", e.all())
		}
	}
	for room, j := range s.replicas {
		ends := slices.DeleteFunc(j.all(), func(line string) bool { return strings.HasPrefix(line, "keyframe") || strings.HasPrefix(line, "tick") })
		if len(ends) > 1 {
			t.Errorf("%s heard %v", room, j.all())
		}
	}
}
