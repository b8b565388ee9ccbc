package ownership

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

var errCell = errors.New("it fails")

// columns are the roles of the table in doc.go.
var columns = []struct {
	name string
	make func(*rig) *rig
}{
	{"absent", func(r *rig) *rig { return r }},
	{"finding", (*rig).finding},
	{"replica", (*rig).following},
	{"promoting", (*rig).promoting},
	{"leader", (*rig).leading},
}

// rows are the events of the table in doc.go.
var rows = map[string]func(*rig){
	"Wanted":                      func(r *rig) { r.step(Wanted{Create: true}) },
	"Replies: nobody has it":      func(r *rig) { r.replies() },
	"Replies: somebody is silent": func(r *rig) { r.replies(mute(peers[0])) },
	"Replies: another one leads": func(r *rig) {
		r.replies(says(peers[2], Answer{Holding: Leading, Epoch: epoch(5, peers[2]), Leader: peers[2]}))
	},
	"Replies: an expired replica": func(r *rig) {
		r.replies(says(peers[1], Answer{Holding: Standby, Epoch: epoch(1, peers[0]), Leader: peers[0], Suspended: true}))
	},
	"Prepared":                func(r *rig) { r.step(Prepared{}) },
	"Prepared, with an error": func(r *rig) { r.step(Prepared{Err: errCell}) },
	"Offered, earlier epoch":  func(r *rig) { r.step(Offered{Stream: 9, From: Process{peers[0], 1}, Epoch: epoch(1, "")}) },
	"Offered, same epoch": func(r *rig) {
		e := r.m.Epoch()
		if r.m.Role() == Absent || r.m.Role() == Finding {
			e = epoch(1, peers[0])
		}
		r.step(Offered{Stream: 9, From: Process{peers[0], 1}, Epoch: e, Others: []string{peers[1]}})
	},
	"Offered, later epoch": func(r *rig) { r.step(Offered{Stream: 9, From: Process{peers[2], 1}, Epoch: epoch(5, peers[2])}) },
	"Offered, other instance": func(r *rig) {
		e := epoch(1, peers[2])
		e.Instance++
		r.step(Offered{Stream: 9, From: Process{peers[2], 1}, Epoch: e})
	},
	"StreamLost": func(r *rig) { r.step(StreamLost{1}) },
	"StreamLost, an earlier process led": func(r *rig) {
		led := says(peers[0], Answer{Holding: Moved, Epoch: epoch(2, self), Leader: self})
		r.step(StreamLost{1}).replies(led, says(peers[1], Answer{})).pass(graceTime).replies(led, says(peers[1], Answer{}))
	},
	"StreamStopped":                  func(r *rig) { r.step(StreamStopped{1}) },
	"Unfit":                          func(r *rig) { r.step(Unfit{Stream: 1}) },
	"Updated":                        func(r *rig) { r.step(Updated{Stream: 1, Epoch: epoch(2, peers[0])}) },
	"HandedTo":                       func(r *rig) { r.step(HandedTo{1, peers[2], epoch(2, peers[2])}) },
	"Offer":                          func(r *rig) { r.step(Offer{Stream: 1, Epoch: epoch(2, self)}) },
	"Announced":                      func(r *rig) { r.step(Announced{1}) },
	"StandbyLost":                    func(r *rig) { r.step(StandbyLost{Evidence: Silent}) },
	"StandbyLost, its process ended": func(r *rig) { r.step(StandbyLost{Evidence: GoneHere}) },
	"StandbyRejected, later epoch": func(r *rig) {
		r.step(StandbyRejected{0, Rejection{Code: RejectEpoch, Epoch: epoch(5, peers[2]), Leader: peers[2]}})
	},
	"MoveTo":                      func(r *rig) { r.step(MoveTo{Target: peers[0]}) },
	"HandedOver":                  func(r *rig) { r.step(HandedOver{epoch(2, peers[0]), 100}) },
	"Paused":                      func(r *rig) { r.now += time.Minute; r.step(Paused{r.now - time.Minute}) },
	"FleetChanged, no quorum":     func(r *rig) { r.quorum(false) },
	"Ended":                       func(r *rig) { r.step(Ended{}) },
	"ClientSaw":                   func(r *rig) { r.step(ClientSaw{epoch(9, peers[2])}) },
	"Superseded":                  func(r *rig) { r.step(Superseded{epoch(9, peers[2])}) },
	"Superseded, nobody is known": func(r *rig) { r.step(Superseded{proto.Epoch{Instance: life}}) },
	"Superseded, earlier epoch":   func(r *rig) { r.step(Superseded{epoch(0, peers[2])}) },
}

// TestCells holds the machine against the table in doc.go, which it reads: one event in one role a cell.
func TestCells(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.TrimPrefix(strings.TrimSpace(line), "//"), "|")
		if len(cells) != len(columns)+1 {
			continue
		}
		event := strings.TrimSpace(cells[0])
		do, ok := rows[event]
		if !ok {
			continue
		}
		seen++
		for i, column := range columns {
			t.Run(event+"/"+column.name, func(t *testing.T) {
				r := column.make(newRig(t, 1))
				before := r.m.Role()
				r.out = nil
				do(r)
				got := strings.Join(r.actions(), " ")
				if r.m.Role() != before {
					got = strings.TrimSpace("→" + r.m.Role().String() + " " + got)
				}
				if got == "" {
					got = "-"
				}
				if want := strings.TrimSpace(cells[i+1]); got != want {
					t.Errorf("%q, the table says %q", got, want)
				}
			})
		}
	}
	if seen != len(rows) {
		t.Errorf("the table has %d of %d events", seen, len(rows))
	}
}
