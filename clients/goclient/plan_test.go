package goclient

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

var (
	here = place{url: "ws://here"}
	next = place{url: "ws://next"}
	last = place{url: "ws://last"}
	away = place{url: "ws://away", ticket: "theirs"}
)

func TestWhereToGoAfterAClose(t *testing.T) {
	moved := &proto.Moved{URL: away.url, Ticket: away.ticket}
	lost := []place{next, last, here, router, next, last}
	round := []place{here, next, last, router, here, next}
	first := func(p place) []place { return append([]place{p}, round...) }
	for _, c := range []struct {
		err     error
		proxied bool
		want    []place // where it goes when every attempt is lost; nil: nowhere
		forget  bool
	}{
		{errLost, false, lost, false},
		{errLost, true, round, false},
		{&CloseError{Code: proto.CloseSlow}, false, round, false},
		{&CloseError{Code: proto.CloseSilent}, false, round, false},
		{&CloseError{Code: proto.CloseMoved, Moved: moved}, false, first(away), false},
		{&CloseError{Code: proto.CloseMoved}, false, first(router), false},
		{&CloseError{Code: proto.CloseStopping}, false, first(router), false},
		{&CloseError{Code: proto.CloseInternal}, false, first(router), false},
		{&CloseError{Code: proto.CloseTicket}, false, first(router), true},
		{&CloseError{Code: proto.CloseSeat}, false, first(router), true},
		{&CloseError{Code: proto.CloseEnded}, false, nil, false},
		{&CloseError{Code: proto.CloseLost}, false, nil, false},
		{&CloseError{Code: proto.CloseOver}, false, nil, false},
		{&CloseError{Code: 4999}, false, nil, false},
		{&Problem{Status: http.StatusServiceUnavailable}, false, round, false},
		{&Problem{Status: http.StatusTooManyRequests}, false, round, false},
		{&Problem{Status: http.StatusForbidden}, false, nil, false},
		{&Problem{Status: http.StatusForbidden, Foreign: true}, false, lost, false},
		{ErrSchema, false, nil, false},
	} {
		p := firstPlan()
		p.entered(here.url, []string{next.url, last.url}, c.proxied)
		forget, goOn := p.ended(c.err, time.Second)
		if forget != c.forget || goOn != (c.want != nil) {
			t.Errorf("%v: forget %v, go on %v", c.err, forget, goOn)
		}
		var got []place
		for range c.want {
			to, _ := p.next()
			got = append(got, to)
			p.ended(errLost, 0)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: goes to %v, want %v", c.err, got, c.want)
		}
	}
}

func TestAPreferredPlaceIsTriedAtOnce(t *testing.T) {
	p := firstPlan()
	p.entered(here.url, []string{next.url}, false)
	p.ended(&CloseError{Code: proto.CloseStopping, Retry: time.Minute}, time.Second)
	p.prefer(away)
	if to, wait := p.next(); to != away || wait != 0 {
		t.Errorf("it goes to %v after %v", to, wait)
	}
	if to, _ := p.next(); to != router {
		t.Errorf("then it goes to %v", to)
	}
}

// After a loss, and after each wait, every place is tried once without another wait: a player whose room is lost may have only one place
// that says so. The waits are drawn from a doubling range.
func TestWaits(t *testing.T) {
	p := firstPlan()
	if _, wait := p.next(); wait != 0 {
		t.Errorf("the very first attempt waits %v", wait)
	}
	p.entered(here.url, []string{next.url}, false)
	const places = 3
	longest := time.Duration(0)
	for attempt := range 1000 * places {
		p.ended(errLost, 0)
		_, wait := p.next()
		limit := time.Duration(1)
		if waits := attempt/places - 1; waits >= 0 && attempt%places == 0 {
			limit = min(maxBackoff, backoff<<min(waits, 20))
		}
		if wait < 0 || wait >= limit {
			t.Errorf("attempt %d waits %v, the limit is %v", attempt, wait, limit)
		}
		longest = max(longest, wait)
	}
	if longest < maxBackoff*9/10 {
		t.Errorf("the longest of 1000 waits is %v, the limit %v", longest, maxBackoff)
	}
	p.entered(here.url, nil, false)
	p.ended(errLost, stable)
	if _, wait := p.next(); wait != 0 {
		t.Errorf("after a stable connection it waits %v", wait)
	}
	for range 10 { // each answer costs a wait
		p.ended(&CloseError{Code: proto.CloseOverloaded}, 0)
		if _, wait := p.next(); wait == 0 {
			t.Error("after a close of the server it does not wait")
		}
		if p.ended(errLost, 0); p.wait != 0 {
			t.Errorf("it waits %v though another place may answer", p.wait)
		}
	}
	moves := 0
	for ; p.wait == 0 && moves < 1000; moves++ { // servers send it to one that is gone
		if p.ended(&CloseError{Code: proto.CloseMoved, Moved: &proto.Moved{URL: away.url}}, 0); p.wait == 0 {
			p.ended(errLost, 0)
		}
	}
	if moves > places {
		t.Errorf("it was sent to a server that is gone %d times before it waits", moves)
	}
	longest = 0
	for range 100 {
		p.ended(&CloseError{Code: proto.CloseInternal}, stable)
		_, wait := p.next()
		longest = max(longest, wait)
	}
	if longest < backoff/2 || longest >= backoff {
		t.Errorf("after a close of the server it waits %v at most, the limit is %v", longest, backoff)
	}
	p.ended(&CloseError{Code: proto.CloseOverloaded, Retry: time.Minute}, stable)
	if _, wait := p.next(); wait != time.Minute {
		t.Errorf("it waits %v where the server says 1m", wait)
	}
	p.ended(&Problem{Status: http.StatusServiceUnavailable, Retry: time.Minute}, stable)
	if _, wait := p.next(); wait != time.Minute {
		t.Errorf("it waits %v where the router says 1m", wait)
	}
	p.ended(&CloseError{Code: proto.CloseMoved, Moved: &proto.Moved{URL: away.url}}, 0)
	if to, wait := p.next(); wait != 0 || to.url != away.url {
		t.Errorf("it waits %v before it follows to %v", wait, to)
	}
}

func TestMovedInCirclesEndsAtTheRouter(t *testing.T) {
	p := firstPlan()
	p.entered(here.url, nil, false)
	var moved error = &CloseError{Code: proto.CloseMoved, Moved: &proto.Moved{URL: away.url}}
	hops := 0
	for ; hops < 100; hops++ {
		p.ended(moved, 0)
		if to, _ := p.next(); to == router {
			break
		}
	}
	if hops != maxHops {
		t.Errorf("%d hops were followed, want %d", hops, maxHops)
	}
	p.ended(moved, 0)
	if to, _ := p.next(); to.url != away.url {
		t.Errorf("after the router it goes to %v, want to follow again", to)
	}
	if errors.Is(moved, errLost) {
		t.Error("moved counts as lost")
	}
}
