package goclient

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// searching is a client whose room is suspended at host a, and which may find it at the hosts b and c.
type searching struct {
	*running
	room  *room
	mu    sync.Mutex
	dials []string        // each "seconds host", from the suspension on
	at    *peer           // the connection to a
	moves chan Move       // with a place for all
	seen  []string        // violations
	bell  chan proto.Tick // frames
	over  chan struct{}   // closed by the test: a resumes
	begun time.Time
}

// answers are what the hosts b and c say to one connection after the other; those that are not there cannot be reached.
type answers map[string][]func(p *peer, s *searching)

// suspended runs test while the room is suspended at a. With a router, that answers where URL says; the third host that
// it may name is c. It must run in a bubble.
func suspended(t *testing.T, router string, at answers, test func(s *searching)) {
	t.Helper()
	s := &searching{room: newRoom(t), moves: make(chan Move, 9), bell: make(chan proto.Tick, 9), over: make(chan struct{})}
	s.room.fallbacks = []string{"ws://b/"}
	b := &bubble{t: t, scripts: map[string]func(p *peer){}}
	c := Config{URL: "ws://a/", Ticket: "t"}
	if router != "" {
		c.URL, c.Ticket, c.Router, c.Request = "", "", "http://router", Request{Game: "test"}
		first := true
		c.HTTP = &http.Client{Transport: roundTrip(func(req *http.Request) string {
			at := router
			if first {
				at, first = "ws://a/", false
			}
			return fmt.Sprintf(`{"room":"r-1","url":%q,"player":"jo","ticket":"routed","server":"x"}`, at)
		})}
	}
	c.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		host := strings.TrimSuffix(addr, ":80")
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.begun.IsZero() {
			s.dials = append(s.dials, fmt.Sprint(time.Since(s.begun).Seconds(), " ", host))
		}
		if list := at[host]; len(list) > 0 {
			b.scripts[addr] = func(p *peer) { list[0](p, s) }
			at[host] = list[1:]
		}
		return b.dial(ctx, addr)
	}
	b.scripts["a:80"] = func(p *peer) {
		p.enter(s.room, 0)
		p.send(s.room.tick())
		s.mu.Lock()
		s.at, s.begun = p, time.Now()
		s.mu.Unlock()
		p.send(proto.Notice{Code: proto.NoticeSuspended}.Append(nil))
		say := func(b []byte) { _ = p.ws.WriteMessage(gws.OpcodeBinary, b) } // the client may have left
		over, frames := s.over, (<-chan time.Time)(nil)
		for {
			select {
			case m, ok := <-p.in:
				if !ok {
					return
				}
				if ping, err := proto.ParsePing(m[2:]); err == nil {
					say(proto.Pong{Micros: ping.Micros}.Append(nil))
				}
			case <-over:
				over = nil
				say(proto.Notice{Code: proto.NoticeResumed}.Append(nil))
				ticker := time.NewTicker(50 * time.Millisecond)
				defer ticker.Stop()
				frames = ticker.C
			case <-frames:
				say(s.room.tick())
			}
		}
	}
	c.Events = Events{
		Moved:     func(_ *Client, m Move) { s.moves <- m },
		Violation: func(_ *Client, v Violation, detail string) { s.seen = append(s.seen, string(v)+": "+detail) },
		Frame: func(c *Client) {
			select {
			case s.bell <- c.Tick():
			default:
			}
		},
		RoomLost: func(*Client) { t.Error("the room is told to be lost") },
	}
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.running = &running{client, t, client.Close, make(chan error, 1)}
	go func() { s.err <- client.Run(t.Context()) }()
	test(s)
	client.Close()
	<-s.err
	b.done.Wait()
}

type roundTrip func(*http.Request) string

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusCreated, Body: io.NopCloser(strings.NewReader(f(r))), Header: http.Header{}}, nil
}

// dialled lists the connections since the suspension began.
func (s *searching) dialled() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(s.dials)
}

