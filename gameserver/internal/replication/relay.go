package replication

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
)

// relayCode says why a relay has no answer of its target.
type relayCode uint8

const (
	relayUntried relayCode = iota // it has not tried; see the text
	relayGone
	relayRefusedDial
	relayTimeout
	relayBroken
	relayIncompatible
	relayCodes
)

// relayErrors are what the codes from relayGone on mean.
var relayErrors = [relayCodes]error{relayGone: ErrGone, relayRefusedDial: ErrRefusedDial, relayTimeout: ErrTimeout,
	relayBroken: ErrBroken, relayIncompatible: ErrIncompatible}

// codeOf sorts an error of a query that was forwarded.
func codeOf(err error) relayCode {
	for code, known := range relayErrors {
		if known != nil && errors.Is(err, known) {
			return relayCode(code)
		}
	}
	return relayUntried
}

// err is what m tells the asker.
func (m unanswered) err() error {
	if m.Code == relayUntried {
		return fmt.Errorf("%w: %s", ErrRelay, m.Text)
	}
	return fmt.Errorf("%w: %w: %s", ErrUnreachable, relayErrors[m.Code], m.Text)
}

// QueryThrough asks the server via, at host:port viaAddr, to forward a query to target over its own link, and returns
// target's answer. The asker that target sees is this server. Beside the errors of Query, which concern via, it returns
// ErrUnreachable and ErrRelay. It blocks and retries as Query does.
func (l *Links) QueryThrough(ctx context.Context, via, viaAddr, target string, q ownership.Query) (ownership.Answer, error) {
	a, err := l.ask(ctx, via, viaAddr, func(id uint64) []byte {
		return encode(kindRelay, &relay{id, target, forwardWait(ctx), q})
	})
	if err != nil {
		return a, fmt.Errorf("query %s about room %s through %s at %s: %w", target, q.Room, via, viaAddr, err)
	}
	return a, nil
}

// forwardWait is how long a relay may take for an asker whose time ends with ctx: a quarter of it is left for the way to the
// relay and back, so that the asker hears which of the two servers is silent.
func forwardWait(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return forwardTimeout
	}
	return min(time.Until(end)*3/4, forwardTimeout)
}

// forwardTo forwards queries to the addresses that lookup gives. At most maxForwards are on their way; each has a goroutine of
// its own, which ends after forwardTimeout at the latest.
func (l *Links) forwardTo(lookup func(server string) (addr string, ok bool)) func(*acceptor, relay) {
	return func(a *acceptor, m relay) {
		select {
		case l.forwards <- struct{}{}:
		default:
			a.say(encode(kindUnanswered, &unanswered{m.ID, relayUntried, fmt.Sprintf("%d queries are being forwarded already", maxForwards)}))
			return
		}
		if !l.start(func() {
			defer func() { <-l.forwards }()
			a.say(l.forward(a.from, m, lookup))
		}) {
			<-l.forwards // the links stop, and the asker hears that the link has ended
		}
	}
}

// forward asks m's target for asker and returns the record that answers m.
func (l *Links) forward(asker string, m relay, lookup func(server string) (addr string, ok bool)) []byte {
	addr, ok := lookup(m.Target)
	if !ok {
		return encode(kindUnanswered, &unanswered{m.ID, relayUntried, fmt.Sprintf("it knows no address of %s", m.Target)})
	}
	ctx, cancel := context.WithTimeout(l.ctx, m.Wait)
	defer cancel()
	got, err := l.ask(ctx, m.Target, addr, func(id uint64) []byte { return encode(kindForwarded, &forwarded{id, asker, m.Query}) })
	if err != nil {
		return encode(kindUnanswered, &unanswered{m.ID, codeOf(err), err.Error()})
	}
	return encode(kindAnswer, &answer{m.ID, got})
}
