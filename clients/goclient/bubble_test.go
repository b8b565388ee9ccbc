package goclient

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// bubble is servers at the other ends of pipes, so that everything runs on a clock of its own.
type bubble struct {
	t       *testing.T
	mu      sync.Mutex
	scripts map[string]func(p *peer) // by host; for one connection
	done    sync.WaitGroup
}

func (b *bubble) dial(_ context.Context, addr string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.scripts[addr]
	if f == nil {
		return nil, net.ErrClosed
	}
	delete(b.scripts, addr)
	client, server := net.Pipe()
	b.done.Go(func() { b.serve(server, f) })
	return client, nil
}

func (b *bubble) serve(conn net.Conn, f func(p *peer)) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	req, err := http.ReadRequest(reader)
	if err != nil {
		b.t.Errorf("server: %v", err)
		return
	}
	p := &peer{t: b.t, path: req.URL.Path, in: make(chan []byte, 1000)}
	up := gws.NewUpgrader(listener{p: p}, &gws.ServerOption{SubProtocols: []string{proto.Subprotocol}})
	if p.ws, err = up.UpgradeFromConn(conn, reader, req); err != nil {
		b.t.Errorf("server: %v", err)
		return
	}
	b.done.Go(p.ws.ReadLoop)
	f(p)
}

// playAt plays c at host a, with a fallback or next server at host b, until play returns. It must run in a bubble.
func playAt(t *testing.T, a, b func(p *peer, r *room), c Config, play func(run *running)) {
	t.Helper()
	r := newRoom(t)
	r.fallbacks = []string{"ws://b/"}
	s := &bubble{t: t, scripts: map[string]func(p *peer){"a:80": func(p *peer) { a(p, r) }}}
	if b != nil {
		s.scripts["b:80"] = func(p *peer) { b(p, r) }
	}
	c.URL, c.Ticket, c.Dial = "ws://a/", "t", s.dial
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	run := &running{client, t, client.Close, make(chan error, 1)}
	go func() { run.err <- client.Run(t.Context()) }()
	play(run)
	client.Close()
	<-run.err
	s.done.Wait()
}

// ticks plays for d at 20 ticks a second.
func (p *peer) ticks(r *room, d time.Duration) {
	for range d / (50 * time.Millisecond) {
		time.Sleep(50 * time.Millisecond)
		p.send(r.tick())
	}
}

// A host that is lost without a word is noticed in two seconds, and the standby asked.
func TestASilentServerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		moves := make(chan Move, 1)
		var c Config
		c.Events.Moved = func(_ *Client, m Move) { moves <- m }
		playAt(t, func(p *peer, r *room) {
			p.enter(r, 0)
			p.ticks(r, 3*time.Second)
			p.wait()
		}, func(p *peer, r *room) {
			r.epoch = r.epoch.Next("gs-1")
			p.enter(r, proto.WelcomeResumed)
			p.wait()
		}, c, func(*running) {
			if m := <-moves; m.Kind != Failover || m.Gap < serverSilence-tendInterval || m.Gap > serverSilence || !errors.Is(m.Cause, os.ErrDeadlineExceeded) {
				t.Errorf("move %+v", m)
			}
		})
	})
}

// The next server lets the client in shortly before the time to prepare is over, and the old one's last word comes after that:
// the connection that the client changes over to is not closed in between.
func TestAPreparationThatIsJustInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const within = time.Second
		moves := make(chan Move, 10)
		var c Config
		c.Events.Moved = func(_ *Client, m Move) { moves <- m }
		playAt(t, func(p *peer, r *room) {
			p.enter(r, 0)
			to := proto.Moved{URL: "ws://b/", Server: "gs-1", WithinMs: uint32(within.Milliseconds())}
			p.send(proto.Prepare{Moved: to}.Append(nil))
			time.Sleep(within + changeover/4)
			p.send(to.Append(nil))
			p.wait()
		}, func(p *peer, r *room) {
			p.hello()
			time.Sleep(within - changeover/4)
			r.epoch = r.epoch.Next("gs-1")
			r.step()
			p.send(r.welcome(proto.WelcomeResumed))
			p.ticks(r, 500*time.Millisecond)
			p.wait()
		}, c, func(run *running) {
			if m := <-moves; m.Kind != Handoff || !m.Prepared || m.MissedTicks != 0 {
				t.Errorf("move %+v", m)
			}
			time.Sleep(time.Second)
			if s := run.Stats(); len(moves) > 0 || s.Reconnects > 0 {
				t.Errorf("after the move the connection was lost again: %+v", s)
			}
		})
	})
}

