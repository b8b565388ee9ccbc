package ownership

import "testing"

// A leader was away for longer than its lease, and the process that may have gone on with the room is gone: its players are not sent
// to the newer process of that server, which has nothing and would send them back. Others still hear who may have led.
func TestUselessRoomSendsNobodyToAServerThatStartedAgain(t *testing.T) {
	r := newRig(t, 1).leading()
	standby := r.m.lead.standbys[0].server
	e := r.m.Epoch()
	r.step(Paused{r.now}).pass(LeaseTime + 2*settleTime)
	restarted := says(standby, Answer{Process: Process{standby, 2}})
	if r.replies(restarted).pass(settleTime).replies(restarted); r.m.Role() != Absent {
		t.Fatalf("it is not ended: %v", r.m.Role())
	}
	if a, _ := r.m.Query(peers[2], Query{}, r.now); a.Holding != Moved || a.Leader != standby || !e.Less(a.Epoch) {
		t.Errorf("others hear %+v", a)
	}
	mustNot[Send](r.step(Wanted{Seen: e}))
	must[Ask](r)
}
