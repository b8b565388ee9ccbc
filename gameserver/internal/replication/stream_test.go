package replication

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// A stream from its opening to the handoff: what is queued while the link is dialled arrives too, in order, and each batch has one ack.
func TestStream(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		stream, events := f.open("r")
		if stream.QueueTick(5, nil, nil) {
			t.Error("a tick was taken before a keyframe")
		}
		if !stream.QueueKeyframe(5, []byte("all"), []byte("hidden")) || !stream.QueueTick(6, []byte("p6"), []byte("s6")) {
			t.Error("not queued")
		}
		pass()
		for tick := proto.Tick(7); tick < 10; tick++ {
			if !stream.QueueTick(tick, []byte("p"), nil) {
				t.Error("not queued:", tick)
			}
		}
		if stream.QueueTick(11, nil, nil) || stream.QueueTick(10, nil, nil) {
			t.Error("a tick was left out, and the stream goes on without a keyframe")
		}
		f.a.Flush()
		pass()
		f.at.back("r").Ready(2)
		stream.QueueKeyframe(11, nil, nil)
		f.a.Flush()
		pass()
		last := FinalTick{
			Tick: 12, Public: []byte("p12"), Epoch: proto.Epoch{Instance: 0xa7, Counter: 4, Server: "b"}, Due: 25 * time.Millisecond,
			Pending: []SeatInput{{1, proto.Input{First: 1, Count: 1, Samples: []byte{1}}}},
		}
		if !stream.QueueFinal(last) || stream.QueueTick(13, nil, nil) || stream.QueueKeyframe(13, nil, nil) {
			t.Error("the final tick is the last and nothing is queued after it")
		}
		pass()
		f.at.back("r").Took(proto.Epoch{Instance: 0xa7, Counter: 4, Server: "b"})
		f.at.back("r").Ready(3)
		pass()
		stream.Stop("done")
		f.hosts[1].Crash()
		pass()
		f.expect("opens", &journal{lines: f.at.opens}, "a: r arena {} 00000000000000a7:3@a")
		f.expect("stream", events, "acked 6", "acked 9", "ready 2", "acked 11", "took 00000000000000a7:4@b")
		f.expect("replica", f.at.of("r"), "keyframe 5 all+hidden", "tick 6 p6+s6", "tick 7 p+", "tick 8 p+", "tick 9 p+",
			"keyframe 11 +", "final 12 p12+ for 00000000000000a7:4@b, 1 pending, due 25ms")
	})
}

// Ticks wait for Flush, so that many rooms share a write. Each stream of the batch is acknowledged once.
func TestFlush(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		var streams []*Stream
		var events []*journal
		for i := range 50 {
			stream, e := f.open(proto.RoomID(fmt.Sprint("r", i)))
			stream.QueueKeyframe(0, nil, nil)
			streams, events = append(streams, stream), append(events, e)
		}
		pass()
		for tick := proto.Tick(1); tick <= 3; tick++ {
			for _, stream := range streams {
				stream.QueueTick(tick, []byte("p"), []byte("s"))
			}
		}
		time.Sleep(50 * time.Millisecond)
		f.expect("before Flush", f.at.of("r7"), "keyframe 0 +")
		f.a.Flush()
		pass()
		f.expect("after Flush", f.at.of("r7"), "keyframe 0 +", "tick 1 p+s", "tick 2 p+s", "tick 3 p+s")
		for _, e := range events {
			f.expect("acks", e, "acked 0", "acked 3")
		}
		f.b.mu.Lock()
		defer f.b.mu.Unlock()
		if len(f.b.open) != 1 {
			t.Errorf("%d connections, want 1", len(f.b.open))
		}
	})
}

// The standby's errors, of an opening and of a tick, come to the leader unchanged.
func TestRejections(t *testing.T) {
	busy := &ownership.Rejection{Code: ownership.RejectBusy, Text: "too many"}
	for name, c := range map[string]struct {
		prepare func(*fleet)
		want    []string
		copied  []string
	}{
		"refusal":     {func(f *fleet) { f.at.err = fmt.Errorf("follow: %w", busy) }, []string{"rejected 4 too many"}, nil},
		"other error": {func(f *fleet) { f.at.err = errors.New("no") }, []string{"rejected 0 no"}, nil},
		"at a tick":   {func(f *fleet) { f.at.fail = busy }, []string{"rejected 4 too many"}, []string{"keyframe 1 +"}},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, c.prepare, func(f *fleet) {
				stream, events := f.open("r")
				stream.QueueKeyframe(1, nil, nil)
				stream.QueueTick(2, nil, nil)
				pass()
				f.expect("stream", events, c.want...)
				f.expect("replica", f.at.of("r"), c.copied...)
				if stream.QueueKeyframe(3, nil, nil) {
					t.Error("a refused stream goes on")
				}
			})
		})
	}
	t.Run("later", func(t *testing.T) {
		simulate(t, nil, func(f *fleet) {
			stream, events := f.open("r")
			stream.QueueKeyframe(1, nil, nil)
			pass()
			f.at.back("r").Reject(ownership.Rejection{Code: ownership.RejectDraining, Text: "going"})
			f.at.back("r").Took(proto.Epoch{})
			pass()
			f.expect("stream", events, "acked 1", "rejected 3 going")
		})
	})
}

// Stop ends a stream at both ends; if nothing was sent yet the standby never hears of it. Neither side hears of the link's end later.
func TestStop(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		early, earlyEvents := f.open("early")
		early.QueueKeyframe(1, nil, nil)
		early.Stop("changed")
		stream, events := f.open("r")
		stream.QueueKeyframe(1, nil, nil)
		pass()
		stream.Stop("the room has ended")
		stream.Stop("again")
		pass()
		f.hosts[0].Crash()
		pass()
		f.expect("early stream", earlyEvents)
		f.expect("opens", &journal{lines: f.at.opens}, "a: r arena {} 00000000000000a7:3@a")
		f.expect("stream", events, "acked 1")
		f.expect("replica", f.at.of("r"), "keyframe 1 +", "stop the room has ended")
	})
}