// A suspended room sends nothing for minutes. The client stays, since its pings are answered, and plays on when it resumes.
func TestASuspendedRoomIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pause = 3 * time.Minute
		var notices []proto.Notice
		frames := make(chan proto.Tick, 1)
		var c Config
		c.Events.Notice = func(_ *Client, n proto.Notice) { notices = append(notices, n) }
		c.Events.Frame = func(c *Client) { frames <- c.Tick() }
		c.Events.Lost = func(_ *Client, reason error) { t.Errorf("lost: %v", reason) }
		playAt(t, func(p *peer, r *room) {
			p.enter(r, 0)
			p.send(proto.Notice{Code: proto.NoticeSuspended, Text: "cut off"}.Append(nil))
			pings := 0
			for resume := time.After(pause); ; {
				select {
				case <-resume:
				case m := <-p.in:
					pings++
					ping, err := proto.ParsePing(m[2:])
					if err != nil {
						t.Error(err)
					}
					p.send(proto.Pong{Micros: ping.Micros}.Append(nil))
					continue
				}
				break
			}
			if want := int(pause/pingInterval) - 1; pings < want {
				t.Errorf("%d pings in %v, want %d", pings, pause, want)
			}
			p.send(proto.Notice{Code: proto.NoticeResumed}.Append(nil))
			p.send(r.tick())
			p.wait()
		}, nil, c, func(run *running) {
			if tick := <-frames; tick != 101 {
				t.Errorf("tick %d", tick)
			}
			if st := run.Stats(); st.Suspended != pause || st.Reconnects != 0 {
				t.Errorf("stats are %+v", st)
			}
		})
		if len(notices) != 2 || notices[0] != (proto.Notice{Code: proto.NoticeSuspended, Text: "cut off"}) || notices[1].Code != proto.NoticeResumed {
			t.Errorf("notices %+v", notices)
		}
	})
}

func TestASuspendedRoomWhoseServerIsSilentIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := make(chan error, 1)
		var c Config
		c.Events.Lost = func(_ *Client, reason error) { lost <- reason }
		playAt(t, func(p *peer, r *room) {
			p.enter(r, 0)
			p.send(proto.Notice{Code: proto.NoticeSuspended}.Append(nil))
			p.wait()
		}, nil, c, func(run *running) {
			if err := <-lost; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("lost for %v", err)
			}
			if st := run.Stats(); st.Suspended != suspendedSilence {
				t.Errorf("it was suspended for %v", st.Suspended)
			}
		})
	})
}

// A prepared connection is kept from being silent, and closed when it is not used within the time given.
func TestAPreparedConnectionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const within = 7 * time.Second
		done := make(chan bool)
		playAt(t, func(p *peer, r *room) {
			p.enter(r, 0)
			p.send(proto.Prepare{Moved: proto.Moved{URL: "ws://b/", WithinMs: uint32(within.Milliseconds())}}.Append(nil))
			p.ticks(r, 10*time.Second)
			close(done)
			p.wait()
		}, func(p *peer, r *room) {
			p.hello()
			began, pings := time.Now(), 0
			for m := range p.in {
				if kind, _, _, err := proto.NextRecord(m); err != nil || kind != proto.KindPing {
					t.Errorf("a %v record on the waiting connection", kind)
				}
				pings++
			}
			if took := time.Since(began); took != within || pings != 3 {
				t.Errorf("the connection ended after %v and %d pings, want %v and 3", took, pings, within)
			}
		}, Config{}, func(run *running) {
			<-done
			synctest.Wait()
			if st := run.Stats(); st.Reconnects != 0 || st.Ticks != 200 {
				t.Errorf("stats are %+v", st)
			}
		})
	})
}

