package replication

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// A room's life at its standby: what is queued while the link is dialled arrives too, in order; a batch has one ack.
func TestFollow(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		feed, events := f.follow("r")
		if feed.QueueTick(5, nil, nil) {
			t.Error("a tick was taken before a keyframe")
		}
		if !feed.QueueKeyframe(5, []byte("all"), []byte("hidden")) || !feed.QueueTick(6, []byte("p6"), []byte("s6")) {
			t.Error("not queued")
		}
		pass()
		for tick := proto.Tick(7); tick < 10; tick++ {
			if !feed.QueueTick(tick, []byte("p"), nil) {
				t.Error("not queued:", tick)
			}
		}
		if feed.QueueTick(11, nil, nil) || feed.QueueTick(10, nil, nil) {
			t.Error("a tick was left out, and the feed goes on without a keyframe")
		}
		f.a.Flush()
		pass()
		f.at.back("r").Ready(2)
		feed.QueueKeyframe(11, nil, nil)
		f.a.Flush()
		pass()
		last := FinalTick{
			Tick: 12, Public: []byte("p12"), Epoch: proto.Epoch{Instance: 0xa7, Counter: 4, Server: "b"}, Due: 25 * time.Millisecond,
			Pending: []SeatInput{{1, proto.Input{First: 1, Count: 1, Samples: []byte{1}}}},
		}
		if !feed.QueueFinal(last) || feed.QueueTick(13, nil, nil) || feed.QueueKeyframe(13, nil, nil) {
			t.Error("the final tick is the last and nothing is queued after it")
		}
		pass()
		f.at.back("r").Took(proto.Epoch{Instance: 0xa7, Counter: 4, Server: "b"})
		f.at.back("r").Ready(3)
		pass()
		feed.Stop("done")
		f.hosts[1].Crash()
		pass()
		f.expect("opens", &journal{lines: f.at.opens}, "a: r arena {} 00000000000000a7:3@a")
		f.expect("feed", events, "acked 6", "acked 9", "ready 2", "acked 11", "took 00000000000000a7:4@b")
		f.expect("copy", f.at.of("r"), "keyframe 5 all+hidden", "tick 6 p6+s6", "tick 7 p+", "tick 8 p+", "tick 9 p+",
			"keyframe 11 +", "final 12 p12+ for 00000000000000a7:4@b, 1 pending, due 25ms")
	})
}

// Ticks wait for Flush, so that many rooms share a write; each stream is acknowledged once.
func TestFlush(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		var feeds []*Feed
		var events []*journal
		for i := range 50 {
			feed, e := f.follow(proto.RoomID(fmt.Sprint("r", i)))
			feed.QueueKeyframe(0, nil, nil)
			feeds, events = append(feeds, feed), append(events, e)
		}
		pass()
		for tick := proto.Tick(1); tick <= 3; tick++ {
			for _, feed := range feeds {
				feed.QueueTick(tick, []byte("p"), []byte("s"))
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

// What the standby answers to an opening, and to what it cannot apply, comes to the leader as it is.
func TestRefusalsOfTheStandby(t *testing.T) {
	busy := &Refusal{Code: RefuseBusy, Text: "too many"}
	for name, c := range map[string]struct {
		prepare func(*fleet)
		want    []string
		copied  []string
	}{
		"refusal":     {func(f *fleet) { f.at.err = fmt.Errorf("follow: %w", busy) }, []string{"refused 4 too many"}, nil},
		"other error": {func(f *fleet) { f.at.err = errors.New("no") }, []string{"refused 0 no"}, nil},
		"at a tick":   {func(f *fleet) { f.at.fail = busy }, []string{"refused 4 too many"}, []string{"keyframe 1 +"}},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, c.prepare, func(f *fleet) {
				feed, events := f.follow("r")
				feed.QueueKeyframe(1, nil, nil)
				feed.QueueTick(2, nil, nil)
				pass()
				f.expect("feed", events, c.want...)
				f.expect("copy", f.at.of("r"), c.copied...)
				if feed.QueueKeyframe(3, nil, nil) {
					t.Error("a refused feed goes on")
				}
			})
		})
	}
	t.Run("later", func(t *testing.T) {
		simulate(t, nil, func(f *fleet) {
			feed, events := f.follow("r")
			feed.QueueKeyframe(1, nil, nil)
			pass()
			f.at.back("r").Refuse(Refusal{Code: RefuseDraining, Text: "going"})
			f.at.back("r").Took(proto.Epoch{})
			pass()
			f.expect("feed", events, "acked 1", "refused 3 going")
		})
	})
}

