package main

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
)

func TestMovesAreCountedByKind(t *testing.T) {
	m, start := newMoves(), time.Unix(1000, 0)
	for i, move := range []goclient.Move{
		{Kind: goclient.Handoff, Prepared: true, Gap: 30 * time.Millisecond},
		{Kind: goclient.Handoff, Gap: 50 * time.Millisecond, MissedTicks: 3},
		{Kind: goclient.Handoff, Gap: 40 * time.Millisecond, MissedTicks: 2},
		{Kind: goclient.Failover, Gap: 90 * time.Millisecond, ReplayedTicks: 2},
		{Kind: goclient.Reconnect, Gap: time.Second, MissedTicks: 29},
	} {
		if wrong := m.add(move, "r", start.Add(time.Duration(i)*time.Second)); wrong != "" {
			t.Errorf("move %d: %s", i, wrong)
		}
	}
	r := m.report()
	h := r[goclient.Handoff]
	if h.Count != 3 || h.Prepared != 1 || h.Missed != 5 || h.MostMissed != 3 || h.Replayed != 0 || h.Gap.Max != 50 {
		t.Errorf("handoffs are %+v", h)
	}
	if f := r[goclient.Failover]; f.Count != 1 || f.Replayed != 2 || f.MostReplayed != 2 || f.Gap.Max != 90 {
		t.Errorf("failovers are %+v", f)
	}
	if c := r[goclient.Reconnect]; c.Count != 1 || c.Missed != 29 {
		t.Errorf("reconnects are %+v", c)
	}
	want := MoveEntry{At: start.Add(time.Second), Room: "r", Kind: goclient.Handoff, Gap: 50, Missed: 3, Cause: "<nil>"}
	if len(m.log) != 5 || m.log[1] != want {
		t.Errorf("%d moves are listed, the second as %+v, want 5 and %+v", len(m.log), m.log[1], want)
	}
}

func TestTheListOfMovesIsBounded(t *testing.T) {
	m := newMoves()
	for range maxMoveLog + 1 {
		m.add(goclient.Move{Kind: goclient.Handoff}, "r", time.Time{})
	}
	if n := m.report()[goclient.Handoff].Count; len(m.log) != maxMoveLog || n != maxMoveLog+1 {
		t.Errorf("%d moves are listed and %d counted", len(m.log), n)
	}
}

func TestTicksMayBePlayedAgainWithinLimits(t *testing.T) {
	reset := errors.New("connection reset")
	for _, c := range []struct {
		move  goclient.Move
		wrong bool
	}{
		{goclient.Move{Kind: goclient.Failover, Cause: reset, ReplayedTicks: 2}, false},
		{goclient.Move{Kind: goclient.Failover, Cause: reset, ReplayedTicks: 3}, true},
		{goclient.Move{Kind: goclient.Failover, Cause: fmt.Errorf("lost: %w", os.ErrDeadlineExceeded), ReplayedTicks: 50}, false},
		{goclient.Move{Kind: goclient.Failover, Cause: &goclient.CloseError{Code: proto.CloseStopping}, ReplayedTicks: 50}, false},
		{goclient.Move{Kind: goclient.Failover, Cause: goclient.ErrSuspended, ReplayedTicks: 50}, false},
		{goclient.Move{Kind: goclient.Handoff, Prepared: true, ReplayedTicks: 1}, true},
		{goclient.Move{Kind: goclient.Handoff, ReplayedTicks: 9}, false},
	} {
		if wrong := newMoves().add(c.move, "r", time.Time{}); (wrong != "") != c.wrong {
			t.Errorf("%+v: %q", c.move, wrong)
		}
	}
}

func TestRoomsCompareWhatPlayersAreTold(t *testing.T) {
	var r rooms
	led := func(counter uint32, epochOf, server string) string {
		return r.observe(proto.Welcome{Room: "r", Epoch: proto.Epoch{Instance: 0xa7, Counter: counter, Server: epochOf}, Server: server})
	}
	for i, wrong := range []string{led(1, "a", "a"), led(1, "a", "a"), led(2, "b", "b"), led(1, "a", "a"), led(2, "c", "c")} {
		if wrong != "" {
			t.Errorf("welcome %d: %s", i, wrong)
		}
	}
	if wrong := led(1, "a", "b"); wrong != "room r: servers a and b both lead it in epoch 00000000000000a7:1@a" {
		t.Errorf("two leaders: %q", wrong)
	}
	if count := r.leaders(); len(count) != 1 || count["c"] != 1 {
		t.Errorf("leaders %v, want c of 1", count)
	}
	hear := func(room proto.RoomID, instance proto.Instance, player proto.Alias, o proto.Outcome) string {
		return r.hear(proto.Welcome{Room: room, Alias: player, Epoch: proto.Epoch{Instance: instance}}, o)
	}
	if wrong := hear("r", 7, "jo", proto.Outcome{Match: 1, Tick: 9}) + hear("r", 7, "mo", proto.Outcome{Match: 1, Tick: 9}) +
		hear("s", 7, "mo", proto.Outcome{Match: 1, Tick: 8}) + hear("r", 7, "mo", proto.Outcome{Match: 2, Tick: 8}) +
		hear("r", 8, "mo", proto.Outcome{Match: 1, Tick: 8}); wrong != "" { // another instance
		t.Errorf("outcomes: %s", wrong)
	}
	if wrong := hear("r", 7, "mo", proto.Outcome{Match: 1, Tick: 8}); wrong != "room r, instance 0000000000000007: match 1 ended otherwise for jo, who heard of it first" {
		t.Errorf("two outcomes: %q", wrong)
	}
	r.observe(proto.Welcome{Room: "r", Epoch: proto.Epoch{Instance: 8, Counter: 1, Server: "d"}, Server: "d"})
	if count := r.leaders(); len(count) != 1 || count["d"] != 1 {
		t.Errorf("leaders %v after another instance was made, want d of 1", count)
	}
}

func TestAnOutcomeTakenBack(t *testing.T) {
	var s playerStats
	s.match(1)
	s.outcome(1, true)
	s.match(2)
	if len(s.broken) != 0 {
		t.Errorf("broken %v", s.details)
	}
	s.match(1)
	s.match(1) // goes on
	s.match(2)
	if s.broken[outcomeTakenBack] != 1 || s.details[0] != "outcome-taken-back: match 1 is played after the outcome of match 1" {
		t.Errorf("broken %v, %q", s.broken, s.details)
	}
	if s.matches != 1 {
		t.Errorf("%d matches", s.matches)
	}
}

func TestLossesBreakAReport(t *testing.T) {
	for _, c := range []struct {
		report Report
		broken bool
	}{
		{Report{Moves: map[goclient.MoveKind]Moves{goclient.Failover: {Count: 9, Gap: Quantiles{Max: 9000}, Missed: 99}}}, false},
		{Report{BrokenTotal: 1}, true},
		{Report{Refused: 1}, true},
		{Report{Gone: 1}, true},
	} {
		if got := c.report.Broken(); got != c.broken {
			t.Errorf("%+v is broken: %v", c.report, got)
		}
	}
	r := Report{BrokenByKind: map[string]uint64{string(goclient.SeatLost): 2, string(goclient.EpochBack): 1, string(goclient.RoomRestarted): 3,
		outcomeTakenBack: 4, string(goclient.OutcomeChanged): 5, string(goclient.TwoLeaders): 6}}
	if got, want := r.losses(7, map[string]bool{"r": true}), (Losses{7, 2, 1, 4, 5, 4, 6}); got != want {
		t.Errorf("losses %+v, want %+v", got, want)
	}
}
