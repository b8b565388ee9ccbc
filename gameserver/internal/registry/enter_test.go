package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// Of many clients that come at once, one creates the room and all get it.
func TestOneRoomForAll(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.links.set("b", func(context.Context, ownership.Query) (ownership.Answer, error) {
			time.Sleep(10 * time.Millisecond)
			return ownership.Answer{}, nil
		})
		id := homed(t, []string{"a", "b"}, "a")
		var clients sync.WaitGroup
		for range 50 {
			clients.Go(func() {
				if err := s.enter(spec(id)); err != nil {
					t.Error(err)
				}
			})
		}
		clients.Wait()
		if n := s.Running(); n != 1 {
			t.Errorf("%d rooms run, want 1", n)
		}
		if got := s.claimed("none"); got != 1 {
			t.Errorf("%v claims, want 1", got)
		}
		synctest.Wait()
		if n := s.logs.count("room created"); n != 1 {
			t.Errorf("%d rooms were created, by the log", n)
		}
	})
}

func TestEnterElsewhere(t *testing.T) {
	serve(t, []string{"b", "c"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b", "c"}, "b", "a")
		wantMoved(t, s.enter(spec(id)), id, "b")
		if got := testutil.ToFloat64(s.metrics.Moved); got != 1 {
			t.Errorf("%v clients counted as moved, want 1", got)
		}
		s.members.Set(members("c")...) // the home has gone: the next in the order creates the room
		s.pass(time.Second)
		if err := s.enter(spec(id)); err != nil {
			t.Error(err)
		}
	})
}

// A leader keeps its room, and lets clients in, when its home becomes another server.
func TestEnterWhereTheRoomIsLed(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "b")
		s.creates(id)
		s.members.Set(members("b")...)
		s.pass(time.Millisecond)
		if err := s.enter(spec(id)); err != nil || s.Running() != 1 {
			t.Errorf("got %v, and %d rooms run", err, s.Running())
		}
		a := s.answers(id)
		if a.Holding != ownership.Leading || a.Leader != "a" || a.Epoch.Instance == 0 || a.Epoch.Counter != 1 || a.Epoch.Server != "a" {
			t.Errorf("answers %+v", a)
		}
	})
}

// A server that has left the room to another one sends clients there as long as the promise holds.
func TestEnterWhilePromised(t *testing.T) {
	serve(t, []string{"b", "c"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b", "c"}, "a")
		if got := s.Query("b", ownership.Query{Room: id, Claim: true}); got.Holding != ownership.None {
			t.Fatalf("b is told %+v", got)
		}
		if got := s.Query("c", ownership.Query{Room: id, Claim: true}); got.Holding != ownership.Creating || got.Leader != "b" {
			t.Errorf("c is told %+v", got)
		}
		wantMoved(t, s.enter(spec(id)), id, "b")
		s.pass(ownership.ClaimTime)
		if n := s.entries(); n != 0 {
			t.Errorf("%d entries are left after the promise", n)
		}
		s.creates(id)
	})
}

// A question makes no entry, unless it is to be remembered; and that is forgotten in time.
func TestQueriesAreForgotten(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.answers("x")
		if n := s.entries(); n != 0 {
			t.Errorf("a question leaves %d entries", n)
		}
		for i := range 1000 {
			s.Query("b", ownership.Query{Room: proto.RoomID(fmt.Sprint("r", i)), Claim: true})
			s.Query("b", ownership.Query{Room: proto.RoomID(fmt.Sprint("s", i)), Seeks: 5})
			s.Query("b", ownership.Query{Room: proto.RoomID(fmt.Sprint("t", i)), Lost: 5})
		}
		s.pass(time.Hour)
		if n := s.entries(); n != 0 {
			t.Errorf("%d entries are left after an hour", n)
		}
	})
}