// The leader's Stop ends a copy, at once if nothing of the room has been sent; neither side hears of the link's end later.
func TestStop(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		early, earlyEvents := f.follow("early")
		early.QueueKeyframe(1, nil, nil)
		early.Stop("changed")
		feed, events := f.follow("r")
		feed.QueueKeyframe(1, nil, nil)
		pass()
		feed.Stop("the room has ended")
		feed.Stop("again")
		pass()
		f.hosts[0].Crash()
		pass()
		f.expect("early feed", earlyEvents)
		f.expect("opens", &journal{lines: f.at.opens}, "a: r arena {} 00000000000000a7:3@a")
		f.expect("feed", events, "acked 1")
		f.expect("copy", f.at.of("r"), "keyframe 1 +", "stop the room has ended")
	})
}

// A standby that is dismissed says that it has no copy any more, whether or not it had one; nothing more is sent to it.
func TestDismiss(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		early, earlyEvents := f.follow("early")
		early.QueueKeyframe(1, nil, nil)
		early.Dismiss("changed")
		feed, events := f.follow("r")
		feed.QueueKeyframe(1, nil, nil)
		pass()
		feed.Dismiss("another stands by")
		if feed.QueueTick(2, nil, nil) || feed.QueueKeyframe(2, nil, nil) {
			t.Error("a dismissed standby is fed")
		}
		pass()
		f.expect("early feed", earlyEvents, "refused 6 it was told to stop")
		f.expect("feed", events, "acked 1", "refused 6 it was told to stop")
		f.expect("copy", f.at.of("r"), "keyframe 1 +", "stop another stands by")
	})
}

// A keyframe of the largest size on a link of 10 MB/s takes 0.4 s; another room's ticks are late by a few pieces of it.
func TestLargeKeyframeDelaysNobody(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		f.net.SetLink([]string{ipA}, []string{ipB}, simnet.Link{Latency: time.Millisecond, Bandwidth: 10 << 20})
		small, events := f.follow("small")
		large, largeEvents := f.follow("large")
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
			t.Error("large feed:", line)
		}
		f.expect("large copy", f.at.of("large"), fmt.Sprintf("keyframe 1 %d+%d", len(public), len(secret)), "tick 2 p+")
	})
}

// While a keyframe is on its way, that room's ticks wait behind it, and a newer keyframe takes the place of what waits.
func TestKeyframeTakesTheOldOnesPlace(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		f.net.SetLink([]string{ipA}, []string{ipB}, simnet.Link{Latency: time.Millisecond, Bandwidth: 10 << 20})
		feed, _ := f.follow("r")
		pass()
		all := make([]byte, MaxKeyframe)
		for tick := proto.Tick(1); tick <= 3; tick++ {
			if !feed.QueueKeyframe(10*tick, all, nil) || !feed.QueueTick(10*tick+1, []byte("p"), nil) {
				t.Fatal("not queued")
			}
			f.a.Flush()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		f.expect("copy", f.at.of("r"), fmt.Sprintf("keyframe 30 %d+0", MaxKeyframe), "tick 31 p+")
	})
}

// A keyframe over the bound ends its feed, with the reason.
func TestKeyframeTooLarge(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		feed, events := f.follow("r")
		pass()
		if feed.QueueKeyframe(1, make([]byte, MaxKeyframe), []byte("x")) {
			t.Error("taken")
		}
		pass()
		f.expect("feed", events, "refused 5 room r has a keyframe of 4194305 bytes; at most 4194304 can be followed")
		f.expect("copy", f.at.of("r"), "stop room r has a keyframe of 4194305 bytes; at most 4194304 can be followed")
	})
}

// A link that takes nothing holds a bounded amount. Rooms whose ticks found no place go on with a keyframe.
func TestFeedsAreBounded(t *testing.T) {
	simulate(t, nil, func(f *fleet) {
		feed, _ := f.follow("r")
		other, _ := f.follow("other")
		feed.QueueKeyframe(0, nil, nil)
		pass()
		delta := make([]byte, 100<<10)
		tick := proto.Tick(1)
		for feed.QueueTick(tick, delta, nil) {
			tick++
		}
		if want := proto.Tick(maxOutbox / (100<<10 + 8)); tick != want+1 && tick != want {
			t.Errorf("%d ticks of 100 KiB were queued, want about %d", tick, want)
		}
		if feed.QueueTick(tick, nil, nil) || feed.QueueKeyframe(tick, nil, nil) || other.QueueKeyframe(1, delta, nil) {
			t.Error("a full link takes what is not wanted now")
		}
		if feed.link.size > maxOutbox {
			t.Errorf("%d bytes are queued", feed.link.size)
		}
		f.a.Flush()
		time.Sleep(time.Second)
		if !feed.QueueKeyframe(tick+5, nil, nil) || !feed.QueueTick(tick+6, nil, nil) {
			t.Error("an empty link takes no keyframe")
		}
		f.a.Flush()
		pass()
		if line, _ := f.at.of("r").last(); line != fmt.Sprintf("tick %d +", tick+6) {
			t.Error("the copy's last is", line)
		}
		if feed.link.size != 0 {
			t.Errorf("%d bytes are left", feed.link.size)
		}
	})
}
