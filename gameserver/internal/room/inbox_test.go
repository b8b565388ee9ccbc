package room

import (
	"bytes"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func newInbox() *inbox { return &inbox{batches: newBatches()} }

// take gives what has arrived as a tick sees it, nothing included.
func take(b *inbox) *batch {
	taken, _ := b.take()
	if taken == nil {
		taken = new(batch)
	}
	return taken
}

func TestInboxKeepsTheOrder(t *testing.T) {
	b := newInbox()
	o := &Occupant{}
	b.queueJoin(o)
	b.queueMessage(&item{kind: itemInput, occ: o, first: 7}, []byte("one"))
	b.queueMessage(&item{kind: itemCustom, occ: o}, []byte("three"))
	b.queueGone(o, itemLost)
	taken, stop := b.take()
	if stop != nil {
		t.Fatalf("a stop that nobody asked for: %v", stop)
	}
	want := []struct {
		kind    itemKind
		payload string
	}{{itemJoin, ""}, {itemInput, "one"}, {itemCustom, "three"}, {itemLost, ""}}
	if len(taken.items) != len(want) {
		t.Fatalf("%d items, want %d", len(taken.items), len(want))
	}
	for i, w := range want {
		it := &taken.items[i]
		if it.kind != w.kind || string(taken.payload(it)) != w.payload || it.occ != o {
			t.Errorf("item %d is kind %d with %q, want %d with %q", i, it.kind, taken.payload(it), w.kind, w.payload)
		}
	}
	if again := take(b); len(again.items) != 0 {
		t.Errorf("%d items were taken twice", len(again.items))
	}
	if b.giveBack(taken); taken.items[:1][0].occ != nil {
		t.Error("the inbox holds on to an occupant that it has given away")
	}
}

func TestInboxCopiesWhatItIsGiven(t *testing.T) {
	b := newInbox()
	payload := []byte("before")
	b.queueMessage(&item{kind: itemCustom, occ: &Occupant{}}, payload)
	copy(payload, "after!")
	taken := take(b)
	if got := taken.payload(&taken.items[0]); !bytes.Equal(got, []byte("before")) {
		t.Errorf("the room got %q", got)
	}
}

func TestInboxBoundsEachOccupantAlone(t *testing.T) {
	b := newInbox()
	greedy, other := &Occupant{}, &Occupant{}
	for i := range maxQueued {
		if err := b.queueMessage(&item{occ: greedy}, nil); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if err := b.queueMessage(&item{occ: greedy}, nil); err != ErrFull {
		t.Errorf("one message more: %v, want ErrFull", err)
	}
	if err := b.queueMessage(&item{occ: other}, make([]byte, maxQueuedBytes)); err != nil {
		t.Errorf("another's message: %v", err)
	}
	if err := b.queueMessage(&item{occ: other}, []byte{1}); err != ErrFull {
		t.Errorf("one byte more: %v, want ErrFull", err)
	}
	b.queueGone(greedy, itemLeave)
	taken := take(b)
	if last := taken.items[len(taken.items)-1]; last.kind != itemLeave || last.occ != greedy {
		t.Errorf("a leave found no place behind a full queue")
	}
	if err := b.queueMessage(&item{occ: other}, make([]byte, maxQueuedBytes)); err != nil {
		t.Errorf("after the tick: %v", err)
	}
}

func TestInboxBoundsJoins(t *testing.T) {
	b := newInbox()
	for i := range maxJoins {
		if err := b.queueJoin(&Occupant{}); err != nil {
			t.Fatalf("join %d: %v", i, err)
		}
	}
	if err := b.queueJoin(&Occupant{}); err != ErrFull {
		t.Errorf("one join more: %v, want ErrFull", err)
	}
	take(b)
	if err := b.queueJoin(&Occupant{}); err != nil {
		t.Errorf("after the tick: %v", err)
	}
}

func TestInboxTakesNothingFromOneWhoIsGone(t *testing.T) {
	for _, kind := range []itemKind{itemLeave, itemLost} {
		b := newInbox()
		o := &Occupant{}
		b.queueGone(o, kind)
		b.queueGone(o, itemLost)
		b.queueGone(o, itemLeave)
		if err := b.queueMessage(&item{occ: o}, nil); err != ErrStopped {
			t.Errorf("message after the end: %v, want ErrStopped", err)
		}
		if taken := take(b); len(taken.items) != 1 || taken.items[0].kind != kind {
			t.Errorf("%d items, want the first alone", len(taken.items))
		}
	}
}

func TestInboxAfterItsEnd(t *testing.T) {
	b := newInbox()
	o := &Occupant{}
	b.queueJoin(o)
	if _, ok := b.close(true); ok {
		t.Fatal("closed as idle with somebody at the door")
	}
	b.queueStop(stopRequest{proto.CloseEnded, "first"})
	b.queueStop(stopRequest{proto.CloseMoved, "second"})
	if _, stop := b.take(); stop == nil || stop.text != "first" {
		t.Errorf("stop request %v, want the first", stop)
	}
	b.queueMessage(&item{occ: o}, nil)
	if rest, ok := b.close(false); !ok || rest == nil || len(rest.items) != 1 {
		t.Errorf("closed %v with %v left, want true with 1", ok, rest)
	}
	b.queueGone(o, itemLost)
	for what, err := range map[string]error{
		"join":    b.queueJoin(&Occupant{}),
		"message": b.queueMessage(&item{occ: o}, nil),
		"stop":    b.queueStop(stopRequest{}),
	} {
		if err != ErrStopped {
			t.Errorf("%s: %v, want ErrStopped", what, err)
		}
	}
	if rest, _ := b.close(false); rest != nil {
		t.Errorf("%d items came in after the end", len(rest.items))
	}
}

// Every join is either refused, or taken, or left over at the end: none is lost, none is seen twice.
func TestInboxLosesNoJoin(t *testing.T) {
	b := newInbox()
	const senders, each = 4, 50
	accepted := make([]int, senders)
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for range each {
				if b.queueJoin(&Occupant{}) == nil {
					accepted[s]++
				}
			}
		})
	}
	seen := make(map[*Occupant]int)
	see := func(b *batch) {
		for i := range b.items {
			seen[b.items[i].occ]++
		}
	}
	for range 20 {
		see(take(b))
	}
	if rest, _ := b.close(false); rest != nil {
		see(rest)
	}
	sending.Wait()
	want := 0
	for _, n := range accepted {
		want += n
	}
	if len(seen) != want {
		t.Errorf("%d joins were accepted, %d seen", want, len(seen))
	}
	for _, n := range seen {
		if n != 1 {
			t.Errorf("a join was seen %d times", n)
		}
	}
}

func TestInboxAllocatesNothing(t *testing.T) {
	b := newInbox()
	o, samples := &Occupant{}, make([]byte, 8)
	tick := func() {
		for range 16 {
			if err := b.queueMessage(&item{kind: itemInput, occ: o}, samples); err != nil {
				t.Fatal(err)
			}
		}
		b.giveBack(take(b))
	}
	tick()
	if n := testing.AllocsPerRun(100, tick); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// A batch that was large once is not kept, and none is between two ticks.
func TestInboxKeepsNoBatch(t *testing.T) {
	in := newInbox()
	for range 10 * pooledItems {
		if err := in.queueControl(item{kind: itemControl}); err != nil {
			t.Fatal(err)
		}
	}
	large := take(in)
	if in.giveBack(large); in.filling != nil {
		t.Error("the inbox has a batch though nothing waits")
	}
	_ = in.queueControl(item{kind: itemControl})
	if next := take(in); cap(next.items) > pooledItems {
		t.Errorf("there is room for %d messages when one comes", cap(next.items))
	}
}