// The moved message may come behind the next connection's first frame; the old one has a moment to say its last, and a
// longer one where both are of the same leader.
func TestTheOldConnectionMayFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			kind   MoveKind
			next   string        // server
			late   time.Duration // of the old connection's last frame, behind the next one's first
			missed uint32
			gap    time.Duration
		}{
			{Handoff, "gs-1", changeover - time.Millisecond, 0, 0},
			{Handoff, "gs-1", changeover + time.Millisecond, 1, time.Second + changeover},
			{Reconnect, "gs-0", detourChangeover - time.Millisecond, 0, 0},
			{Reconnect, "gs-0", detourChangeover + time.Millisecond, 1, time.Second + detourChangeover},
		} {
			moves := make(chan Move, 1)
			var config Config
			config.Events.Moved = func(_ *Client, m Move) { moves <- m }
			playAt(t, func(p *peer, r *room) {
				p.enter(r, 0)
				last := r.tick()
				p.send(proto.Prepare{Moved: proto.Moved{URL: "ws://b/", Server: c.next, WithinMs: 9000}}.Append(nil))
				time.Sleep(time.Second + c.late)
				if c.missed == 0 {
					p.send(last)
					p.send(proto.Moved{URL: "ws://b/"}.Append(nil))
				}
				p.wait()
			}, func(p *peer, r *room) {
				p.hello()
				time.Sleep(time.Second)
				if c.kind == Handoff {
					r.epoch = r.epoch.Next(c.next)
				}
				r.step()
				p.send(r.welcome(proto.WelcomeResumed))
				p.wait()
			}, config, func(*running) {
				m := <-moves
				if m.Kind != c.kind || !m.Prepared || m.MissedTicks != c.missed || m.Gap != c.gap {
					t.Errorf("%v late: move %+v", c.late, m)
				}
			})
		}
	})
}

// playPast plays at host a, which ends the connection as end says. Host b is where the client goes first: it takes the connection
// and falls silent. Host c leads the room. It returns the move. It must run in a bubble.
func playPast(t *testing.T, b func(p *peer), end func(p *peer)) Move {
	t.Helper()
	r := newRoom(t)
	r.fallbacks = []string{"ws://b/", "ws://c/"}
	s := &bubble{t: t, scripts: map[string]func(p *peer){"a:80": func(p *peer) {
		p.enter(r, 0)
		p.ticks(r, time.Second)
		end(p)
	}, "c:80": func(p *peer) {
		r.epoch = r.epoch.Next("gs-2")
		p.enter(r, proto.WelcomeResumed)
		p.wait()
	}, "b:80": b}}
	moves := make(chan Move, 1)
	c := Config{URL: "ws://a/", Ticket: "t", Events: Events{Moved: func(_ *Client, m Move) { moves <- m }}}
	c.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		if b != nil || addr != "b:80" {
			return s.dial(ctx, addr)
		}
		client, server := net.Pipe()
		s.done.Go(func() { _, _ = io.Copy(io.Discard, server) })
		return client, nil
	}
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Run(t.Context()) }()
	m := <-moves
	client.Close()
	<-ended
	s.done.Wait()
	return m
}

// The process of a fallback is paused: its kernel takes the connection, and nothing answers the upgrade.
func TestAPausedFallbackIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if m := playPast(t, nil, (*peer).cut); m.Gap < upgradeTimeout || m.Gap > serverSilence+time.Second/2 {
			t.Errorf("move %+v", m)
		}
	})
}

// The server to which the room moves is paused when the client is sent there, or when the old one is lost.
func TestAPausedTargetIsLeft(t *testing.T) {
	for name, end := range map[string]func(p *peer, to proto.Moved){
		"moved": func(p *peer, to proto.Moved) { p.send(to.Append(nil)) },
		"lost":  func(p *peer, _ proto.Moved) { p.cut() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := proto.Moved{URL: "ws://b/", Server: "gs-1"}
				m := playPast(t, func(p *peer) {
					p.hello()
					p.wait()
				}, func(p *peer) {
					p.send(proto.Prepare{Moved: to}.Append(nil))
					time.Sleep(time.Second / 10)
					end(p, to)
				})
				if m.Gap < serverSilence || m.Gap > serverSilence+time.Second/2 {
					t.Errorf("move %+v", m)
				}
			})
		})
	}
}