// refuse closes the connection to a.
func (s *searching) refuse(code proto.CloseCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at.refuse(proto.Error{Code: code})
}

// found fails unless the client has come to server gs-1 at the time at, with its seat.
func (s *searching) found(at time.Duration) {
	s.t.Helper()
	m := <-s.moves
	if m.Kind != Failover || m.Prepared || m.From != "gs-0" || m.To != "gs-1" || m.Gap != at || m.Cause != ErrSuspended {
		s.t.Errorf("move %+v, want a failover to gs-1 with a gap of %v", m, at)
	}
	if st := s.Stats(); st.Suspended != at || st.Reconnects != 1 || len(s.seen) > 0 {
		s.t.Errorf("stats %+v, violations %v", st, s.seen)
	}
}

// leads lets the client in as the server that has taken over.
func leads(t *testing.T, ticket string) func(p *peer, s *searching) {
	return func(p *peer, s *searching) {
		h, r := p.hello(), s.room
		if string(h.Resume) != "token-of-gs-0" || h.Epoch != r.epoch || h.LastTick != 101 || h.Flags != proto.HelloElsewhere || h.Ticket != ticket {
			t.Errorf("hello %+v", h)
		}
		r.epoch = r.epoch.Next("gs-1")
		r.step()
		p.send(r.welcome(proto.WelcomeResumed))
		p.wait()
	}
}

// The leader is cut off from the other servers only, and a standby has taken over.
func TestASuspendedRoomIsFoundAtAFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suspended(t, "", answers{"b": {leads(t, "t")}}, func(s *searching) { s.found(proto.SuspendedSearch) })
	})
}

func TestASuspendedRoomIsFoundThroughTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suspended(t, "ws://c/", answers{"c": {leads(t, "routed")}}, func(s *searching) {
			s.found(proto.SuspendedSearch)
			if got := s.dialled(); got != "[3 b 3 c]" {
				t.Errorf("dialled %v", got)
			}
		})
	})
}

func TestASuspendedRoomIsFoundByAMovedMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moved := func(p *peer, s *searching) {
			p.hello()
			p.send(proto.Moved{URL: "ws://c/", Server: "gs-1", Ticket: "moved"}.Append(nil))
			p.wait()
		}
		suspended(t, "", answers{"b": {moved}, "c": {leads(t, "moved")}}, func(s *searching) { s.found(proto.SuspendedSearch) })
	})
}

// Whatever a search meets, the connection stays, and it is looked again every two seconds until the room resumes.
func TestASearchInVainChangesNothing(t *testing.T) {
	says := func(m interface{ Append([]byte) []byte }) func(p *peer, s *searching) {
		return func(p *peer, _ *searching) {
			p.hello()
			p.send(m.Append(nil))
			p.wait()
		}
	}
	refuses := func(code proto.CloseCode) func(p *peer, s *searching) {
		return func(p *peer, _ *searching) {
			p.hello()
			p.refuse(proto.Error{Code: code})
			p.wait()
		}
	}
	synctest.Test(t, func(t *testing.T) {
		all := []func(p *peer, s *searching){
			refuses(proto.CloseOverloaded), refuses(proto.CloseLost), refuses(proto.CloseOver), refuses(proto.CloseSeat),
			says(proto.Moved{URL: "ws://a/", Server: "gs-9"}), // the URL of the connection
			says(proto.Moved{URL: "ws://d/", Server: "gs-0"}), // another way to its server
			says(proto.Moved{URL: "ws://b/", Server: "gs-9"}), // in a circle
			func(p *peer, _ *searching) { p.cut() },
			func(p *peer, _ *searching) { p.hello(); p.wait() }, // silence
			func(p *peer, s *searching) {
				p.hello()
				other := *s.room
				other.epoch = proto.Epoch{Instance: testInstance + 1, Counter: 9, Server: "gs-1"}
				p.send(other.welcome(0))
				p.wait()
			},
		}
		n := len(all)
		suspended(t, "ws://a/", answers{"b": all}, func(s *searching) {
			time.Sleep(proto.SuspendedSearch + time.Duration(n-1)*searchInterval + time.Second)
			close(s.over)
			for tick := range proto.Tick(3) {
				if got := <-s.bell; got != 101+tick {
					t.Errorf("tick %d, want %d", got, 101+tick)
				}
			}
			time.Sleep(20 * time.Second)
			var want []string
			for i := range n {
				want = append(want, fmt.Sprint(3+2*i, " b"))
			}
			if got := s.dialled(); got != fmt.Sprint(want) {
				t.Errorf("dialled %v, want %v", got, want)
			}
			if st := s.Stats(); st.Reconnects != 0 || len(s.moves) > 0 || st.Moves != 0 {
				t.Errorf("stats %+v", st)
			}
			if len(s.seen) != 1 || !strings.HasPrefix(s.seen[0], "instance-changed: ") || !strings.Contains(s.seen[0], "00000000000000a8:9@gs-1") {
				t.Errorf("violations %v, want one of instance-changed", s.seen)
			}
		})
	})
}