// What a home does by what the others say.
func TestEnterByAnswers(t *testing.T) {
	led := ownership.Answer{Holding: ownership.Leading, Epoch: proto.Epoch{Instance: 1, Counter: 1, Server: "c"}, Leader: "c"}
	newer := ownership.Answer{Holding: ownership.Leading, Epoch: proto.Epoch{Instance: 1, Counter: 2, Server: "b"}, Leader: "b"}
	standby := ownership.Answer{Holding: ownership.Standby, Epoch: led.Epoch, Leader: "c"}
	creating := func(server string) answer {
		return says(ownership.Answer{Holding: ownership.Creating, Leader: server})
	}
	none := proto.Epoch{}
	for name, c := range map[string]struct {
		b, c   answer
		moved  string // empty: the room is created
		epoch  proto.Epoch
		counts map[string]float64
	}{
		"nobody has it":                      {nil, nil, "", none, map[string]float64{"none": 2}},
		"one leads":                          {nil, says(led), "c", led.Epoch, map[string]float64{"leading": 1}},
		"one has a replica":                  {says(standby), nil, "b", led.Epoch, map[string]float64{"none": 1, "standby": 1}},
		"two lead: the higher epoch counts":  {says(newer), says(standby), "b", newer.Epoch, nil},
		"one is gone":                        {fails(replication.ErrGone), nil, "", none, map[string]float64{"none": 1, "refused": 1}},
		"one is gone, the other leads":       {fails(replication.ErrGone), says(led), "c", led.Epoch, nil},
		"one goes before":                    {creating("b"), nil, "b", none, map[string]float64{"none": 1, "creating": 1}},
		"hearsay about one that gave way":    {creating("c"), nil, "", none, map[string]float64{"none": 1, "creating": 1}},
		"one is silent, and others reach it": {silent, nil, "", none, map[string]float64{"none": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, []string{"b", "c"}, func(t *testing.T, s *server) {
				s.links.set("b", c.b)
				s.links.set("c", c.c)
				id := homed(t, []string{"a", "b", "c"}, "a")
				err := s.enter(spec(id))
				if c.moved == "" {
					if err != nil {
						t.Fatal(err)
					}
				} else {
					wantMoved(t, err, id, c.moved)
					if got := err.(*proto.Refusal).Moved.Epoch; got != c.epoch {
						t.Errorf("moved with epoch %v, want %v", got, c.epoch)
					}
				}
				if s.leads(id) != (c.moved == "") {
					t.Errorf("it leads: %v", s.leads(id))
				}
				for result, want := range c.counts {
					if got := s.claimed(result); got != want {
						t.Errorf("%v claims counted as %s, want %v", got, result, want)
					}
				}
			})
		})
	}
}

// What clients are refused for, and that nothing is left behind.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		code proto.CloseCode
		text string
	}{
		"unknown game":                 {Spec{Room: "x", Game: "chess"}, proto.CloseGame, `game "chess"`},
		"the room runs another game":   {Spec{Room: "running", Game: "other"}, proto.CloseGame, "runs count, but the ticket is for other"},
		"the client's build is no fit": {Spec{Room: "running", Game: "count", Fits: func(proto.GameName) error { return errors.New("old") }}, 0, "old"},
		"bad option":                   {Spec{Room: "x", Game: "count", Options: []byte(`{"fail":"error"}`)}, proto.CloseOptions, `option "fail"`},
		"a game that panics":           {Spec{Room: "x", Game: "count", Options: []byte(`{"fail":"panic"}`)}, proto.CloseCrashed, ""},
		"a game that naps too long":    {Spec{Room: "x", Game: "count", Options: []byte(`{"nap":600}`)}, proto.CloseOverloaded, "took too long"},
		"another instance":             {Spec{Room: "running", Game: "count", Seen: proto.Epoch{Instance: 1, Counter: 1, Server: "z"}}, proto.CloseOver, ""},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, nil, func(t *testing.T, s *server) {
				s.creates("running")
				err := s.enter(c.spec)
				if c.code != 0 {
					wantRefusal(t, err, c.code)
				}
				if !strings.Contains(err.Error(), c.text) {
					t.Errorf("it says %q", err)
				}
				synctest.Wait()
				if n := s.entries(); n != 1 {
					t.Errorf("%d entries are left", n)
				}
				if c.spec.Room == "x" {
					s.creates("x")
				}
			})
		})
	}
}

// A ticket that does not fit the id of a room of quick match, or is for a room that lives, enters the room where there is one, and makes none.
func TestExistingRoomOnly(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		id := proto.RoomID(ticket.MatchKind("count", nil) + "x")
		squatter := spec(id)
		squatter.Exists = true
		wantRefusal(t, s.enter(squatter), proto.CloseOptions)
		gone := spec("x")
		gone.Exists = true
		wantRefusal(t, s.enter(gone), proto.CloseEnded)
		s.creates(id)
		if err := s.enter(squatter); err != nil {
			t.Error(err)
		}
		squatter.Game = "other"
		wantRefusal(t, s.enter(squatter), proto.CloseGame)
	})
}

// A game whose options the backend signs makes no room with those of anybody else; whoever comes may enter it.
func TestSignedOptions(t *testing.T) {
	signed := counters("count")
	signed.SignedOptions = true
	serve(t, nil, func(t *testing.T, s *server) {
		wantRefusal(t, s.enter(spec("x")), proto.CloseOptions)
		by := spec("x")
		by.Signed = true
		if err := s.enter(by); err != nil {
			t.Error(err)
		}
		if err := s.enter(spec("x")); err != nil {
			t.Error(err)
		}
	}, games(signed))
}

