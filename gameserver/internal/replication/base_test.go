package replication

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

func base(tick proto.Tick) Open {
	return Open{Room: "r", Game: "arena", Epoch: testEpoch, HasBase: true, Base: tick}
}

// A receiver that has the base gets the ticks after it and no keyframe.
func TestBase(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		stream, _ := f.openWith(base(70000))
		if stream.QueueTick(70002, nil, nil) || stream.QueueTick(70001, nil, nil) {
			t.Error("a tick was left out, and the stream goes on without a keyframe")
		}
		stream.Stop("")
		stream, events := f.openWith(base(70000))
		if !stream.QueueTick(70001, []byte("p"), nil) || !stream.QueueTick(70002, []byte("p"), nil) {
			t.Error("not queued")
		}
		pass()
		stream.QueueFinal(FinalTick{Tick: 70003, Epoch: testEpoch})
		pass()
		f.expect("stream", events, "acked 70002")
		f.expect("replica", f.at.of("r"), "tick 70001 p+", "tick 70002 p+", "final 70003 + for 00000000000000a7:4@b, 0 pending, due 0s")
	})
}

// A receiver that does not have the base gets a keyframe. It applies and acknowledges none of the ticks before that.
func TestBaseIsMissing(t *testing.T) {
	simulate(t, func(f *fleet) { f.at.needs = true }, func(f *fleet) {
		all := []string{ipA, ipB}
		f.net.SetLink(all, all, simnet.Link{Latency: 50 * time.Millisecond})
		stream, events := f.openWith(base(5))
		time.Sleep(200 * time.Millisecond) // the opening is on its way
		tick := proto.Tick(6)
		for ; tick < 100 && stream.QueueTick(tick, []byte("p"), nil); tick++ {
			f.a.Flush()
			time.Sleep(10 * time.Millisecond)
		}
		if tick == 6 || tick == 100 {
			t.Errorf("%d ticks were queued before the standby was heard", tick-6)
		}
		if stream.QueueFinal(FinalTick{Tick: tick}) {
			t.Error("a final tick was queued before the keyframe")
		}
		if !stream.QueueKeyframe(tick, []byte("all"), nil) || !stream.QueueTick(tick+1, []byte("p"), nil) {
			t.Error("not queued")
		}
		f.a.Flush()
		time.Sleep(200 * time.Millisecond)
		f.expect("stream", events, "need keyframe", fmt.Sprint("acked ", tick+1))
		f.expect("replica", f.at.of("r"), fmt.Sprintf("keyframe %d all+", tick), fmt.Sprintf("tick %d p+", tick+1))
	})
}

// A handoff that was queued before the standby asked for a keyframe is not applied, and its leader hears why.
func TestFinalWithoutTheBase(t *testing.T) {
	simulate(t, func(f *fleet) { f.at.needs = true }, func(f *fleet) {
		stream, events := f.openWith(base(5))
		if !stream.QueueFinal(FinalTick{Tick: 6}) {
			t.Error("not queued")
		}
		pass()
		stream.Stop("the handoff is aborted")
		pass()
		f.expect("stream", events, "need keyframe")
		f.expect("replica", f.at.of("r"), "stop the handoff is aborted")
	})
}

// A replica may ask for a keyframe at any time, also from within a call: that tick is not acknowledged.
func TestNeedKeyframeLater(t *testing.T) {
	s := newStandby()
	a := newAcceptor(s)
	if err := feedAll(t, a, encode(kindOpen, &opening{1, testOpen}), appendKeyframe(nil, 1, 5, nil, nil)); err != nil {
		t.Fatal(err)
	}
	a.conn.take(nil)
	s.back("r1").NeedKeyframe()
	err := feedAll(t, a, appendTick(nil, 1, 6, nil, nil), appendTick(nil, 1, 9, nil, nil), encode(kindProbation, &signal{1}))
	if out, _ := a.conn.take(nil); err != nil || string(out) != string(encode(kindNeedKeyframe, &signal{1})) {
		t.Errorf("the leader is told %x, %v", out, err)
	}
	asks := &asksWithin{back: s.back("r1")}
	a.streams[1].replica = asks
	err = feedAll(t, a, appendKeyframe(nil, 1, 10, nil, nil), appendTick(nil, 1, 11, nil, nil))
	want := append(encode(kindNeedKeyframe, &signal{1}), appendAck(nil, 1, 10)...)
	if out, _ := a.conn.take(nil); err != nil || string(out) != string(want) {
		t.Errorf("the leader is told %x, %v, want %x", out, err, want)
	}
}

