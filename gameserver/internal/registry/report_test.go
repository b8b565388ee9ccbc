package registry

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Every report is one log line, and an event where it is one of the fleet's history.
func TestReports(t *testing.T) {
	for kind, c := range map[ownership.ReportKind]struct{ event, log string }{
		ownership.ReportCreated:  {"", "room created"},
		ownership.ReportTook:     {"", "room taken over from its leader"},
		ownership.ReportMoved:    {EventMove, "room moved"},
		ownership.ReportNotMoved: {EventFailed, "was not handed over"},
		ownership.ReportFailover: {EventFailover, "its leader is gone"},
		ownership.ReportDeposed:  {EventDepose, "this one gives it up"},
		ownership.ReportLost:     {EventLost, "a room is lost"},
		ownership.ReportDropped:  {"", "a replica is dropped"},
		ownership.ReportRejected: {"", "does not stand by"},
		ownership.ReportStuck:    {"", "cannot be led yet"},
	} {
		s := newServer(t, nil)
		before := len(s.logs.lines)
		epoch := proto.Epoch{Instance: 1, Counter: 2, Server: "a"}
		s.report("r", ownership.Report{Kind: kind, From: "f", To: "t", Why: "w", Epoch: epoch, Took: time.Second})
		if n := len(s.logs.lines) - before; n != 1 || s.logs.count(c.log) != 1 {
			t.Errorf("report %d: %d lines, the last is %q", kind, n, s.logs.lines[len(s.logs.lines)-1])
		}
		events, counts := s.Events()
		if c.event == "" {
			if len(events) != 0 {
				t.Errorf("report %d: events %+v", kind, events)
			}
			continue
		}
		if len(events) != 1 || counts[c.event] != 1 {
			t.Errorf("report %d: events %+v, counts %v", kind, events, counts)
			continue
		}
		if e := events[0]; e.Room != "r" || e.Kind != c.event || e.Epoch != epoch || e.From != "f" || e.Took != time.Second || e.Serial != 1 {
			t.Errorf("report %d: %+v", kind, e)
		}
		failovers := testutil.ToFloat64(s.metrics.Moves.WithLabelValues("failover", "done"))
		if want := map[bool]float64{true: 1}[c.event == EventFailover]; failovers != want {
			t.Errorf("report %d: %v failovers are counted", kind, failovers)
		}
	}
}

// The newest events are kept, oldest first, and all are counted.
func TestHistoryIsBounded(t *testing.T) {
	s := newServer(t, nil)
	for range maxEvents + 10 {
		s.history.add(Event{Kind: EventMove})
	}
	events, counts := s.Events()
	if len(events) != maxEvents || events[0].Serial != 11 || events[maxEvents-1].Serial != maxEvents+10 || counts[EventMove] != maxEvents+10 {
		t.Errorf("%d events from %d, %v", len(events), events[0].Serial, counts)
	}
}