// A room that resumes in time is not looked for.
func TestARoomThatResumesIsNotSearched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suspended(t, "", answers{"b": {leads(t, "t")}}, func(s *searching) {
			time.Sleep(proto.SuspendedSearch - time.Millisecond)
			close(s.over)
			time.Sleep(10 * time.Second)
			if got := s.dialled(); got != "[]" || len(s.moves) > 0 {
				t.Errorf("dialled %v", got)
			}
		})
	})
}

// resumes lets the client in again after a, which had the room, has ended.
func resumes(p *peer, s *searching) {
	p.hello()
	synctest.Wait()
	s.room.step()
	p.send(s.room.welcome(proto.WelcomeResumed))
	p.wait()
}

// The search may come to the server that it left, by another way, at the moment at which the room resumes: its connection
// replaces the one before, whose close may be the first to arrive. The client comes back.
func TestASearchMayReplaceItsOwnConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		same := func(p *peer, s *searching) {
			p.hello()
			s.refuse(proto.CloseReplaced)
			p.wait()
		}
		suspended(t, "", answers{"b": {same, resumes}}, func(s *searching) {
			if m := <-s.moves; m.Kind != Reconnect || m.To != "gs-0" || m.MissedTicks != 0 {
				t.Errorf("move %+v", m)
			}
		})
	})
}

// A hello that the search gave up may still be in the server's hands: when it is read, the seat goes to a connection that is
// gone. The client comes back, and lets itself be replaced only when no such hello can be left.
func TestAHelloThatWasGivenUpMayTakeTheSeat(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		back  bool
	}{{0, true}, {unansweredFor - 2*time.Second, true}, {unansweredFor + 2*time.Second, false}} {
		synctest.Test(t, func(t *testing.T) {
			silent := func(p *peer, _ *searching) {
				p.hello()
				p.wait()
			}
			suspended(t, "", answers{"b": {silent, resumes}}, func(s *searching) {
				time.Sleep(proto.SuspendedSearch + time.Second) // b has the hello
				close(s.over)
				<-s.bell
				time.Sleep(test.after)
				s.refuse(proto.CloseReplaced)
				if test.back {
					if m := <-s.moves; m.Kind != Reconnect {
						t.Errorf("after %v: move %+v", test.after, m)
					}
					return
				}
				err := <-s.err
				s.err <- nil
				if closeCode(err) != proto.CloseReplaced {
					t.Errorf("after %v: Run returned %v", test.after, err)
				}
			})
		})
	}
}

// Somebody else with the player's seat replaces it for good, search or not.
func TestASearchingClientCanBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suspended(t, "", nil, func(s *searching) {
			time.Sleep(proto.SuspendedSearch + time.Second)
			s.refuse(proto.CloseReplaced)
			err := <-s.err
			s.err <- nil
			if closeCode(err) != proto.CloseReplaced {
				t.Errorf("Run returned %v", err)
			}
		})
	})
}