// asksWithin asks for a keyframe at each tick.
type asksWithin struct {
	discard
	back Back
}

func (a *asksWithin) Tick(proto.Tick, []byte, []byte) error {
	a.back.NeedKeyframe()
	return nil
}

// What is not state keeps its place in the stream, also behind an opening that waits for the dial.
func TestUpdateAndProbation(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		stream, events := f.openWith(base(5))
		stream.QueueProbation()
		stream.QueueTick(6, nil, nil)
		stream.QueueUpdate(testEpoch, true, []string{"c", "d"})
		pass()
		f.at.back("r").Probation()
		stream.QueueProbation()
		pass()
		f.expect("stream", events, "acked 6", "probation noted")
		f.expect("replica", f.at.of("r"), "probation", "tick 6 +", "updated to 00000000000000a7:4@b, counted true, others [c d]", "probation")
		stream.Stop("")
		stream.QueueUpdate(testEpoch, false, nil)
		stream.QueueProbation()
		stream.QueueHanded("c", testEpoch)
		pass()
		f.expect("replica after the stop", f.at.of("r"), append(f.at.of("r").all()[:4], "stop ")...)
	})
}

// QueueHanded ends the stream at both ends, after all that was queued, and the next stream continues from its last tick.
func TestHanded(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		f.net.SetLink([]string{ipA}, []string{ipB}, simnet.Link{Latency: time.Millisecond, Bandwidth: 10 << 20})
		stream, events := f.open("r")
		state := make([]byte, 1<<20)
		stream.QueueKeyframe(5, state, nil)
		stream.QueueTick(6, []byte("p"), nil)
		stream.QueueHanded("b", testEpoch)
		if stream.QueueTick(7, nil, nil) || stream.QueueKeyframe(7, nil, nil) || stream.QueueFinal(FinalTick{Tick: 7}) {
			t.Error("a stream that was handed over takes more")
		}
		stream.Stop("")
		stream.Dismiss("")
		time.Sleep(time.Second)
		f.expect("stream", events)
		f.expect("replica", f.at.of("r"), "keyframe 5 1048576+0", "tick 6 p+", "handed to b in 00000000000000a7:4@b")
		handed := f.at.of("r")
		next, events := f.openWith(base(6))
		next.QueueTick(7, []byte("p"), nil)
		pass()
		f.hosts[1].Crash()
		pass()
		f.expect("next stream", events, "acked 7", "lost: link broke")
		f.expect("replica after the link", handed, handed.all()[:3]...)
		f.expect("next replica", f.at.of("r"), "tick 7 p+", "lost: links have stopped")
	})
}

// Nothing between servers needs them to be near: at a round trip of 100 ms a stream opens, is acknowledged, hands over, and
// keeps its link, and a query is answered directly and through another server.
func TestDistance(t *testing.T) {
	simulateRelay(t, addresses, func(r *relayed) {
		all := []string{ipA, ipB, ipC}
		r.net.SetLink(all, all, simnet.Link{Latency: 50 * time.Millisecond})
		begin := time.Now()
		if _, err := r.a.Query(r.t.Context(), "b", addrB, testQuery); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > 400*time.Millisecond {
			t.Errorf("a query with its dial took %v; 3 round trips are needed", took)
		}
		if _, err := r.through(time.Second); err != nil {
			t.Error(err)
		}
		stream, events := r.open("r")
		stream.QueueKeyframe(5, nil, nil)
		time.Sleep(time.Minute)
		stream.QueueFinal(FinalTick{Tick: 6, Epoch: testEpoch, Due: 16 * time.Millisecond})
		time.Sleep(60 * time.Millisecond)
		r.at.back("r").Took(testEpoch)
		time.Sleep(60 * time.Millisecond)
		r.expect("stream", events, "acked 5", "took 00000000000000a7:4@b")
	})
}

// A rejection comes to the leader whole.
func TestRejectionComesWhole(t *testing.T) {
	simulate(t, func(f *fleet) { f.at.err = &testRejection }, func(f *fleet) {
		got := make(chan ownership.Rejection, 1)
		f.a.Open("b", addrB, base(5), rejected{got: got})
		if r := <-got; r != testRejection {
			t.Errorf("got %+v, want %+v", r, testRejection)
		}
	})
}

type rejected struct {
	quiet
	got chan ownership.Rejection
}

func (e rejected) Rejected(r ownership.Rejection) { e.got <- r }
