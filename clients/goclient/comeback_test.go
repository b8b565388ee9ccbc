package goclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func TestALostConnectionResumesAndSendsInputsAgain(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		if first, samples := p.inputs(r); first != 1 || len(samples) != 3 {
			t.Errorf("%d inputs from %d, want 3 from 1", len(samples), first)
		}
		r.processed = 1
		p.send(r.tick())
		p.record(proto.KindCustom) // the frame has arrived
		p.cut()
	})
	s.script(func(p *peer) {
		h := p.hello()
		if string(h.Resume) != "token-of-gs-0" || h.LastTick != 101 || h.Epoch != r.epoch || h.Ticket == "" {
			t.Errorf("the second hello is %+v", h)
		}
		r.step()
		r.processed = 2
		p.send(r.welcome(proto.WelcomeResumed))
		if first, samples := p.inputs(r); first != 3 || !slices.Equal(samples, []sample{{Move: 3}}) {
			t.Errorf("inputs from %d: %v, want from 3: 3", first, samples)
		}
		if first, samples := p.inputs(r); first != 4 || !slices.Equal(samples, []sample{{Move: 4}}) {
			t.Errorf("inputs from %d: %v, want from 4: 4", first, samples)
		}
		r.processed = 4
		p.send(r.tick())
		p.wait()
	})
	var in *Inputs[sample]
	lost := make(chan error, 1)
	acked := make(chan proto.Seq, 10)
	entered := 0
	c := s.config()
	c.Events = Events{
		Entered: func(c *Client) {
			if entered++; entered == 1 {
				in.Add(sample{Move: 1})
				in.Add(sample{Move: 2})
				in.Send(sample{Move: 3})
				return
			}
			in.Send(sample{Move: 4})
		},
		Frame:     func(c *Client) { c.SendCustom([]byte("seen")) },
		Lost:      func(_ *Client, err error) { lost <- err },
		Acked:     func(_ *Client, seq proto.Seq, _ time.Duration) { acked <- seq },
		Violation: func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) },
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, r) })
	if err := get(t, lost, "loss"); !errors.Is(err, errLost) {
		t.Errorf("lost for %v", err)
	}
	for _, want := range []proto.Seq{1, 3, 4} { // 2 was acknowledged by the welcome
		if got := get(t, acked, "acknowledgement"); got != want {
			t.Errorf("%d is acknowledged, want %d", got, want)
		}
	}
	run.Close()
	if err := run.wait(); err != nil {
		t.Error(err)
	}
	if st := run.Stats(); st.Reconnects != 1 || st.Moves != 0 {
		t.Errorf("stats are %+v", st)
	}
}

// A new leader may know two ticks less than the last one: samples that were acknowledged are sent again.
func TestAFailoverSendsAcknowledgedInputsAgain(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.inputs(r)
		r.processed = 3
		p.send(r.tick())
		p.record(proto.KindCustom)
		p.cut()
	})
	s.script(func(p *peer) {
		p.hello()
		r.processed, r.epoch = 1, r.epoch.Next("gs-1")
		p.send(r.welcome(proto.WelcomeResumed))
		if first, samples := p.inputs(r); first != 2 || !slices.Equal(samples, []sample{{Move: 2}, {Move: 3}}) {
			t.Errorf("inputs from %d: %v, want from 2: 2 3", first, samples)
		}
		p.refuse(proto.Error{Code: proto.CloseEnded})
		p.wait()
	})
	var in *Inputs[sample]
	c := s.config()
	c.Events.Frame = func(c *Client) { c.SendCustom(nil) }
	c.Events.Violation = func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) }
	run := dial(t, c, func(c *Client) {
		in = mustInputs(t, c, r)
		in.Add(sample{Move: 1})
		in.Add(sample{Move: 2})
		in.Send(sample{Move: 3})
	})
	var closed *CloseError
	if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
		t.Errorf("Run returned %v", err)
	}
}

// A seat that is not held any more is a new one: numbers begin anew and old samples are not for it.
func TestANewSeatBeginsItsNumbersAnew(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) {
		p.enter(r, 0)
		p.inputs(r)
		p.cut()
	})
	s.script(func(p *peer) {
		p.hello()
		p.send(r.welcome(0))
		if first, samples := p.inputs(r); first != 1 || !slices.Equal(samples, []sample{{Move: 9}}) {
			t.Errorf("inputs from %d: %v, want from 1: 9", first, samples)
		}
		p.refuse(proto.Error{Code: proto.CloseReplaced})
		p.wait()
	})
	var in *Inputs[sample]
	c := s.config()
	second := false
	c.Events.Entered = func(c *Client) {
		if second {
			in.Send(sample{Move: 9})
			return
		}
		second = true
		in.Add(sample{Move: 7})
		in.Send(sample{Move: 8})
	}
	run := dial(t, c, func(c *Client) { in = mustInputs(t, c, r) })
	var closed *CloseError
	if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseReplaced {
		t.Errorf("Run returned %v", err)
	}
}

