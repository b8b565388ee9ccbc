package goclient

import (
	"errors"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// A server that breaks the protocol in each way is found out; where the state is spoilt the client comes back.
func TestViolations(t *testing.T) {
	back := func(r *room) {} // the second connection is honest
	for _, c := range []struct {
		name   string
		first  func(p *peer, r *room) // after the client has entered
		second func(r *room)          // changes the room before the client comes back; nil: it does not
		want   Violation
		says   string
		thrice bool // the second connection is spoilt too
	}{
		{"a tick is left out", func(p *peer, r *room) { r.step(); p.send(r.tick()) }, back,
			TickGap, "delta of tick 102 after tick 100", false},
		{"a tick comes twice", func(p *peer, r *room) { b := r.tick(); p.send(b); p.send(b) }, back,
			TickBack, "delta of tick 101 after tick 101", false},
		{"a keyframe of the same tick", func(p *peer, r *room) { p.send(r.keyframe(1)) }, back,
			TickBack, "keyframe of tick 100 after tick 100", false},
		{"a delta of garbage", func(p *peer, r *room) { p.send(proto.Delta{Tick: 101, Body: []byte{0xff}}.Append(nil)) }, back,
			BadState, "delta of tick 101", false},
		{"a private part of garbage", func(p *peer, r *room) {
			r.step()
			b := proto.Own{Private: []byte{0xff}}.Append(nil)
			p.send(proto.Delta{Tick: 101, Body: r.store.AppendDelta(nil)}.Append(b))
		}, back, BadState, "private part of tick 101", false},
		{"a check of another tick", func(p *peer, r *room) { p.send(proto.Check{Tick: 99}.Append(nil)) }, back,
			BadMessage, "check of tick 99 at tick 100", false},
		{"a wrong hash", func(p *peer, r *room) { p.send(proto.Check{Tick: 100, Hash: r.store.Hash() + 1}.Append(nil)) }, back,
			HashMismatch, "tick 100: the state here", false},
		{"a record cut short", func(p *peer, r *room) { p.send([]byte{byte(proto.KindDelta), 9, 1}) }, back,
			BadMessage, "cut short", false},
		{"a malformed pong", func(p *peer, r *room) { p.send(proto.AppendRecord(nil, proto.KindPong, []byte{1})) }, back,
			BadMessage, "pong: micros", false},
		{"an own record alone", func(p *peer, r *room) { p.send(proto.Own{}.Append(nil)) }, back,
			BadMessage, "own record without a delta", false},
		{"two own records", func(p *peer, r *room) { p.send(proto.Own{}.Append(proto.Own{}.Append(nil))) }, back,
			BadMessage, "another one waiting: true", false},
		{"a private keyframe with a delta", func(p *peer, r *room) {
			r.step()
			p.send(append(proto.Own{Full: true}.Append(nil), r.frame(proto.NoSeat, 0)...))
		}, back, BadMessage, "one is a keyframe", false},
		{"a second welcome", func(p *peer, r *room) { p.send(r.welcome(0)) }, back,
			BadMessage, "a second welcome", false},
		{"the processed number goes back", func(p *peer, r *room) {
			r.processed = 2
			p.inputs(r)
			p.send(r.tick())
			r.processed = 1
			p.send(r.tick())
			p.record(proto.KindCustom)
			p.record(proto.KindCustom)
		}, nil, ProcessedBack, "1 after 2", false},
		{"the processed number runs ahead", func(p *peer, r *room) {
			p.inputs(r)
			r.processed = 7
			p.send(r.tick())
			p.record(proto.KindCustom)
		}, nil, ProcessedAhead, "7, the newest sample is 2", false},
		{"the tick goes back with a new connection", func(p *peer, r *room) { p.send(r.tick()); p.record(proto.KindCustom); p.cut() },
			func(r *room) { r.store.Commit(99) }, TickBack, "welcome at tick 99 after tick 101", true},
		{"another leader in the same epoch", func(p *peer, r *room) { p.cut() },
			func(r *room) { r.server = "gs-9" }, TwoLeaders, "server gs-9 leads in epoch 00000000000000a7:1@gs-0", false},
		{"the room was begun anew", func(p *peer, r *room) {
			r.store.Commit(9000)
			p.send(r.keyframe(1))
			p.record(proto.KindCustom)
			p.cut()
		},
			func(r *room) { r.store.Commit(8399); r.epoch = r.epoch.Next("gs-9") }, RoomRestarted, "welcome at tick 8399 of epoch 00000000000000a7:2@gs-9 after tick 9000", false},
		{"another seat", func(p *peer, r *room) { p.cut() },
			func(r *room) { r.seat = 2 }, SeatLost, "seat 2 (taken up again: true) in place of 1", false},
		{"a match ends in two ways", func(p *peer, r *room) {
			p.send(proto.Outcome{Match: 1, Tick: 101}.Append(nil))
			p.send(proto.Outcome{Match: 1, Tick: 102}.Append(nil))
		}, nil, OutcomeChanged, "match 1 is told to have ended otherwise than before, now at tick 102", false},
		{"an older epoch", func(p *peer, r *room) { p.cut() },
			func(r *room) { r.epoch = proto.Epoch{Instance: testInstance, Server: "gs-9"} }, EpochBack, "epoch 00000000000000a7:0@gs-9 after 00000000000000a7:1@gs-0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := newServer(t), newRoom(t)
			s.script(func(p *peer) {
				p.enter(r, 0)
				c.first(p, r)
				if c.second == nil {
					p.refuse(proto.Error{Code: proto.CloseEnded})
				}
				p.wait()
			})
			if c.second != nil {
				s.script(func(p *peer) {
					p.hello()
					c.second(r)
					p.send(r.welcome(proto.WelcomeResumed))
					if !c.thrice {
						p.refuse(proto.Error{Code: proto.CloseEnded})
					}
					p.wait()
				})
			}
			if c.thrice {
				s.script(func(p *peer) {
					p.hello()
					p.refuse(proto.Error{Code: proto.CloseEnded})
					p.wait()
				})
			}
			type violation struct {
				kind   Violation
				detail string
			}
			var seen []violation
			config := s.config()
			config.Events.Frame = func(c *Client) { c.SendCustom(nil) }
			config.Events.Violation = func(_ *Client, v Violation, detail string) { seen = append(seen, violation{v, detail}) }
			run := dial(t, config, func(client *Client) {
				if strings.Contains(c.name, "processed") {
					in := mustInputs(t, client, r)
					in.Add(sample{Move: 1})
					in.Send(sample{Move: 2})
				}
			})
			var closed *CloseError
			if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
				t.Errorf("Run returned %v, want the second server's close", err)
			}
			if len(seen) != 1 || seen[0].kind != c.want || !strings.Contains(seen[0].detail, c.says) {
				t.Errorf("violations %v, want one of %s with %q", seen, c.want, c.says)
			}
			if n := run.Stats().Violations; n != uint64(len(seen)) {
				t.Errorf("%d violations are counted, %d told", n, len(seen))
			}
		})
	}
}
