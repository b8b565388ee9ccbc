package ownership

import (
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// heard checks whether clients of the instance are told code and nobody counts a loss.
func heard(t *testing.T, r *rig, code proto.CloseCode) {
	t.Helper()
	if turn := must[Turn](r); turn.Code != code || turn.Instance != life {
		t.Errorf("told %+v, want %v", turn, code)
	}
	if report, ok := did[Report](r); ok {
		t.Errorf("it is reported: %+v", report)
	}
}

// A player whose machine slept asks the room's home, which never had it. The server that had it says that it has ended.
func TestRoomThatEndedElsewhereIsNotLost(t *testing.T) {
	over := says(peers[1], Answer{Holding: Over, Epoch: epoch(3, peers[1])})
	r := newRig(t, 1).step(Wanted{Seen: epoch(3, peers[1])}).replies(over)
	heard(t, r, proto.CloseEnded)
	r.pass(time.Minute).step(Wanted{Seen: epoch(3, peers[1])}) // it is remembered
	heard(t, r, proto.CloseEnded)
}

// A newcomer who waits with the player gets the new room.
func TestRoomThatEndedElsewhereIsMadeAnew(t *testing.T) {
	over := says(peers[1], Answer{Holding: Over, Epoch: epoch(3, peers[1])})
	r := newRig(t, 1).step(Wanted{Create: true}, Wanted{Seen: epoch(3, peers[1])}).replies(over)
	heard(t, r, proto.CloseEnded)
	must[Prepare](r)
}

// One that has ended is remembered while others of the room's id are led and end, for graveTime.
func TestEndedInstanceIsRemembered(t *testing.T) {
	r := newRig(t, 1).leading().step(Ended{})
	old := r.m.tomb.epoch
	r.finding().replies().step(Prepared{})
	r.m.SetInstance(old.Instance + 1)
	r.step(Started{}, Ended{}).want(Absent, "Remove").pass(graveTime - time.Minute).step(Wanted{Seen: old})
	if turn := must[Turn](r); turn.Code != proto.CloseEnded || turn.Instance != old.Instance {
		t.Errorf("told %+v", turn)
	}
	if a, _ := r.m.Query(peers[0], Query{Seeks: old.Instance}, r.now); a.Holding != Over || a.Epoch != old {
		t.Errorf("others hear %+v", a)
	}
	if r.pass(2 * time.Minute); !r.m.Idle() {
		r.pass(graveTime)
	}
	if !r.m.Idle() {
		t.Error("it is remembered for ever")
	}
}

// A client that has seen a later epoch knows more than the server in whose epoch the room ended: what came after may be lost.
func TestALaterEpochIsNotOver(t *testing.T) {
	over := says(peers[1], Answer{Holding: Over, Epoch: epoch(3, peers[1])})
	r := newRig(t, 1).step(Wanted{Seen: epoch(4, peers[0])}).replies(over)
	if turn, ok := did[Turn](r); ok && turn.Code == proto.CloseEnded {
		t.Errorf("told %+v", turn)
	}
}

// The results store has the word of another leader: clients go there. That is the store's word, not that server's, so nobody hears here
// that it leads, and if no server has the room it can be declared lost.
func TestTheStoresWordIsNoRedirect(t *testing.T) {
	r := newRig(t, 1).leading().step(Superseded{epoch(9, peers[2])})
	if end := must[End](r); end.Code != proto.CloseMoved || end.Server != peers[2] || end.Epoch != epoch(9, peers[2]) {
		t.Errorf("clients hear %+v", end)
	}
	if report := must[Report](r); report.Kind != ReportDeposed || report.To != peers[2] {
		t.Errorf("reported is %+v", report)
	}
	if a, _ := r.m.Query(peers[2], Query{Seeks: life}, r.now); a.Holding == Moved || a.Holding == Leading {
		t.Errorf("others hear %+v", a)
	}
}