func TestAMovedMessageIsFollowed(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	a.script(func(p *peer) {
		p.enter(r, 0)
		p.send(r.tick())
		p.send(proto.Moved{URL: b.wsURL(), Server: "gs-1", Ticket: "their-ticket", WithinMs: 2000}.Append(nil))
		p.wait() // the client goes at once
	})
	b.script(func(p *peer) {
		h := p.hello()
		if string(h.Resume) != "token-of-gs-0" || h.Ticket != "their-ticket" || h.LastTick != 101 {
			t.Errorf("the hello at the next server is %+v", h)
		}
		r.epoch = r.epoch.Next("gs-1")
		p.send(r.welcome(proto.WelcomeResumed))
		p.wait()
	})
	frames := make(chan string, 10)
	c := a.config()
	c.Events.Frame = func(c *Client) { frames <- c.Welcome().Server }
	c.Events.Violation = func(_ *Client, v Violation, detail string) { t.Errorf("violation %s: %s", v, detail) }
	run := dial(t, c, nil)
	for _, want := range []string{"gs-0", "gs-1"} {
		if got := get(t, frames, "frame"); got != want {
			t.Errorf("frame from %s, want %s", got, want)
		}
	}
	run.Close()
	run.wait()
	if st := run.Stats(); st.Moves != 1 || st.Reconnects != 0 {
		t.Errorf("stats are %+v", st)
	}
}

func TestDialFollowsRedirectsAndMoved(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPost {
			a.admit(w, "http://"+q.Host) // as a router that is not in proxy mode but is asked to upgrade
			return
		}
		http.Redirect(w, q, a.URL+q.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	a.script(func(p *peer) {
		if p.path != "/v1/rooms/r-1/connect" {
			t.Errorf("the redirect led to %s", p.path)
		}
		p.hello()
		p.send(proto.Moved{URL: b.wsURL(), Server: "gs-1"}.Append(nil))
		p.ws.WriteClose(uint16(proto.CloseMoved), nil)
	})
	b.script(func(p *peer) {
		if h := p.enter(r, 0); h.Ticket == "" {
			t.Error("the ticket was not taken along")
		}
		p.wait()
	})
	c := a.config()
	c.Router = front.URL
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

func TestEndlessRedirectsEnd(t *testing.T) {
	var front *httptest.Server
	front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, front.URL+q.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	c := Config{URL: "ws" + strings.TrimPrefix(front.URL, "http") + "/x", Ticket: "t"}
	if _, err := Dial(t.Context(), c); err == nil || !strings.Contains(err.Error(), "more than 8 redirects") {
		t.Errorf("Dial: %v", err)
	}
}

// The server is gone for good: the client tries it, then the fallback that the welcome named.
func TestAFallbackTakesOver(t *testing.T) {
	a, b, r := newServer(t), newServer(t), newRoom(t)
	r.fallbacks = []string{b.wsURL()}
	a.script(func(p *peer) { p.enter(r, 0) }) // and cut; afterwards it answers 503
	b.script(func(p *peer) {
		if h := p.hello(); string(h.Resume) != "token-of-gs-0" {
			t.Errorf("the hello at the fallback is %+v", h)
		}
		r.epoch = r.epoch.Next("gs-1")
		p.send(r.welcome(proto.WelcomeResumed))
		p.refuse(proto.Error{Code: proto.CloseEnded})
		p.wait()
	})
	run := dial(t, a.config(), nil)
	var closed *CloseError
	if err := run.wait(); !errors.As(err, &closed) || closed.Code != proto.CloseEnded {
		t.Errorf("Run returned %v", err)
	}
}

// A wrong resume token: the client asks the router for a new ticket and leaves the token behind.
func TestALostSeatNeedsANewTicket(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	asked := 0
	s.router = func(w http.ResponseWriter, q *http.Request) {
		asked++
		s.admit(w, s.URL)
	}
	s.script(func(p *peer) { p.enter(r, 0) })
	s.script(func(p *peer) {
		if h := p.hello(); h.Resume == nil {
			t.Error("the second hello has no token")
		}
		p.refuse(proto.Error{Code: proto.CloseSeat})
		p.wait()
	})
	s.script(func(p *peer) {
		if h := p.enter(r, 0); h.Resume != nil {
			t.Errorf("the third hello has the token %q", h.Resume)
		}
		p.refuse(proto.Error{Code: proto.CloseEnded, Text: "over"})
		p.wait()
	})
	run := dial(t, s.config(), nil)
	if err := run.wait(); err == nil || !strings.Contains(err.Error(), "server closed with 4012 ended: over") {
		t.Errorf("Run returned %v", err)
	}
	if asked != 2 {
		t.Errorf("the router was asked %d times, want 2", asked)
	}
}

func TestGivingUp(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) { p.enter(r, 0) }) // later connections get 503
	c := s.config()
	c.GiveUp = 100 * time.Millisecond
	run := dial(t, c, nil)
	var problem *Problem
	if err := run.wait(); !errors.Is(err, ErrGaveUp) || !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("Run returned %v, want ErrGaveUp and why", err)
	}
}

func TestCloseWhileComingBack(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	s.script(func(p *peer) { p.enter(r, 0) })
	back := make(chan bool, 1)
	s.script(func(p *peer) {
		p.hello()
		back <- true
		p.wait() // never answers
	})
	run := dial(t, s.config(), nil)
	get(t, back, "second connection")
	run.Close()
	if err := run.wait(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.script(func(p *peer) {
		p.hello()
		cancel()
		p.wait()
	})
	if _, err := Dial(ctx, s.config()); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v, want context.Canceled", err)
	}
}