// A client whose ticket has wrong options does not spoil the room for the one that waits behind it.
func TestWrongOptionsAreNotShared(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.links.set("b", func(context.Context, ownership.Query) (ownership.Answer, error) {
			time.Sleep(time.Millisecond)
			return ownership.Answer{}, nil
		})
		id := homed(t, []string{"a", "b"}, "a")
		bad := spec(id)
		bad.Options = []byte(`{"fail":"error"}`)
		first := s.entering(bad)
		if err := s.enter(spec(id)); err != nil {
			t.Error(err)
		}
		wantRefusal(t, <-first, proto.CloseOptions)
	})
}

// A client that gives up while it waits is let go at once, and the others get the room.
func TestWaitingClientGivesUp(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.links.set("b", func(context.Context, ownership.Query) (ownership.Answer, error) {
			time.Sleep(60 * time.Millisecond)
			return ownership.Answer{}, nil
		})
		id := homed(t, []string{"a", "b"}, "a")
		begun := time.Now()
		var clients sync.WaitGroup
		clients.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			if _, err := s.watch(ctx, spec(id)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 50*time.Millisecond {
				t.Errorf("got %v after %v", err, time.Since(begun))
			}
		})
		synctest.Wait()
		if err := s.enter(spec(id)); err != nil {
			t.Error(err)
		}
		clients.Wait()
	})
}

// A silent server keeps a room from being created, for as long as a round of questions takes.
func TestSilentServerPreventsCreation(t *testing.T) {
	serve(t, []string{"b", "c"}, func(t *testing.T, s *server) {
		s.links.set("b", silent)
		s.links.through("b", silent)
		begun := time.Now()
		wantRefusal(t, s.enter(spec(homed(t, []string{"a", "b", "c"}, "a"))), proto.CloseOverloaded)
		if took := time.Since(begun); took < askTime || took > 2*askTime {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if n := s.entries(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

// A busy server refuses to create rooms and forgets them.
func TestOverloadedPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		s.config.Pool = refusing{errors.New("a bug")}
		s.run()
		defer s.close()
		s.pass(homeSettle)
		if err := s.enter(spec("x")); err == nil || !strings.Contains(err.Error(), "a bug") {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if n := s.entries(); n != 0 || s.Running() != 0 {
			t.Errorf("%d entries, %d running", n, s.Running())
		}
	})
}

func TestEnterDrainingServer(t *testing.T) {
	serve(t, []string{"b", "c"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b", "c"}, "a", "c")
		running := homed(t, []string{"a", "b", "c"}, "a", "b")
		s.creates(running)
		s.Drain(time.Time{})
		s.pass(time.Millisecond)
		wantMoved(t, s.enter(spec(id)), id, "c")
		if err := s.enter(spec(running)); err != nil {
			t.Errorf("a running room: %v", err)
		}
		s.members.Set()
		s.pass(time.Millisecond)
		wantRefusal(t, s.enter(spec(id)), proto.CloseStopping)
	})
}

// After a room has ended by itself the next client gets a new instance, and one that was in the old one is told so.
func TestEnded(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		c := s.creates("r")
		old := s.answers("r").Epoch
		e := s.find("r")
		led := e.led
		_ = led.QueueStop(proto.CloseEnded, "")
		s.pass(100 * time.Millisecond)
		if c.code() != proto.CloseEnded || len(s.All()) > 0 || s.Running() != 0 {
			t.Errorf("closed with %v, %d rooms, %d running", c.code(), len(s.All()), s.Running())
		}
		back := spec("r")
		back.Seen = old
		wantRefusal(t, s.enter(back), proto.CloseEnded)
		s.creates("r")
		if got := s.answers("r").Epoch; got.Instance == old.Instance {
			t.Errorf("the same instance: %v", got)
		}
		wantRefusal(t, s.enter(back), proto.CloseOver)
		e.ended(led) // a late word about the old one changes nothing
		if !s.leads("r") {
			t.Error("the new room is gone")
		}
	})
}

// A client that comes between the end of a room and the news of it is told to come back.
func TestEnterRoomThatEnds(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		s.creates("r")
		news := make(chan struct{})
		s.posts.add(func() { <-news })
		_ = s.find("r").led.QueueStop(proto.CloseEnded, "")
		s.pass(100 * time.Millisecond)
		wantRefusal(t, s.enter(spec("r")), proto.CloseOverloaded)
		close(news)
		synctest.Wait()
		s.creates("r")
	})
}