// A dismissed standby answers that it has no replica any more, whether or not it had one. Nothing more is sent to it.
func TestDismiss(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		early, earlyEvents := f.open("early")
		early.QueueKeyframe(1, nil, nil)
		early.Dismiss("changed")
		stream, events := f.open("r")
		stream.QueueKeyframe(1, nil, nil)
		pass()
		stream.Dismiss("another stands by")
		if stream.QueueTick(2, nil, nil) || stream.QueueKeyframe(2, nil, nil) {
			t.Error("a dismissed standby is fed")
		}
		pass()
		f.expect("early stream", earlyEvents, "rejected 6 the leader has stopped the stream")
		f.expect("stream", events, "acked 1", "rejected 6 the leader has stopped the stream")
		f.expect("replica", f.at.of("r"), "keyframe 1 +", "stop another stands by")
	})
}

// The largest keyframe takes 0.4 s on a link of 10 MB/s. Another room's ticks are late by a few pieces of it only.
func TestLargeKeyframeDelaysNobody(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		f.net.SetLink([]string{ipA}, []string{ipB}, simnet.Link{Latency: time.Millisecond, Bandwidth: 10 << 20})
		small, events := f.open("small")
		large, largeEvents := f.open("large")
		small.QueueKeyframe(0, nil, nil)
		pass()
		begin := time.Now()
		public, secret := make([]byte, MaxKeyframe-1<<20), make([]byte, 1<<20)
		if !large.QueueKeyframe(1, public, secret) || !large.QueueTick(2, []byte("p"), nil) {
			t.Fatal("not queued")
		}
		for tick := proto.Tick(1); tick <= 10; tick++ {
			small.QueueTick(tick, nil, nil)
			f.a.Flush()
			// The network holds 256 KiB of the link, 25 ms, a piece of 64 KiB, 6 ms, is being written, and acks wait for tickGap.
			time.Sleep(45 * time.Millisecond)
			if line, at := events.last(); line != fmt.Sprintf("acked %d", tick) {
				t.Fatalf("%v after the keyframe tick %d has not arrived: %s at %v", time.Since(begin), tick, line, at)
			}
		}
		pass()
		if line, _ := largeEvents.last(); line != "acked 2" {
			t.Error("large stream:", line)
		}
		f.expect("large replica", f.at.of("large"), fmt.Sprintf("keyframe 1 %d+%d", len(public), len(secret)), "tick 2 p+")
	})
}

// While a keyframe is being written, that room's ticks wait behind it, and a newer keyframe replaces all that waits.
func TestKeyframeReplacesTheOld(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		f.net.SetLink([]string{ipA}, []string{ipB}, simnet.Link{Latency: time.Millisecond, Bandwidth: 10 << 20})
		stream, _ := f.open("r")
		pass()
		all := make([]byte, MaxKeyframe)
		for tick := proto.Tick(1); tick <= 3; tick++ {
			if !stream.QueueKeyframe(10*tick, all, nil) || !stream.QueueTick(10*tick+1, []byte("p"), nil) {
				t.Fatal("not queued")
			}
			f.a.Flush()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		f.expect("replica", f.at.of("r"), fmt.Sprintf("keyframe 30 %d+0", MaxKeyframe), "tick 31 p+")
	})
}

// A keyframe over the limit ends its stream, with the reason.
func TestKeyframeTooLarge(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		stream, events := f.open("r")
		pass()
		if stream.QueueKeyframe(1, make([]byte, MaxKeyframe), []byte("x")) {
			t.Error("taken")
		}
		pass()
		f.expect("stream", events, "rejected 5 room r has a keyframe of 4194305 bytes; at most 4194304 can be replicated")
		f.expect("replica", f.at.of("r"), "stop room r has a keyframe of 4194305 bytes; at most 4194304 can be replicated")
	})
}

// A link whose other side reads nothing queues a bounded amount. Rooms whose ticks were not taken continue with a keyframe.
func TestStreamsAreBounded(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		stream, _ := f.open("r")
		other, _ := f.open("other")
		stream.QueueKeyframe(0, nil, nil)
		pass()
		delta := make([]byte, 100<<10)
		tick := proto.Tick(1)
		for stream.QueueTick(tick, delta, nil) {
			tick++
		}
		if want := proto.Tick(maxOutbox / (100<<10 + 8)); tick != want+1 && tick != want {
			t.Errorf("%d ticks of 100 KiB were queued, want about %d", tick, want)
		}
		if stream.QueueTick(tick, nil, nil) || stream.QueueKeyframe(tick, nil, nil) || other.QueueKeyframe(1, delta, nil) {
			t.Error("a full link takes more")
		}
		if stream.link.size > maxOutbox {
			t.Errorf("%d bytes are queued", stream.link.size)
		}
		f.a.Flush()
		time.Sleep(time.Second)
		if !stream.QueueKeyframe(tick+5, nil, nil) || !stream.QueueTick(tick+6, nil, nil) {
			t.Error("an empty link does not take a keyframe")
		}
		f.a.Flush()
		pass()
		if line, _ := f.at.of("r").last(); line != fmt.Sprintf("tick %d +", tick+6) {
			t.Error("the replica's last is", line)
		}
		if stream.link.size != 0 {
			t.Errorf("%d bytes are left", stream.link.size)
		}
	})
}