// A server without the quorum creates nothing, and refuses clients of the rooms that it has.
func TestEnterWithoutQuorum(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		s.creates(id)
		s.members.SetQuorum(false)
		s.pass(100 * time.Millisecond)
		wantRefusal(t, s.enter(spec(id)), proto.CloseOverloaded)
		wantRefusal(t, s.enter(spec(homedTimes(t, 2, []string{"a", "b"}, "a")[1])), proto.CloseOverloaded)
		if !s.Suspended() || s.happened(EventSuspend) != 1 || s.logs.count("too little of the fleet") != 1 {
			t.Errorf("suspended %v, events %d", s.Suspended(), s.happened(EventSuspend))
		}
		s.members.SetQuorum(true)
		s.pass(5 * time.Second)
		if err := s.enter(spec(id)); err != nil || s.happened(EventResume) != 1 {
			t.Errorf("got %v, %d events", err, s.happened(EventResume))
		}
	})
}

// Players of a room that is gone with its servers are told so once it is certain.
func TestLost(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		back := spec(id)
		back.Seen = proto.Epoch{Instance: 5, Counter: 7, Server: "z"}
		s.links.set("b", silent)
		wantRefusal(t, s.enter(back), proto.CloseOverloaded)
		s.links.set("b", nil)
		wantRefusal(t, s.enter(back), proto.CloseLost)
		synctest.Wait() // the report comes after the answer
		if s.happened(EventLost) != 1 || s.logs.count("a room is lost") != 1 {
			t.Errorf("%d events", s.happened(EventLost))
		}
		s.creates(id)
		wantRefusal(t, s.enter(back), proto.CloseOver) // those that were in the old one are not let into it
	})
}

// The clients of one room that wait are bounded.
func TestWaitingIsBounded(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.links.set("b", silent)
		s.links.through("b", silent)
		id := homed(t, []string{"a", "b"}, "a")
		refused, waited := make(chan error, maxWaiting+1), sync.WaitGroup{}
		for range maxWaiting + 1 {
			waited.Go(func() { refused <- s.enter(spec(id)) })
		}
		synctest.Wait()
		if err := <-refused; !strings.Contains(err.Error(), "too many clients wait") {
			t.Errorf("got %v", err)
		}
		if len(refused) != 0 {
			t.Error("more than one does not wait")
		}
		waited.Wait()
	})
}

// One ticket takes one place to wait, and made up resume tokens take none that a client with a ticket needs.
func TestPlacesToWait(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		s.links.set("b", silent)
		s.links.through("b", silent)
		id := homed(t, []string{"a", "b"}, "a")
		enter := func(j room.Join) <-chan error {
			done := make(chan error, 1)
			go func() { done <- s.enterAs(spec(id), j) }()
			synctest.Wait()
			return done
		}
		first := enter(room.Join{Player: "eve"})
		watches := enter(room.Join{Player: "eve", Spectator: true})
		enter(room.Join{Player: "eve"})
		if err := <-first; err == nil || !strings.Contains(err.Error(), "another client has taken the place") {
			t.Errorf("the first of two connections with one ticket: %v", err)
		}
		if len(watches) != 0 {
			t.Errorf("a place to watch is none to play: %v", <-watches)
		}
		var forged []<-chan error
		for i := range maxWaiting - 2 {
			forged = append(forged, enter(room.Join{Resume: []byte{1, byte(i)}}))
		}
		if err := <-enter(room.Join{Resume: []byte{2}}); !strings.Contains(err.Error(), "too many clients wait") {
			t.Errorf("one more: %v", err)
		}
		honest := enter(room.Join{Player: "ann"})
		if len(honest) != 0 {
			t.Errorf("a client with a ticket: %v", <-honest)
		}
		if len(forged[0]) != 1 || len(forged[1]) != 0 {
			t.Error("it did not take the place of the oldest one without a ticket")
		}
		for _, f := range forged {
			<-f
		}
		<-honest
		<-watches
	})
}

func TestFallbacks(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		router := member("h")
		router.Role = membership.Router
		s.members.Set(append(members(names[1:]...), router)...)
		id := homed(t, names, "a", "c", "b")
		urls := s.fallbacks(id)
		if len(urls) != proto.MaxFallbacks || urls[0] != ConnectURL("http://c:1", id) || urls[1] != ConnectURL("http://b:1", id) {
			t.Errorf("got %v", urls)
		}
	})
}

func TestConnectURL(t *testing.T) {
	for base, want := range map[string]string{
		"http://h:1":             "ws://h:1/v1/rooms/r/connect",
		"https://h.example.com/": "wss://h.example.com/v1/rooms/r/connect",
	} {
		if got := ConnectURL(base, "r"); got != want {
			t.Errorf("%s gives %s, want %s", base, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	ok := newServer(t, nil).config
	if err := ok.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]setup{
		"must all be given":   func(c *Config) { c.Links = nil },
		"can have 0 to":       standbys(MaxStandbys + 1),
		"at least 1 room":     maxReplicas(0),
		"no games":            games(),
		"two games are named": games(counters("count"), counters("count")),
		"New is nil":          func(c *Config) { c.Games[0].New = nil },
	} {
		c := ok
		c.Games = append(c.Games[:0:0], c.Games...)
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
